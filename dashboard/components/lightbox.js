// Text from people only ever goes through textContent, so nothing here has to be escaped.

const ICONS = {
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  download: "M12 4v11m0 0l-5-5m5 5l5-5M5 20h14",
  link: "M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1.2 1.2M14 10a4 4 0 00-5.7 0l-3 3a4 4 0 005.7 5.7l1.2-1.2",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  restore: "M4 9h10a6 6 0 010 12H8M4 9l4-4M4 9l4 4",
  remix: "M4 8h11l-3-3M20 16H9l3 3",
  final: "M12 3l2.2 5.3L20 9l-4.4 3.9L17 19l-5-3.1L7 19l1.4-6.1L4 9l5.8-.7z",
  edit: "M4 20h4L19 9l-4-4L4 16z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  heart: "M12 20s-8-5-8-10.5A4.5 4.5 0 0112 7a4.5 4.5 0 018 2.5C20 15 12 20 12 20z",
  star: "M12 3.5l2.6 5.6 6 .7-4.5 4.1 1.2 6-5.3-3-5.3 3 1.2-6L3.4 9.8l6-.7z",
  approved: "M5 13l4.5 4.5L19 7",
  needs_change: "M4 5h16v11H10l-4 4v-4H4z",
  rejected: "M6 6l12 12M18 6L6 18",
  close: "M7 7l10 10M17 7L7 17",
}
const COPIED_FOR_MS = 2000

const boxes = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const box = boxes.get(parentElement) ?? set_up(parentElement)
  box.data = data
  box.ask = (act) => ask(box, act, setTriggerValue)
  box.seen = (played_s) => setTriggerValue("seen", { id: data.id, played_s })
  box.go = (id) => go(box, id, setTriggerValue)
  if (box.id !== data.id) turn_to(box, data.id)
  take_answer(box)
  show_stage(box)
  show_bar(box)
  show_strip(box)
  show_panel(box)
  show_story(box)
  return () => tear_down(box)
}

function set_up(root) {
  const box = { root, id: null, editing: null, waiting: null, drawn: {}, source: null, strip: null }
  box.onkeydown = (event) => on_key(box, event)
  document.addEventListener("keydown", box.onkeydown)
  boxes.set(root, box)
  return box
}

function tear_down(box) {
  document.removeEventListener("keydown", box.onkeydown)
  drop_video(box)
  boxes.delete(box.root)
}

function turn_to(box, id) {
  const nothing_typed = { editing: null, waiting: null, typed_title: null, typed_comment: null }
  const not_played = { source: null, failed: new Set(), played_s: 0, told: false, counted_at: null }
  Object.assign(box, { id, drawn: {}, ...nothing_typed, ...not_played })
}

// The next video takes the place of this one in the browser's history: "back" closes the lightbox.
function go(box, id, setTriggerValue) {
  if (!id || id === box.data.id) return
  const address = new URL(location.href)
  address.searchParams.set("video", id)
  history.replaceState(history.state, "", address)
  setTriggerValue("go", id)
}

function ask(box, act, setTriggerValue) {
  const n = Math.max(Date.now(), (box.waiting ?? 0) + 1)
  box.waiting = n
  setTriggerValue("act", { ...act, n, id: box.data.id })
}

// An editor closes when what it asked for is done; it stays open, with the reason, when it is not.
function take_answer(box) {
  const { answer } = box.data
  if (!answer || answer.n !== box.waiting) return
  box.waiting = null
  if (!answer.problem) Object.assign(box, { editing: null, typed_title: null, typed_comment: null })
}

function problem_of(box, ...acts) {
  const { answer } = box.data
  if (!answer?.problem || !acts.includes(answer.do)) return []
  const words = make("p", "problem", answer.problem)
  words.setAttribute("role", "alert")
  return [words]
}

function on_key(box, event) {
  const from = event.composedPath()[0]
  const typing = from.isContentEditable || /^(INPUT|TEXTAREA|SELECT|VIDEO)$/.test(from.tagName)
  // What else the dialog holds has keys of its own.
  const elsewhere = event.composedPath().some((one) => one.dataset?.testid === "stExpander")
  if (event.ctrlKey || event.metaKey || event.altKey || typing || elsewhere) return
  const act = key_act(box, event, from)
  if (!act) return
  event.preventDefault()
  act()
}

function key_act(box, event, from) {
  const { data } = box
  if (event.key === "ArrowLeft" && data.previous) return () => box.go(data.previous)
  if (event.key === "ArrowRight" && data.next) return () => box.go(data.next)
  if (event.key === " " && !/^(A|BUTTON|SUMMARY)$/.test(from.tagName)) return () => play_or_pause(box)
  if (event.key === "f") return () => favour(box)
  if (/^[0-5]$/.test(event.key) && data.may.judge) return () => rate(box, Number(event.key))
  return null
}

function make(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function make_button(className, label, onclick, shape) {
  const button = make("button", className)
  button.type = "button"
  if (shape) button.append(icon(shape))
  if (label) button.append(label)
  button.onclick = onclick
  return button
}

function named(button, words) {
  button.title = words
  button.setAttribute("aria-label", words)
  return button
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg"
  const svg = document.createElementNS(space, "svg")
  const looks = { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2" }
  const ends = { "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" }
  for (const [key, value] of Object.entries({ ...looks, ...ends })) svg.setAttribute(key, value)
  const path = document.createElementNS(space, "path")
  path.setAttribute("d", ICONS[name])
  svg.append(path)
  return svg
}

// Draws a part anew only when what it shows has changed, and never below somebody's fingers.
function draw(box, name, shown, build) {
  const signature = JSON.stringify([shown, box.editing === name])
  if (box.drawn[name] === signature) return
  box.drawn[name] = signature
  const part = box.root.querySelector(`[data-part="${name}"]`)
  const held = part.contains(part.getRootNode().activeElement)
  const kept = held && part.getRootNode().activeElement.dataset.key
  part.replaceChildren(...build())
  if (kept) part.querySelector(`[data-key="${kept}"]`)?.focus()
}

function redraw(box, name, editing) {
  box.editing = editing
  delete box.drawn[name]
  show_panel(box)
}

// Escape leaves the field, not the lightbox; the dialog listens for the key's release.
function leave_by_escape(field, leave) {
  field.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation())
  field.addEventListener("keyup", (event) => {
    if (event.key !== "Escape") return
    event.stopPropagation()
    leave()
  })
}

function copy_button(className, label, text, onCopied) {
  const words = make("span", "", label)
  words.setAttribute("role", "status")
  const button = make_button(className, words, null, label ? "link" : "copy")
  button.onclick = async () => {
    const done = await copy(text, button)
    words.textContent = done ? "Copied" : "Not copied"
    if (done) onCopied?.()
    setTimeout(() => (words.textContent = label), COPIED_FOR_MS)
  }
  return button
}

async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Browsers offer the clipboard on secure addresses only; this older way works on all.
    const field = make("textarea")
    field.value = text
    field.style.cssText = "position:absolute;opacity:0"
    near.after(field)
    field.select()
    const done = document.execCommand("copy")
    field.remove()
    near.focus()
    return done
  }
}
