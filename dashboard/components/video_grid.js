// The gallery's grid. Its parts, in one module: this file, then video_grid_pages.js,
// video_grid_layout.js, video_grid_cards.js, video_grid_choice.js (joined by video_grid.py).
// Text from people only ever goes through textContent, so nothing here has to be escaped.

const grids = new WeakMap()
// What was loaded and where it was scrolled to, for a visit that comes back from another page.
const remembered = { key: null, entries: [], next: null, counts: {} }

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = grids.get(parentElement) ?? set_up(parentElement)
  grid.tell = setTriggerValue
  take_data(grid, data)
  return () => tear_down(grid)
}

function set_up(root) {
  const grid = {
    root,
    list: root.querySelector(".list"),
    tail: root.querySelector(".tail"),
    said: root.querySelector(".said"),
    shown: new Map(),
    entries: [],
    by_id: new Map(),
    rows: [],
    counts: {},
    next: null,
    key: null,
    epoch: -1,
    selected: new Set(),
    told: -1,
    anchor: null,
    focus: null,
    opened: null,
    playing: null,
    loading: false,
    trouble: false,
  }
  grids.set(root, grid)
  grid.scroller = scroll_parent(root)
  grid.on_scroll = () => request_draw(grid)
  grid.scroller.addEventListener("scroll", grid.on_scroll, { passive: true })
  grid.resized = new ResizeObserver(() => lay_out(grid))
  grid.resized.observe(grid.list)
  grid.end = new IntersectionObserver(
    (seen) => seen.some((one) => one.isIntersecting) && load_more(grid),
    { rootMargin: NEAR_THE_END },
  )
  grid.list.onkeydown = (event) => take_key(grid, event)
  grid.on_escape = (event) => clear_by_escape(grid, event)
  document.addEventListener("keydown", grid.on_escape)
  grid.ages = setInterval(() => update_ages(grid), AGES_EVERY_MS)
  grid.pending = setInterval(() => look_at_pending(grid), PENDING_EVERY_MS)
  return grid
}

function tear_down(grid) {
  stop_preview(grid)
  clearInterval(grid.ages)
  clearInterval(grid.pending)
  clearTimeout(grid.tell_soon)
  grid.stopped = true
  grid.scroller.removeEventListener("scroll", grid.on_scroll)
  document.removeEventListener("keydown", grid.on_escape)
  grid.resized.disconnect()
  grid.end.disconnect()
  grid.list.replaceChildren()
  grids.delete(grid.root)
}

function scroll_parent(root) {
  let box = root.host ?? root
  while ((box = box.parentElement ?? box.getRootNode().host)) {
    if (/auto|scroll/.test(getComputedStyle(box).overflowY)) return box
  }
  return document
}

function take_data(grid, data) {
  const same_view = grid.key === data.view
  grid.data = data
  grid.key = data.view
  if (!same_view) begin_view(grid, data, JSON.parse(data.first))
  else if (grid.epoch !== data.epoch) take_first_page(grid, data, JSON.parse(data.first))
  grid.epoch = data.epoch
  take_selection(grid, data.selection)
  lay_out(grid)
  give_focus_back(grid, data.opened)
}

// A view is begun anew unless this visit left it a moment ago and its beginning is the same.
function begin_view(grid, data, first) {
  const newest = first.entries[0]
  const known = remembered.key === data.view && newest && remembered.entries[0]?.id === newest.id
  grid.entries = known ? remembered.entries : first.entries
  grid.next = known ? remembered.next : first.next
  grid.counts = { ...(known ? remembered.counts : {}), ...first.counts }
  grid.asked = null
  grid.focus = null
  grid.anchor = null
  grid.trouble = false
  grid.arrived = new Set()
  mark_read(grid.entries, known ? -1 : data.epoch)
}

// New videos come in front of those that are there; the rest is looked at when it is in sight.
function take_first_page(grid, { epoch }, first) {
  const fresh = first.entries
  mark_read(fresh, epoch)
  const ids = new Set(fresh.map((one) => one.id))
  const last_known = fresh.findLastIndex((one) => grid.by_id.has(one.id))
  const at = last_known < 0 ? -1 : grid.entries.findIndex((one) => one.id === fresh[last_known].id)
  grid.arrived = new Set(fresh.filter((one) => !grid.by_id.has(one.id)).map((one) => one.id))
  if (at < 0 || !first.next || grid.data.grouped) {
    grid.entries = fresh
    grid.next = first.next
    grid.counts = first.counts
    return
  }
  const behind = grid.entries.slice(at + 1).filter((one) => !ids.has(one.id))
  grid.entries = [...fresh.slice(0, last_known + 1), ...behind]
  if (!behind.length) {
    grid.entries = fresh
    grid.next = first.next
  }
  grid.counts = { ...grid.counts, ...first.counts }
}

function mark_read(entries, epoch) {
  entries.forEach((one) => (one.epoch = epoch))
}

// The lightbox can't do it: the card is out of its sight, inside our shadow root.
function give_focus_back(grid, opened) {
  const closed = opened ? null : grid.opened
  grid.opened = opened
  if (opened) stop_preview(grid)
  if (closed) focus_on(grid, closed)
}

function say(grid, words) {
  grid.said.textContent = words
}
