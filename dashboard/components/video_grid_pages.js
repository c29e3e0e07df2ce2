// Pages behind the first one, and cards that are looked at again.

const NEAR_THE_END = "1400px"
const PENDING_EVERY_MS = 5000
const AT_ONCE = 100

async function ask(address, query) {
  const answer = await fetch(`${address}?${query}`, { headers: { accept: "application/json" } })
  if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status })
  return answer.json()
}

async function load_more(grid) {
  if (!grid.next || grid.loading || grid.trouble || grid.stopped) return
  const { key, next, epoch } = grid
  grid.loading = true
  show_tail(grid)
  try {
    const query = new URLSearchParams(key)
    query.set("after", next)
    const page = await ask(`${grid.data.address}/cards`, query)
    if (grid.key === key && grid.next === next && !grid.stopped) append(grid, page, epoch)
  } catch (problem) {
    if (grid.key === key) lose(grid, problem)
  }
  grid.loading = false
  if (grid.stopped) return
  lay_out(grid)
  watch_the_end(grid)
}

function append(grid, page, epoch) {
  const fresh = page.entries.filter((one) => !grid.by_id.has(one.id))
  mark_read(fresh, epoch)
  grid.entries = [...grid.entries, ...fresh]
  grid.next = page.next
  Object.assign(grid.counts, page.counts)
}

// A video that is deleted for good is no place to go on from; the one before it is.
function lose(grid, problem) {
  const cards = grid.entries.filter((one) => one.kind === "card")
  const at = cards.findIndex((one) => one.id === grid.next)
  if (problem.status === 404 && at > 0) grid.next = cards[at - 1].id
  else grid.trouble = true
}

// An observer only tells of changes: after a page that was too short the end is still in sight.
function watch_the_end(grid) {
  grid.end.disconnect()
  if (grid.next && !grid.trouble) grid.end.observe(grid.tail)
}

function show_tail(grid) {
  grid.list.setAttribute("aria-busy", String(grid.loading))
  if (!grid.trouble) return grid.tail.replaceChildren()
  const words = element("span", "", null)
  words.textContent = "More videos can't be loaded right now."
  const button = element("button", "plain", null)
  button.type = "button"
  button.textContent = "Try again"
  button.onclick = () => {
    grid.trouble = false
    load_more(grid)
  }
  grid.tail.replaceChildren(words, button)
}

// Cards in sight that were read before something was changed are read again.
function look_again(grid) {
  const old = drawn_cards(grid).filter((one) => one.epoch !== grid.epoch)
  if (old.length) read_again(grid, old)
}

function look_at_pending(grid) {
  if (document.hidden || !grid.data) return
  const pending = drawn_cards(grid).filter((one) => one.processing)
  if (pending.length) read_again(grid, pending)
}

async function read_again(grid, cards) {
  if (grid.reading) return
  const { key, epoch } = grid
  const asked = cards.slice(0, AT_ONCE)
  const query = new URLSearchParams(key)
  asked.forEach((one) => query.append("id", one.id))
  grid.reading = true
  try {
    const { entries } = await ask(`${grid.data.address}/again`, query)
    if (grid.key === key && !grid.stopped) replace(grid, asked, entries, epoch)
  } catch {
    // What is shown stays; the next look tries again.
    asked.forEach((one) => (one.epoch = epoch))
  }
  grid.reading = false
}

function replace(grid, asked, entries, epoch) {
  mark_read(entries, epoch)
  const now = new Map(entries.map((one) => [one.id, one]))
  const gone = new Set(asked.filter((one) => !now.has(one.id)).map((one) => one.id))
  grid.entries = grid.entries.filter((one) => !gone.has(one.id)).map((one) => now.get(one.id) ?? one)
  lay_out(grid)
}
