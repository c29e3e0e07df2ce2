// Text from people only ever goes through textContent, so nothing here has to be escaped.

const PREVIEW_DELAY_MS = 120
const AGES_EVERY_MS = 30000
const NEAR_THE_END = "600px"
// Shapes that fill a 16:9 box with little loss; all others are shown whole on a blurred backdrop.
const WIDE_ENOUGH = 1.45
const TOO_WIDE = 2.1

const grids = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = grids.get(parentElement) ?? set_up(parentElement)
  grid.open = (id) => {
    stop_preview(grid)
    setTriggerValue("open", id)
  }
  grid.more = () => {
    if (grid.asked_at === grid.count) return
    grid.asked_at = grid.count
    setTriggerValue("more", grid.count)
  }
  show(grid, data)
  give_focus_back(grid, data.opened)
  return () => tear_down(grid)
}

function set_up(root) {
  const grid = {
    root,
    list: root.querySelector(".grid"),
    tail: root.querySelector(".tail"),
    cards: new Map(),
    signatures: new Map(),
    count: 0,
    asked_at: -1,
    ids: "",
    opened: null,
    playing: null,
    timer: null,
  }
  grid.ages = setInterval(() => update_ages(grid), AGES_EVERY_MS)
  grid.end = new IntersectionObserver(
    (entries) => entries.some((entry) => entry.isIntersecting) && grid.more(),
    { rootMargin: NEAR_THE_END },
  )
  grid.list.onkeydown = (event) => move_focus(grid, event)
  grids.set(root, grid)
  return grid
}

function tear_down(grid) {
  stop_preview(grid)
  clearInterval(grid.ages)
  grid.end.disconnect()
  grid.list.replaceChildren()
  grids.delete(grid.root)
}

function show(grid, { items, has_more }) {
  const first_time = grid.cards.size === 0
  const wanted = new Set(items.map((item) => item.id))
  for (const [id, card] of grid.cards) {
    if (!wanted.has(id)) forget(grid, id, card)
  }
  items.forEach((item, index) => {
    const card = card_for(grid, item, first_time)
    const there = grid.list.children[index]
    if (there !== card.parentElement) grid.list.insertBefore(card.parentElement, there ?? null)
  })
  grid.count = items.length
  const ids = items.map((item) => item.id).join()
  if (grid.ids !== ids) grid.asked_at = -1
  grid.ids = ids
  show_tail(grid, has_more)
  update_ages(grid)
}

// The lightbox can't do it: the card is out of its sight, inside our shadow root.
function give_focus_back(grid, opened) {
  const closed = opened ? null : grid.cards.get(grid.opened)
  grid.opened = opened
  if (!closed) return
  closed.focus({ preventScroll: true })
  closed.scrollIntoView({ block: "nearest" })
}

function forget(grid, id, card) {
  if (grid.playing?.card === card) stop_preview(grid)
  card.parentElement.remove()
  grid.cards.delete(id)
  grid.signatures.delete(id)
}

function card_for(grid, item, first_time) {
  let card = grid.cards.get(item.id)
  if (!card) {
    card = new_card(grid, item)
    if (!first_time) card.classList.add("arrived")
    grid.cards.set(item.id, card)
  }
  const signature = JSON.stringify(item)
  if (grid.signatures.get(item.id) !== signature) {
    grid.signatures.set(item.id, signature)
    fill(card, item)
  }
  return card
}

function element(name, className, parent) {
  const made = document.createElement(name)
  made.className = className
  parent?.append(made)
  return made
}

function new_card(grid, item) {
  const cell = element("div", "cell", null)
  cell.setAttribute("role", "listitem")
  const card = element("button", "card", cell)
  card.type = "button"
  const frame = element("span", "frame", card)
  element("span", "nothing", frame).textContent = "No picture"
  element("span", "chip duration", frame)
  const words = element("span", "words", card)
  element("span", "title", words)
  element("span", "by", words)
  card.onclick = () => grid.open(item.id)
  card.onpointerenter = (event) => event.pointerType === "mouse" && plan_preview(grid, card)
  card.onpointerleave = () => stop_preview(grid)
  return card
}

