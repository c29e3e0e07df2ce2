// Text from people only ever goes through textContent, so nothing here has to be escaped.

const ICONS = {
  newer: "M15 5l-7 7 7 7",
  older: "M9 5l7 7-7 7",
  download: "M12 4v11m0 0l-5-5m5 5l5-5M5 20h14",
  link: "M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1.2 1.2M14 10a4 4 0 00-5.7 0l-3 3a4 4 0 005.7 5.7l1.2-1.2",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  restore: "M4 9h10a6 6 0 010 12H8M4 9l4-4M4 9l4 4",
}
const COPIED_FOR_MS = 2000

const boxes = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const box = boxes.get(parentElement) ?? set_up(parentElement)
  box.data = data
  box.go = (id) => id && setTriggerValue("go", id)
  box.move = () => setTriggerValue("move", data.id)
  show_stage(box)
  show_strip(box)
  show_panel(box)
  return () => tear_down(box)
}

function set_up(root) {
  const box = { root, source: null, strip: null, panel: null }
  box.onkeydown = (event) => step_by_key(box, event)
  document.addEventListener("keydown", box.onkeydown)
  boxes.set(root, box)
  return box
}

function tear_down(box) {
  document.removeEventListener("keydown", box.onkeydown)
  drop_video(box)
  boxes.delete(box.root)
}

function step_by_key(box, event) {
  const from = event.composedPath()[0]
  // Inside the player the arrows move through the video.
  if (event.ctrlKey || event.metaKey || event.altKey || /^(VIDEO|INPUT|TEXTAREA)$/.test(from.tagName)) return
  const to = { ArrowLeft: box.data.newer, ArrowRight: box.data.older }[event.key]
  if (!to) return
  event.preventDefault()
  box.go(to)
}

