// Which cards are selected, and the keyboard.

const TELL_AFTER_MS = 150

function take_selection(grid, { ids, n }) {
  // A later choice of this browser is on its way to the server: that one counts.
  if (n < grid.told) return
  grid.told = n
  grid.selected = new Set(ids)
  show_selection(grid)
}

function show_selection(grid) {
  grid.list.classList.toggle("selecting", grid.selected.size > 0)
  for (const cell of grid.shown.values()) if (cell.entry?.kind === "card") show_selected(grid, cell)
}

function show_selected(grid, cell) {
  const check = cell.querySelector(".check")
  if (!check) return
  const chosen = grid.selected.has(cell.entry.id)
  cell.classList.toggle("selected", chosen)
  check.setAttribute("aria-checked", String(chosen))
}

function click_card(grid, cell, event) {
  const { id, kind } = cell.entry
  if (kind === "generation") return grid.tell("generation", id)
  if (event.shiftKey) return select_range(grid, id)
  const tapping = grid.selected.size > 0 && matchMedia("(hover: none)").matches
  if (event.ctrlKey || event.metaKey || tapping) return toggle(grid, id)
  stop_preview(grid)
  grid.tell("open", id)
}

function click_check(grid, cell, event) {
  if (event.shiftKey) select_range(grid, cell.entry.id)
  else toggle(grid, cell.entry.id)
}

function toggle(grid, id) {
  grid.anchor = id
  if (!grid.selected.delete(id)) add_selected(grid, [id])
  changed(grid)
}

// From the card that was chosen last to this one, in the order of the page.
function select_range(grid, id) {
  const ids = grid.order.filter((one) => one.kind === "card").map((one) => one.id)
  const [from, to] = [ids.indexOf(grid.anchor), ids.indexOf(id)]
  if (from < 0) return toggle(grid, id)
  add_selected(grid, ids.slice(Math.min(from, to), Math.max(from, to) + 1))
  getSelection()?.removeAllRanges()
  changed(grid)
}

function add_selected(grid, ids) {
  for (const id of ids) if (grid.selected.size < grid.data.most) grid.selected.add(id)
}

function clear_selection(grid) {
  grid.selected.clear()
  grid.anchor = null
  changed(grid)
}

function changed(grid) {
  grid.told += 1
  show_selection(grid)
  const many = grid.selected.size
  say(grid, many === 1 ? "1 video selected" : `${many} videos selected`)
  clearTimeout(grid.tell_soon)
  grid.tell_soon = setTimeout(() => {
    grid.tell("selection", { ids: [...grid.selected], n: grid.told })
  }, TELL_AFTER_MS)
}

function clear_by_escape(grid, event) {
  const from = event.composedPath()[0]
  const busy = /^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName ?? "") || document.querySelector("[role=dialog]")
  if (event.key !== "Escape" || busy || !grid.selected.size) return
  clear_selection(grid)
}

function take_key(grid, event) {
  const cell = event.target.closest(".cell")
  if (!cell?.entry || cell.entry.kind === "head") return
  const { id, kind } = cell.entry
  if (event.key === " " && kind === "card" && event.target.classList.contains("open")) {
    event.preventDefault()
    return event.shiftKey ? select_range(grid, id) : toggle(grid, id)
  }
  const to = neighbour(grid, id, event.key)
  if (!to) return
  event.preventDefault()
  if (event.shiftKey) {
    grid.anchor ??= id
    select_range(grid, to)
  }
  focus_on(grid, to)
}

function neighbour(grid, id, key) {
  const cards = grid.order.filter((one) => one.kind !== "ghost")
  const at = cards.findIndex((one) => one.id === id)
  const steps = { ArrowRight: 1, ArrowLeft: -1 }
  if (key in steps) return cards[at + steps[key]]?.id
  if (key === "Home") return cards[0]?.id
  if (key === "End") return cards.at(-1)?.id
  if (key !== "ArrowDown" && key !== "ArrowUp") return null
  return across_rows(grid, id, key === "ArrowDown" ? 1 : -1)
}

// Rows of a group may be short: the card above or below, or else the last one of that row.
function across_rows(grid, id, step) {
  const rows = grid.rows.filter((row) => row.cards && row.cards[0].kind !== "ghost")
  const at = rows.findIndex((row) => row.cards.some((one) => one.id === id))
  const column = rows[at].cards.findIndex((one) => one.id === id)
  const cards = rows[at + step]?.cards.filter((one) => one.kind !== "ghost")
  return cards?.[Math.min(column, cards.length - 1)]?.id
}

function focus_on(grid, id) {
  grid.focus = id
  scroll_to(grid, id)
  grid.shown.get(id)?.querySelector(".open")?.focus({ preventScroll: true })
}
