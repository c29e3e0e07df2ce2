// Text from people only ever goes through textContent, so nothing here has to be escaped.

const LETTERS = "ABCD"
const boxes = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const box = boxes.get(parentElement) ?? set_up(parentElement, data)
  box.data = data
  box.compare = () => setTriggerValue("compare", [...box.taken.keys()])
  box.grid.replaceChildren(...box.data.offered.map((card) => card_of(box, card)))
  show_taken(box)
  return () => boxes.delete(parentElement)
}

function set_up(root, data) {
  const find = (name) => root.querySelector(`.${name}`)
  const box = { grid: find("grid"), tray: find("taken"), words: find("words"), go: find("go") }
  // A search offers others; what is taken stays taken.
  box.taken = new Map(data.chosen.map((card) => [card.id, card]))
  box.go.onclick = () => box.compare()
  boxes.set(root, box)
  return box
}

function make(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function picture(card) {
  const image = make("img")
  image.alt = ""
  image.loading = "lazy"
  if (card.poster) image.src = card.poster
  return image
}

function card_of(box, card) {
  const made = make("button", "card")
  made.type = "button"
  made.dataset.id = card.id
  made.setAttribute("aria-label", card.title)
  const frame = make("span", "frame")
  if (card.ratio < 1.5) frame.classList.add("tall")
  frame.append(picture(card), make("span", "letter"), make("span", "duration", seconds(card.duration_s)))
  made.append(frame, make("span", "title", card.title), make("span", "by", card.person))
  made.onclick = () => take_or_leave(box, card)
  return made
}

const seconds = (duration_s) => `${Math.round(duration_s)} s`

function take_or_leave(box, card) {
  if (box.taken.has(card.id)) box.taken.delete(card.id)
  else if (box.taken.size < box.data.most) box.taken.set(card.id, card)
  show_taken(box)
}

function show_taken(box) {
  const ids = [...box.taken.keys()]
  const full = ids.length >= box.data.most
  box.grid.querySelectorAll(".card").forEach((card) => {
    const at = ids.indexOf(card.dataset.id)
    card.setAttribute("aria-pressed", String(at >= 0))
    card.disabled = full && at < 0
    const letter = card.querySelector(".letter")
    letter.textContent = at >= 0 ? LETTERS[at] : ""
    letter.className = at >= 0 ? `letter ${LETTERS[at]}` : "letter"
  })
  box.tray.replaceChildren(...[...box.taken.values()].map((card, at) => thumb(box, card, at)))
  const missing = box.data.fewest - ids.length
  box.words.textContent = missing > 0 ? `Choose ${missing} ${ids.length ? "more" : "or more"}` : full ? "Four is the most" : ""
  box.go.textContent = missing > 0 ? "Compare" : `Compare ${ids.length} videos`
  box.go.disabled = missing > 0
}

function thumb(box, card, at) {
  const made = make("button", "thumb")
  made.type = "button"
  made.title = `Take ${card.title} out again`
  made.setAttribute("aria-label", made.title)
  made.append(picture(card), make("span", `letter ${LETTERS[at]}`, LETTERS[at]))
  made.onclick = () => take_or_leave(box, card)
  return made
}