function make(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
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

function drop_video(box) {
  const video = box.root.querySelector("video")
  if (!video) return
  video.onerror = null
  video.pause()
  // Without these two the browser goes on fetching a video that nobody sees.
  video.removeAttribute("src")
  video.load()
  video.remove()
}

function show_stage(box) {
  const stage = box.root.querySelector(".stage")
  stage.style.setProperty("--ratio", box.data.ratio)
  // The player stays as it is while only the words beside it change.
  if (box.source !== box.data.source) {
    box.source = box.data.source
    drop_video(box)
    stage.replaceChildren(...backdrop(box.data), player(box, stage))
  }
  stage.querySelectorAll(".step").forEach((button) => button.remove())
  stage.append(...steps(box))
}

function backdrop({ poster }) {
  if (!poster) return []
  const image = make("img", "backdrop")
  image.alt = ""
  image.src = poster
  return [image]
}

function player(box, stage) {
  const { data } = box
  const video = make("video")
  Object.assign(video, { controls: true, playsInline: true, loop: true, preload: "auto" })
  video.setAttribute("controlslist", "nodownload")
  video.setAttribute("aria-label", data.title)
  if (data.poster) video.poster = data.poster
  video.onerror = () => show_trouble(box, stage)
  video.src = data.source ?? ""
  // A browser may refuse to start with sound; then the poster and the controls are there.
  video.play().catch(() => {})
  return video
}

function show_trouble(box, stage) {
  if (stage.querySelector(".trouble")) return
  const trouble = make("div", "trouble")
  trouble.append(make("div", "", "This video can't be loaded right now."))
  const again = make("button", "button primary", "Try again")
  again.onclick = () => {
    box.source = null
    show_stage(box)
  }
  trouble.append(again)
  stage.append(trouble)
}

function steps(box) {
  const words = { newer: "Newer video (left arrow)", older: "Older video (right arrow)" }
  return Object.keys(words)
    .filter((side) => box.data[side])
    .map((side) => {
      const button = make("button", `step ${side}`)
      button.type = "button"
      button.title = words[side]
      button.setAttribute("aria-label", words[side])
      button.append(icon(side))
      button.onclick = () => box.go(box.data[side])
      return button
    })
}

function show_strip(box) {
  const signature = JSON.stringify([box.data.id, box.data.strip])
  if (box.strip === signature) return
  box.strip = signature
  const strip = box.root.querySelector(".strip")
  strip.replaceChildren(
    ...box.data.strip.map((one) => {
      const thumb = make("button", "thumb")
      thumb.type = "button"
      thumb.title = one.title
      thumb.setAttribute("aria-label", one.title)
      if (one.id === box.data.id) thumb.setAttribute("aria-current", "true")
      const image = make("img")
      image.alt = ""
      if (one.poster) image.src = one.poster
      thumb.append(image)
      thumb.onclick = () => one.id !== box.data.id && box.go(one.id)
      return thumb
    }),
  )
  const here = strip.querySelector("[aria-current]")
  // Not scrollIntoView, which would also scroll the dialog.
  if (here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.clientWidth) / 2
}

function show_panel(box) {
  const { data } = box
  const signature = JSON.stringify(data)
  if (box.panel === signature) return
  box.panel = signature
  const parts = [make("h2", "", data.title), by(data), ...trash_notice(data), actions(box), files(data), prompt(data)]
  if (data.tags.length) parts.push(tags(data))
  parts.push(facts(data))
  if (data.may_move && !data.leaves_trash) parts.push(trash_button(box))
  box.root.querySelector(".panel").replaceChildren(...parts)
}

function by({ person, made_at }) {
  const line = make("div", "by")
  const initials = person.split(/\s+/).map((word) => word[0] ?? "").slice(0, 2).join("")
  const badge = make("span", "initials", initials.toUpperCase())
  badge.setAttribute("aria-hidden", "true")
  const words = make("span")
  words.append(make("b", "", person), make("span", "", made_at))
  line.append(badge, words)
  return line
}

function trash_notice({ leaves_trash }) {
  if (!leaves_trash) return []
  return [make("div", "notice", `In the trash. It is deleted for good on ${leaves_trash}.`)]
}

function actions(box) {
  const { data } = box
  const row = make("div", "actions")
  const [best] = data.files
  if (best) {
    const link = make("a", "button primary")
    link.href = best.address
    link.setAttribute("download", "")
    link.append(icon("download"), best.label, make("small", "", best.size))
    row.append(link)
  }
  row.append(copy_button(data))
  if (data.may_move && data.leaves_trash) row.append(restore_button(box))
  return row
}

function copy_button({ id }) {
  const button = make("button", "button")
  button.type = "button"
  const words = make("span", "", "Copy link")
  words.setAttribute("role", "status")
  button.append(icon("link"), words)
  button.onclick = async () => {
    const done = await copy(`${location.origin}${location.pathname}?video=${id}`, button)
    words.textContent = done ? "Copied" : "Copy the address bar"
    setTimeout(() => (words.textContent = "Copy link"), COPIED_FOR_MS)
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

function restore_button(box) {
  const button = make("button", "button")
  button.type = "button"
  button.append(icon("restore"), "Restore")
  button.onclick = () => box.move()
  return button
}

function trash_button(box) {
  const button = make("button", "quiet")
  button.type = "button"
  button.append(icon("trash"), "Move to trash")
  button.onclick = () => box.move()
  return button
}

function files({ files: [, ...smaller], processing }) {
  const line = make("div", "files")
  smaller.forEach((file) => {
    const link = make("a", "", `${file.label} · ${file.size}`)
    link.href = file.address
    link.setAttribute("download", "")
    line.append(link)
  })
  if (processing) line.append(make("span", "", "Smaller sizes are being made…"))
  return line
}

function section(heading) {
  const made = make("section")
  made.append(make("h3", "", heading))
  return made
}

function prompt({ prompt: words, sent_prompt, description }) {
  const made = section("Prompt")
  made.append(make("p", "prompt", words))
  if (sent_prompt) {
    const details = make("details")
    details.append(make("summary", "", "As it was sent"), make("p", "", sent_prompt))
    made.append(details)
  }
  if (description) made.append(make("p", "", description))
  return made
}

function tags(data) {
  const line = make("div", "tags")
  line.setAttribute("aria-label", "Tags")
  line.append(...data.tags.map((tag) => make("span", "", tag)))
  return line
}

function facts(data) {
  const made = section("Details")
  const list = make("dl")
  data.facts.forEach(([label, words]) => list.append(make("dt", "", label), make("dd", "", words)))
  made.append(list)
  return made
}
