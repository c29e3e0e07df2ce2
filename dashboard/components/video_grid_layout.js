// Where every card stands, and which of them are in the page: only those near the screen. Ten
// thousand cards that were scrolled past are ten thousand small records and sixty elements.

const NARROWEST = 244
const MOST_COLUMNS = 6
const PHONE = 640
const HEAD_HEIGHT = 54
const OVERSCAN = 700

function measures(grid) {
  const width = grid.list.clientWidth
  const phone = width <= PHONE
  const [gap, below] = phone ? [12, 18] : [18, 24]
  const fitting = Math.floor((width + gap) / (NARROWEST + gap))
  const columns = phone ? (width > 300 ? 2 : 1) : Math.min(MOST_COLUMNS, Math.max(2, fitting))
  const across = (width - gap * (columns - 1)) / columns
  const words = phone ? 50 : 56
  return { width, columns, across, gap, height: Math.round((across * 9) / 16) + words + below }
}

function lay_out(grid) {
  if (grid.stopped) return
  const box = measures(grid)
  if (!box.width) return
  grid.box = box
  grid.by_id = new Map(grid.entries.map((one) => [one.id, one]))
  grid.rows = rows_of(with_heads(grid, box.columns), box)
  grid.order = grid.rows.flatMap((row) => row.cards ?? [])
  const last = grid.rows.at(-1)
  grid.list.style.height = `${last ? last.top + last.height : 0}px`
  Object.assign(remembered, { key: grid.key, entries: grid.entries, next: grid.next, counts: grid.counts })
  show_tail(grid)
  watch_the_end(grid)
  draw(grid)
}

function with_heads(grid, columns) {
  const entries = grid.data.by_day ? with_days(grid) : [...grid.entries]
  const shown = grid.data.grouped ? first_of_groups(entries, columns) : entries
  const ghosts = grid.next ? columns * 2 : 0
  for (let n = 0; n < ghosts; n++) shown.push({ kind: "ghost", id: `ghost:${n}` })
  return shown
}

function with_days(grid) {
  const found = []
  let head = null
  for (const one of grid.entries) {
    if (head?.day !== one.day) {
      head = { kind: "head", id: `day:${one.day}`, day: one.day, title: day_words(one.day, grid.data.today), count: 0 }
      found.push(head)
    }
    head.count += 1
    found.push(one)
  }
  // The last day may go on behind what is loaded; the record has counted it.
  const counted = head && grid.next && grid.counts[head.day]
  if (counted) Object.assign(head, { count: Math.min(counted, 1000), and_more: counted > 1000 })
  return found
}

// One full row of each group (two of a narrow page).
function first_of_groups(entries, columns) {
  const most = columns < 3 ? columns * 2 : columns
  let here = 0
  return entries.filter((one) => {
    if (one.kind === "head") here = 0
    else here += 1
    return here <= most
  })
}

function rows_of(entries, box) {
  const rows = []
  let top = 0
  let open = null
  const close = () => {
    if (open) top += open.height
    open = null
  }
  for (const one of entries) {
    if (one.kind === "head") {
      close()
      rows.push({ top, height: HEAD_HEIGHT, head: one })
      top += HEAD_HEIGHT
      continue
    }
    if (!open || open.cards.length === box.columns) {
      close()
      open = { top, height: box.height, cards: [] }
      rows.push(open)
    }
    open.cards.push(one)
  }
  return rows
}

function request_draw(grid) {
  grid.frame ??= requestAnimationFrame(() => {
    grid.frame = null
    if (!grid.stopped) draw(grid)
  })
}

function draw(grid) {
  const above = grid.list.getBoundingClientRect().top
  const [from, to] = [-above - OVERSCAN, innerHeight - above + OVERSCAN]
  const wanted = new Map()
  for (let n = first_row(grid.rows, from); n < grid.rows.length && grid.rows[n].top < to; n++) {
    place_row(grid, grid.rows[n], wanted)
  }
  keep_focused(grid, wanted)
  for (const [id, made] of grid.shown) if (!wanted.has(id)) forget(grid, id, made)
  for (const [id, place] of wanted) put(grid, id, place)
  put_in_order(grid, wanted)
  look_again(grid)
}

function first_row(rows, from) {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle].top + rows[middle].height < from) low = middle + 1
    else high = middle
  }
  return low
}

function place_row(grid, row, wanted) {
  const { across, gap, width } = grid.box
  if (row.head) return wanted.set(row.head.id, { one: row.head, left: 0, top: row.top, width })
  row.cards.forEach((one, n) => {
    wanted.set(one.id, { one, left: n * (across + gap), top: row.top, width: across })
  })
}

// An element that leaves the page takes the keyboard's place with it.
function keep_focused(grid, wanted) {
  const focused = grid.root.activeElement?.closest?.(".cell")
  const id = focused?.entry?.id
  if (!id || wanted.has(id)) return
  const row = grid.rows.find((one) => one.cards?.some((card) => card.id === id))
  if (!row) return
  const found = new Map()
  place_row(grid, row, found)
  wanted.set(id, found.get(id))
}

function put(grid, id, { one, left, top, width }) {
  let cell = grid.shown.get(id)
  if (!cell) {
    cell = new_cell(grid, one)
    if (grid.arrived?.delete(id)) cell.classList.add("arrived")
    grid.shown.set(id, cell)
  }
  if (cell.entry !== one) fill(grid, cell, one)
  const place = `${left},${top},${width}`
  if (cell.place === place) return
  cell.place = place
  cell.style.cssText = `left:${left}px;top:${top}px;width:${width}px`
}

// The order of the elements is the order of the keyboard and of a screen reader.
function put_in_order(grid, wanted) {
  let at = grid.list.firstElementChild
  for (const id of wanted.keys()) {
    const cell = grid.shown.get(id)
    if (cell === at) at = at.nextElementSibling
    else grid.list.insertBefore(cell, at)
  }
}

function forget(grid, id, cell) {
  if (grid.playing?.cell === cell) stop_preview(grid)
  cell.remove()
  grid.shown.delete(id)
}

function drawn_cards(grid) {
  return [...grid.shown.keys()]
    .map((id) => grid.by_id.get(id))
    .filter((one) => one?.kind === "card")
}

function scroll_to(grid, id) {
  const row = grid.rows.find((one) => one.cards?.some((card) => card.id === id))
  if (!row) return
  const at = grid.list.getBoundingClientRect().top + row.top
  const by = at < 90 ? at - 90 : Math.max(0, at + row.height - innerHeight + 20)
  const box = grid.scroller === document ? document.scrollingElement : grid.scroller
  if (by) box.scrollTop += by
  draw(grid)
}