function fill(card, item) {
  card.item = item
  const length = clock(item.duration_s)
  card.setAttribute("aria-label", `${item.title}, by ${item.person}, ${length}`)
  card.querySelector(".title").textContent = item.title
  card.querySelector(".title").title = item.title
  card.querySelector(".duration").textContent = length
  show_poster(card.querySelector(".frame"), item)
  show_processing(card.querySelector(".frame"), item.processing)
}

function show_poster(frame, item) {
  const letterboxed = item.ratio < WIDE_ENOUGH || item.ratio > TOO_WIDE
  frame.classList.toggle("letterboxed", letterboxed)
  frame.classList.toggle("missing", !item.poster)
  if (!item.poster || frame.poster === item.poster) return
  frame.poster = item.poster
  frame.querySelectorAll("img").forEach((image) => image.remove())
  if (letterboxed) frame.prepend(picture("backdrop", item.poster))
  const poster = picture("poster", item.poster)
  poster.onload = () => frame.classList.add("loaded")
  poster.onerror = () => frame.classList.add("missing")
  frame.insertBefore(poster, frame.querySelector(".nothing"))
}

function picture(className, address) {
  const image = element("img", className, null)
  image.loading = "lazy"
  image.decoding = "async"
  image.alt = ""
  image.src = address
  return image
}

function show_processing(frame, processing) {
  const chip = frame.querySelector(".processing")
  if (!processing) return chip?.remove()
  if (chip) return
  const made = element("span", "chip processing", frame)
  made.textContent = "Processing"
  made.title = "It plays already; smaller sizes are still being made."
}

function plan_preview(grid, card) {
  stop_preview(grid)
  if (!card.item.preview || matchMedia("(prefers-reduced-motion: reduce)").matches) return
  grid.timer = setTimeout(() => start_preview(grid, card), PREVIEW_DELAY_MS)
}

function start_preview(grid, card) {
  const frame = card.querySelector(".frame")
  const video = element("video", "preview", null)
  Object.assign(video, { muted: true, loop: true, playsInline: true, autoplay: true })
  video.disableRemotePlayback = true
  video.onerror = () => stop_preview(grid)
  video.src = card.item.preview
  frame.insertBefore(video, frame.querySelector(".chip"))
  grid.playing = { card, video }
}

function stop_preview(grid) {
  clearTimeout(grid.timer)
  if (!grid.playing) return
  const { video } = grid.playing
  grid.playing = null
  video.onerror = null
  video.pause()
  // Without these two the browser goes on fetching a video that nobody sees.
  video.removeAttribute("src")
  video.load()
  video.remove()
}

function show_tail(grid, has_more) {
  grid.end.disconnect()
  if (!has_more) return grid.tail.replaceChildren()
  const button = grid.tail.querySelector("button") ?? element("button", "more", grid.tail)
  button.type = "button"
  button.textContent = "Show more"
  button.onclick = () => grid.more()
  grid.end.observe(grid.tail)
}

function move_focus(grid, event) {
  const cards = [...grid.list.querySelectorAll(".card")]
  const at = cards.indexOf(grid.root.activeElement ?? document.activeElement)
  if (at < 0) return
  const columns = getComputedStyle(grid.list).gridTemplateColumns.split(" ").length
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }
  const ends = { Home: 0, End: cards.length - 1 }
  const to = event.key in ends ? ends[event.key] : at + (steps[event.key] ?? NaN)
  if (!cards[to]) return
  event.preventDefault()
  cards[to].focus()
  cards[to].scrollIntoView({ block: "nearest" })
}

function update_ages(grid) {
  for (const card of grid.cards.values()) {
    const by = card.querySelector(".by")
    const words = `${card.item.person} · ${age(card.item.at)}`
    if (by.textContent !== words) by.textContent = words
    by.title = new Date(card.item.at).toLocaleString("en-GB")
  }
}

function age(iso) {
  const at = new Date(iso)
  const seconds = Math.max(0, (Date.now() - at) / 1000)
  if (seconds < 60) return "just now"
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`
  const days = Math.floor(seconds / 86400)
  if (days < 7) return days === 1 ? "yesterday" : `${days} days ago`
  const this_year = at.getFullYear() === new Date().getFullYear()
  const parts = { day: "numeric", month: "short", ...(this_year ? {} : { year: "numeric" }) }
  return at.toLocaleDateString("en-GB", parts)
}

function clock(seconds) {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}
