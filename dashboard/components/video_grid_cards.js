// One card: poster, chips, words, and the moving preview under the pointer.

const PREVIEW_DELAY_MS = 120
const AGES_EVERY_MS = 30000
// Shapes that fill a 16:9 box with little loss; all others are shown whole on a blurred backdrop.
const WIDE_ENOUGH = 1.45
const TOO_WIDE = 2.1
const ICONS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  heart: "M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0112 7.3 4.3 4.3 0 0119.5 10c0 5.4-7.5 10-7.5 10z",
  approved: "M5 12.5l4.5 4.5L19 7.5",
  needs_change: "M4 20h4L19 9l-4-4L4 16z",
  rejected: "M6 6l12 12M18 6L6 18",
}
const VERDICTS = { approved: "Approved", needs_change: "Needs change", rejected: "Rejected" }

function element(name, className, parent) {
  const made = document.createElement(name)
  made.className = className
  parent?.append(made)
  return made
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg"
  const svg = document.createElementNS(space, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS(space, "path")
  path.setAttribute("d", ICONS[name])
  svg.append(path)
  return svg
}

function new_cell(grid, one) {
  const cell = element("div", `cell ${one.kind}`, null)
  if (one.kind === "head") return new_head(grid, cell)
  cell.setAttribute("role", "listitem")
  const card = element(one.kind === "ghost" ? "div" : "button", "open", cell)
  const frame = element("span", "frame", card)
  const words = element("span", "words", card)
  element("span", "title", words)
  element("span", "by", words)
  if (one.kind === "ghost") return cell
  card.type = "button"
  card.onclick = (event) => click_card(grid, cell, event)
  if (one.kind === "generation") return cell
  element("span", "nothing", frame).textContent = "No picture"
  element("span", "chip duration", frame)
  element("span", "notes", frame)
  add_buttons(grid, cell)
  cell.onpointerenter = (event) => event.pointerType === "mouse" && plan_preview(grid, cell)
  cell.onpointerleave = () => stop_preview(grid)
  return cell
}

function new_head(grid, cell) {
  cell.setAttribute("role", "presentation")
  element("h3", "head-title", cell)
  element("span", "head-count", cell)
  const all = element("button", "plain", cell)
  all.type = "button"
  all.textContent = "Show all"
  all.onclick = () => grid.tell("group", cell.entry.group)
  return cell
}

function add_buttons(grid, cell) {
  const check = element("button", "check", cell)
  check.type = "button"
  check.setAttribute("role", "checkbox")
  check.append(icon("check"))
  check.onclick = (event) => click_check(grid, cell, event)
  const heart = element("button", "heart", cell)
  heart.type = "button"
  heart.append(icon("heart"))
  heart.onclick = () => turn_favourite(grid, cell)
}

function fill(grid, cell, one) {
  cell.entry = one
  if (one.kind === "ghost") return
  if (one.kind === "head") return fill_head(grid, cell, one)
  cell.querySelector(".title").textContent = one.title
  cell.querySelector(".title").title = one.title
  if (one.kind === "generation") fill_generation(cell, one)
  else fill_card(cell, one)
  show_selected(grid, cell)
  update_age(cell)
}

function fill_head(grid, cell, one) {
  cell.querySelector(".head-title").textContent = one.title
  const count = one.and_more ? `${one.count.toLocaleString("en")}+` : one.count.toLocaleString("en")
  cell.querySelector(".head-count").textContent = `${count} ${one.count === 1 ? "video" : "videos"}`
  cell.querySelector(".plain").hidden = !grid.data.grouped
}

function fill_generation(cell, one) {
  const frame = cell.querySelector(".frame")
  frame.classList.toggle("failed", one.failed)
  const words = element("span", "state", null)
  words.textContent = one.problem ?? one.status
  frame.replaceChildren(words)
  const chip = element("span", "chip", frame)
  chip.textContent = one.status
  cell.querySelector(".open").setAttribute("aria-label", `${one.title}, ${one.status}`)
}

function fill_card(cell, one) {
  const frame = cell.querySelector(".frame")
  const length = clock(one.duration_s)
  const notes = [one.verdict && VERDICTS[one.verdict], one.favourite && "favourite"].filter(Boolean)
  const label = [one.title, `by ${one.person}`, length, ...notes].join(", ")
  cell.querySelector(".open").setAttribute("aria-label", label)
  cell.querySelector(".check").setAttribute("aria-label", `Select ${one.title}`)
  cell.querySelector(".duration").textContent = length
  show_poster(frame, one)
  show_notes(frame.querySelector(".notes"), one)
  const heart = cell.querySelector(".heart")
  heart.setAttribute("aria-pressed", String(one.favourite))
  heart.setAttribute("aria-label", one.favourite ? "Favourite" : "Make it a favourite")
  heart.title = one.favourite ? "One of your favourites" : "Make it a favourite"
}

function show_notes(notes, one) {
  const made = []
  if (one.verdict) {
    const chip = element("span", `chip verdict ${one.verdict}`, null)
    chip.append(icon(one.verdict), VERDICTS[one.verdict])
    made.push(chip)
  }
  if (one.rating) {
    const chip = element("span", "chip stars", null)
    chip.textContent = `★ ${one.rating.toFixed(1).replace(".0", "")}`
    chip.title = `${one.rating.toFixed(1)} of 5 stars`
    made.push(chip)
  }
  if (one.processing) {
    const chip = element("span", "chip processing", null)
    chip.textContent = "Processing"
    chip.title = "It plays already; smaller sizes are still being made."
    made.push(chip)
  }
  notes.replaceChildren(...made)
}

function show_poster(frame, one) {
  const letterboxed = one.ratio < WIDE_ENOUGH || one.ratio > TOO_WIDE
  frame.classList.toggle("letterboxed", letterboxed)
  frame.classList.toggle("missing", !one.poster)
  if (!one.poster || frame.poster === one.poster) return
  frame.poster = one.poster
  frame.querySelectorAll("img").forEach((image) => image.remove())
  if (letterboxed) frame.prepend(picture("backdrop", one.poster))
  const poster = picture("poster", one.poster)
  poster.onload = () => frame.classList.add("loaded")
  poster.onerror = () => frame.classList.add("missing")
  frame.insertBefore(poster, frame.querySelector(".nothing"))
}

function picture(className, address) {
  const image = element("img", className, null)
  image.decoding = "async"
  image.alt = ""
  image.src = address
  return image
}

function plan_preview(grid, cell) {
  stop_preview(grid)
  if (!cell.entry.preview || matchMedia("(prefers-reduced-motion: reduce)").matches) return
  grid.timer = setTimeout(() => start_preview(grid, cell), PREVIEW_DELAY_MS)
}

function start_preview(grid, cell) {
  const frame = cell.querySelector(".frame")
  const video = element("video", "preview", null)
  Object.assign(video, { muted: true, loop: true, playsInline: true, autoplay: true })
  video.disableRemotePlayback = true
  video.onerror = () => stop_preview(grid)
  video.src = cell.entry.preview
  frame.insertBefore(video, frame.querySelector(".chip"))
  grid.playing = { cell, video }
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

// Shown at once; when the record does not take it, the page says so and reads the card again.
function turn_favourite(grid, cell) {
  const one = cell.entry
  one.favourite = !one.favourite
  fill_card(cell, one)
  grid.tell("favour", { id: one.id, favourite: one.favourite })
}

function update_ages(grid) {
  for (const cell of grid.shown.values()) if (cell.entry?.at) update_age(cell)
}

function update_age(cell) {
  const { person, campaign, at } = cell.entry
  const words = [person, campaign, age(at)].filter(Boolean).join(" · ")
  const by = cell.querySelector(".by")
  if (by.textContent !== words) by.textContent = words
  by.title = new Date(at).toLocaleString("en-GB")
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

function day_words(day, today) {
  const at = new Date(`${day}T12:00:00Z`)
  const days = Math.round((new Date(`${today}T12:00:00Z`) - at) / 86400000)
  if (days === 0) return "Today"
  if (days === 1) return "Yesterday"
  const year = day.slice(0, 4) === today.slice(0, 4) ? {} : { year: "numeric" }
  const parts = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC", ...year }
  return at.toLocaleDateString("en-GB", parts)
}

function clock(seconds) {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}
