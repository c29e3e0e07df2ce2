// Text from people only ever goes through textContent, so nothing here has to be escaped.
//
// In step: one clock says where all videos are. It follows the leader (the one that is heard, else
// the longest that still plays); every other one is held to it by a slightly other speed, and by a
// seek when it is far off. They begin together: only when all have pictures at the same place.

const NEAR_S = 0.008 // closer needs no correction: half a picture of the fastest usual video
const FAR_S = 0.3 // farther is put right by a seek, which is seen; below it by speed, which is not
const PULL_PER_S = 6 // share of the speed that a second of distance changes
const MOST_PULL = 0.5
const END_S = 0.02
const STALL_MS = 150 // a video without a next picture for so long is waited for
const PATIENCE_MS = 5000 // then the others go on without it
const SAID_EVERY_MS = 500
const HAVE = { metadata: 1, picture: 2, future: 3 } // HTMLMediaElement.readyState (HTML Standard)
const UNMARKED = "Words are not marked where prompts have little in common."
const GAP_PX = 14
const BELOW_PX = 92 // what stands below a picture, about
const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2]
const ACTS = { approved: "Approve", needs_change: "Needs change", rejected: "Reject" }
const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  back: "M16 5l-8 7 8 7M5 5v14",
  forward: "M8 5l8 7-8 7M19 5v14",
  loop: "M4 11a6 6 0 016-6h10l-3-3m3 3l-3 3M20 13a6 6 0 01-6 6H4l3 3m-3-3l3-3",
  sound: "M4 9v6h4l5 4V5L8 9zM16.5 8.5a5 5 0 010 7M19 6a9 9 0 010 12",
  silent: "M4 9v6h4l5 4V5L8 9zM16 9.5l5 5m0-5l-5 5",
  side: "M3 5h8v14H3zM13 5h8v14h-8z",
  wipe: "M3 5h18v14H3zM12 2v20M9 12l-2.5 0M15 12l2.5 0",
  swap: "M4 8h15l-4-4M20 16H5l4 4",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  remove: "M6 6l12 12M18 6L6 18",
  favourite: "M12 20.5l-7.8-7.6a5 5 0 017.1-7.1l.7.7.7-.7a5 5 0 017.1 7.1z",
  approved: "M4.5 12.5l5 5L20 7",
  needs_change: "M4 20l1-5L16 4l4 4L9 19zM13.5 6.5l4 4",
  rejected: "M12 3a9 9 0 100 18 9 9 0 000-18zM5.8 5.8l12.4 12.4",
}

const boxes = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const box = boxes.get(parentElement) ?? set_up(parentElement)
  box.data = data
  box.tell = setTriggerValue
  show_panes(box)
  show_transport(box)
  show_facts(box)
  lay_out(box)
  return () => tear_down(box)
}

function set_up(root) {
  const find = (name) => root.querySelector(`.${name}`)
  const box = {
    root,
    player: find("player"),
    stage: find("stage"),
    transport: find("transport"),
    facts: find("facts"),
    panes: [],
    clock: { at: 0, since: 0, running: false },
    wanted: false, // whether they are to play
    gathering: 0, // since when they wait for one another; 0: they don't
    speed: 1,
    loop: true,
    heard: undefined,
    mode: "side",
    quality: "auto",
    cut: 50, // per cent of the width that the first video has under the wipe
    said_at: 0,
  }
  box.onkeydown = (event) => act_by_key(box, event)
  box.onfullscreen = () => lay_out(box)
  document.addEventListener("keydown", box.onkeydown)
  document.addEventListener("fullscreenchange", box.onfullscreen)
  window.addEventListener("resize", box.onfullscreen)
  box.sizes = new ResizeObserver(() => lay_out(box))
  box.sizes.observe(box.root.querySelector(".compare"))
  boxes.set(root, box)
  return box
}

function tear_down(box) {
  document.removeEventListener("keydown", box.onkeydown)
  document.removeEventListener("fullscreenchange", box.onfullscreen)
  window.removeEventListener("resize", box.onfullscreen)
  box.sizes.disconnect()
  cancelAnimationFrame(box.beating)
  box.panes.forEach(drop_pane)
  boxes.delete(box.root)
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
  const looks = { viewBox: "0 0 24 24", fill: name === "play" ? "currentColor" : "none", stroke: "currentColor" }
  const ends = { "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" }
  for (const [key, value] of Object.entries({ ...looks, ...ends })) svg.setAttribute(key, value)
  const path = document.createElementNS(space, "path")
  path.setAttribute("d", ICONS[name])
  svg.append(path)
  return svg
}

function button(className, name, words, act) {
  const made = make("button", className)
  made.type = "button"
  made.title = words
  made.setAttribute("aria-label", words)
  made.append(icon(name))
  made.onclick = (event) => {
    act(event)
    // After a click the keys belong to the player again; who came by keyboard stays where they are.
    if (event.detail) made.blur()
  }
  return made
}

// ---- the clock and those who follow it

const playable = (box) => box.panes.filter((pane) => pane.video && !pane.failed)
const length_of = (pane) => (Number.isFinite(pane.video.duration) ? pane.video.duration : pane.data.duration_s)
const frame_of = (pane) => 1 / (pane.data.fps || 24)
// The middle of the last picture: some browsers show nothing at the very end.
const last_of = (pane) => Math.max(0, length_of(pane) - frame_of(pane) / 2)
const whole = (box) => Math.max(0, ...playable(box).map(length_of))
const finest_frame = (box) => Math.min(...playable(box).map(frame_of), 1 / 24)
const limited = (value, low, high) => Math.min(Math.max(value, low), high)

function position(box, now = performance.now()) {
  const { at, since, running } = box.clock
  return limited(running ? at + ((now - since) / 1000) * box.speed : at, 0, whole(box))
}

function set_clock(box, at, running) {
  box.clock = { at: limited(at, 0, whole(box)), since: performance.now(), running }
}

function play(box) {
  if (!playable(box).length) return
  box.wanted = true
  const at = position(box)
  gather(box, at >= whole(box) - END_S - finest_frame(box) ? 0 : at)
}

function pause(box) {
  box.wanted = false
  settle(box, position(box))
}

function toggle(box) {
  box.wanted ? pause(box) : play(box)
}

function seek(box, at) {
  box.wanted ? gather(box, limited(at, 0, whole(box))) : settle(box, at)
}

function step_frame(box, count) {
  const frame = finest_frame(box)
  box.wanted = false
  settle(box, (Math.floor(position(box) / frame + 1e-6) + count) * frame)
}

// Stand still, all on the picture of the same moment.
function settle(box, at) {
  const frame = finest_frame(box)
  const middle = (Math.floor(limited(at, 0, whole(box)) / frame + 1e-6) + 0.5) * frame
  box.gathering = 0
  set_clock(box, Math.min(middle, Math.max(0, whole(box) - frame / 2)), false)
  playable(box).forEach((pane) => {
    pane.video.pause()
    put(pane, box.clock.at)
  })
  beat_on(box)
}

// Wait for one another at a place, and begin together there.
function gather(box, at) {
  box.gathering = performance.now()
  set_clock(box, at, false)
  playable(box).forEach((pane) => {
    pane.late = false
    pane.stalled_at = 0
    pane.video.pause()
    put(pane, at)
  })
  beat_on(box)
}

function begin(box) {
  box.gathering = 0
  set_clock(box, box.clock.at, true)
  playable(box).forEach((pane) => {
    if (!pane.late && box.clock.at < last_of(pane)) start(box, pane)
  })
}

function start(box, pane) {
  pane.video.playbackRate = box.speed
  watch_pictures(box, pane)
  pane.video.play().catch((refused) => {
    if (refused.name !== "NotAllowedError" || !box.wanted) return
    // A browser may refuse to start with sound before somebody has touched the page.
    hear(box, null)
    pane.video.play().catch(() => {})
  })
}

// One seek at a time; the last wish wins.
function put(pane, at) {
  pane.aim = Math.min(at, last_of(pane))
  if (pane.video.seeking || pane.video.readyState < HAVE.metadata) return
  if (Math.abs(pane.video.currentTime - pane.aim) > 0.0005) pane.video.currentTime = pane.aim
  else pane.aim = null
}

function has_come(pane) {
  if (pane.aim === null) return
  const there = Math.abs(pane.video.currentTime - pane.aim) <= 0.0005
  if (there) pane.aim = null
  else pane.video.currentTime = pane.aim
}

function is_ready(box, pane) {
  const rest = last_of(pane) - box.clock.at
  const enough = rest > 0.25 ? HAVE.future : HAVE.picture
  return !pane.video.seeking && pane.aim === null && pane.video.readyState >= enough
}

const plays = (pane) => !pane.late && !pane.video.paused && !pane.video.ended && !pane.video.seeking

function leader(box) {
  const playing = playable(box).filter(plays)
  const heard = playing.find((pane) => pane.data.id === box.heard)
  return heard ?? playing.sort((a, b) => length_of(b) - length_of(a))[0]
}

function beat_on(box) {
  cancelAnimationFrame(box.beating)
  box.beating = requestAnimationFrame(() => beat(box))
}

function beat(box) {
  const now = performance.now()
  if (box.gathering) try_to_begin(box, now)
  else if (box.clock.running) go_on(box, now)
  show_time(box, now)
  playable(box).forEach((pane) => show_waiting(box, pane, now))
  const resting = playable(box).every((pane) => pane.aim === null && pane.video.readyState >= HAVE.picture)
  if (box.wanted || !resting) beat_on(box)
}

function try_to_begin(box, now) {
  const panes = playable(box)
  const missing = panes.filter((pane) => !is_ready(box, pane))
  if (!panes.length) return pause(box)
  if (missing.length && now - box.gathering < PATIENCE_MS) return
  if (missing.length === panes.length) return
  missing.forEach((pane) => (pane.late = true))
  begin(box)
}

function go_on(box, now) {
  const lead = leader(box)
  if (lead) set_clock(box, lead.video.currentTime, true)
  const at = position(box)
  if (at >= whole(box) - END_S) return finish(box)
  const panes = playable(box)
  if (panes.some((pane) => pane.late && pane.video.readyState >= HAVE.future)) return gather(box, at)
  if (panes.some((pane) => stalls(pane, at, now))) return gather(box, at)
  panes.filter((pane) => !pane.watched).forEach((pane) => hold_to_clock(box, pane))
}

function finish(box) {
  if (box.loop) return gather(box, 0)
  box.wanted = false
  settle(box, whole(box))
}

function stalls(pane, at, now) {
  const waits = !pane.late && at < last_of(pane) - 0.25 && pane.video.readyState < HAVE.future
  if (!waits || pane.video.seeking) pane.stalled_at = 0
  else pane.stalled_at ||= now
  return pane.stalled_at > 0 && now - pane.stalled_at > STALL_MS
}

function hold_to_clock(box, pane) {
  const { video } = pane
  const at = position(box)
  if (!box.clock.running || pane.late || pane.failed || video.seeking || at >= last_of(pane)) return
  if (video.paused && !video.ended) return start(box, pane)
  const behind = at - video.currentTime
  if (Math.abs(behind) > FAR_S) return put(pane, at)
  const lead = pane === leader(box)
  const pull = lead || Math.abs(behind) < NEAR_S ? 0 : limited(behind * PULL_PER_S, -MOST_PULL, MOST_PULL)
  const speed = box.speed * (1 + pull)
  if (Math.abs(video.playbackRate - speed) > 0.005) video.playbackRate = speed
}

// Where the browser says when it shows a picture, that is the moment to look at the distance.
function watch_pictures(box, pane) {
  if (!pane.video.requestVideoFrameCallback || pane.watched) return
  pane.watched = true
  pane.video.requestVideoFrameCallback(() => {
    pane.watched = false
    if (pane.video.paused || pane.video.ended || pane.failed) return
    hold_to_clock(box, pane)
    watch_pictures(box, pane)
  })
}

// Distance in ms between the first and the last video.
function spread_ms(box) {
  const at = playable(box).filter(plays).map((pane) => pane.video.currentTime)
  return at.length > 1 ? Math.round((Math.max(...at) - Math.min(...at)) * 1000) : null
}

function hear(box, id) {
  box.heard = id
  box.panes.forEach((pane) => {
    if (pane.video) pane.video.muted = pane.data.id !== id
    pane.frame.classList.toggle("heard", pane.data.id === id)
  })
  show_sound(box)
}

function set_speed(box, speed) {
  set_clock(box, position(box), box.clock.running)
  box.speed = speed
  playable(box).forEach((pane) => (pane.video.playbackRate = speed))
}

// ---- panes

function show_panes(box) {
  const before = new Map(box.panes.map((pane) => [pane.data.id, pane]))
  box.panes = box.data.panes.map((data, index) => {
    const known = before.get(data.id)
    const same = known && known.data.state === data.state
    const pane = same ? known : make_pane(box, data)
    if (same) before.delete(data.id)
    // Moving a video in the document would stop it, so the order is one of looks.
    pane.root.style.order = index
    pane.root.dataset.place = index
    update_pane(box, pane, data)
    return pane
  })
  before.forEach(drop_pane)
  const ids = playable(box).map((pane) => pane.data.id)
  if (box.heard === undefined || (box.heard && !ids.includes(box.heard))) box.heard = ids[0] ?? null
  if (!can_wipe(box)) box.mode = "side"
  hear(box, box.heard)
}

const can_wipe = (box) => box.panes.length === 2 && box.panes.every((pane) => pane.video)

function make_pane(box, data) {
  const pane = { data, root: make("article", "pane"), frame: make("div", "frame"), below: make("div", "below") }
  Object.assign(pane, { aim: null, late: false, failed: false, stalled_at: 0 })
  pane.head = make("div", "head")
  pane.cover = make("div", "cover")
  pane.frame.append(pane.cover, pane.head)
  pane.root.append(pane.frame, pane.below)
  if (data.state === "there") add_video(box, pane)
  box.stage.append(pane.root)
  return pane
}

function add_video(box, pane) {
  const video = make("video")
  Object.assign(video, { playsInline: true, preload: "auto", muted: true, disableRemotePlayback: true })
  video.tabIndex = -1
  video.onseeked = () => has_come(pane)
  video.onloadedmetadata = () => {
    put(pane, pane.aim ?? position(box))
    lay_out(box)
    show_marks(box)
  }
  video.onerror = () => fail(box, pane)
  pane.video = video
  pane.frame.prepend(video)
  pane.frame.onclick = (event) => {
    if (box.mode === "side" && (event.target === video || event.target === pane.frame)) toggle(box)
  }
}

function drop_pane(pane) {
  const { video } = pane
  if (video) {
    video.onerror = null
    video.pause()
    // Without these two the browser goes on fetching a video that nobody sees.
    video.removeAttribute("src")
    video.load()
  }
  pane.root.remove()
}

function fail(box, pane) {
  pane.failed = true
  pane.source = null
  show_trouble(box, pane)
  show_marks(box)
  if (!playable(box).length) box.wanted = false
  if (box.heard === pane.data.id) hear(box, playable(box)[0]?.data.id ?? null)
  beat_on(box)
}

function show_trouble(box, pane) {
  const again = make("button", "button", "Try again")
  again.type = "button"
  again.onclick = () => {
    pane.failed = false
    pane.cover.replaceChildren()
    choose_source(box, pane)
    seek(box, position(box))
  }
  pane.cover.className = "cover shown"
  pane.cover.replaceChildren(make("b", "", "This video can't be loaded right now."), again)
}

function show_waiting(box, pane, now) {
  if (pane.failed) return
  const begins = pane.video.readyState < HAVE.picture
  const holds_up = box.gathering && now - box.gathering > 300 && !is_ready(box, pane)
  const waits = begins || pane.late || Boolean(holds_up)
  if (pane.waits === waits) return
  pane.waits = waits
  pane.cover.className = waits ? "cover waiting" : "cover"
  pane.cover.replaceChildren(...(waits ? [make("span", "", "Loading…")] : []))
}

function update_pane(box, pane, data) {
  pane.data = data
  const signature = JSON.stringify([data, box.data.panes.length, box.data.may_judge])
  if (pane.signature === signature) return
  pane.signature = signature
  pane.root.setAttribute("aria-label", `${data.letter}: ${data.title}`)
  if (data.poster && pane.video) pane.video.poster = data.poster
  pane.video?.setAttribute("aria-label", data.title)
  show_head(box, pane)
  show_below(box, pane)
  if (!pane.video) show_words(pane)
}

function show_head(box, pane) {
  const { data } = pane
  const letter = make("span", `letter ${data.letter}`, data.letter)
  const speaker = make("span", "speaker")
  speaker.title = "You hear this one"
  speaker.append(icon("sound"))
  const tools = make("span", "tools")
  const at = box.data.panes.findIndex((one) => one.id === data.id)
  // Two are swapped in the transport.
  if (at > 0 && box.data.panes.length > 2) tools.append(button("tool", "swap", swap_words(box, at), () => swap(box, at)))
  tools.append(button("tool", "remove", `Take ${data.letter} out of the comparison`, () => leave_out(box, data.id)))
  pane.head.replaceChildren(letter, speaker, tools)
}

const swap_words = (box, at) => `Swap ${box.data.panes[at - 1].letter} and ${box.data.panes[at].letter}`

function swap(box, at) {
  const ids = box.data.panes.map((pane) => pane.id)
  ;[ids[at - 1], ids[at]] = [ids[at], ids[at - 1]]
  box.tell("order", ids)
}

function leave_out(box, id) {
  box.tell("order", box.data.panes.map((pane) => pane.id).filter((one) => one !== id))
}

function show_words(pane) {
  const { data } = pane
  pane.cover.className = `cover shown quiet ${data.state}`
  const parts = [make("b", "", data.state === "absent" ? data.title : data.words)]
  if (data.state === "absent") parts.push(make("span", "", data.words))
  if (data.link) {
    const link = make("a", "", "Open it in the queue")
    link.href = data.link
    parts.push(link)
  }
  pane.cover.replaceChildren(...parts)
}

function show_below(box, pane) {
  const { data } = pane
  if (data.state !== "there") {
    pane.below.replaceChildren(...(data.state === "absent" ? [] : [make("div", "title", data.title)]))
    return
  }
  const title = make("div", "title", data.title)
  title.title = data.title
  const parts = [title, acts(box, pane)]
  if (data.note) parts.push(make("div", "said", data.note))
  if (data.verdict && data.comment) parts.push(make("div", "said", `“${data.comment}”`))
  const pressed = pane.below.querySelector(".act:focus")?.classList[1]
  pane.below.replaceChildren(...parts)
  if (pressed) pane.below.querySelector(`.${pressed}`)?.focus()
}

function acts(box, pane) {
  const { data } = pane
  const row = make("div", "acts")
  const favour = act("favourite", data.favourite ? "Favourite" : "Add to favourites", "Favourite", data.favourite)
  favour.onclick = () => {
    favour.setAttribute("aria-pressed", String(!data.favourite))
    box.tell("favour", { id: data.id, favourite: !data.favourite })
  }
  row.append(favour)
  const offered = box.data.may_judge ? box.data.verdicts : box.data.verdicts.filter(([word]) => word === data.verdict)
  offered.forEach(([word, words]) => {
    const given = data.verdict === word
    const made = act(word, given ? `${words} (press to withdraw)` : ACTS[word], given ? words : ACTS[word], given)
    made.disabled = !box.data.may_judge
    made.onclick = () => judge(box, pane, made, word)
    row.append(made)
  })
  return row
}

function act(name, words, label, pressed) {
  const made = make("button", `act ${name}`)
  made.type = "button"
  made.title = words
  made.setAttribute("aria-label", label)
  made.setAttribute("aria-pressed", String(pressed))
  made.append(icon(name), make("span", "", label))
  return made
}

function judge(box, pane, pressed, word) {
  const { data } = pane
  const withdraws = data.verdict === word
  if (word === "needs_change" && !withdraws) return ask_what(box, pane)
  pane.below.querySelectorAll(".act:not(.favourite)").forEach((one) => one.setAttribute("aria-pressed", "false"))
  pressed.setAttribute("aria-pressed", String(!withdraws))
  box.tell("judge", { id: data.id, verdict: withdraws ? null : word, comment: "" })
}

function ask_what(box, pane) {
  pane.below.querySelector("form")?.remove()
  const form = make("form", "ask")
  const field = make("textarea")
  Object.assign(field, { required: true, maxLength: box.data.longest_comment, rows: 2 })
  field.placeholder = "What has to change?"
  field.setAttribute("aria-label", `What has to change in ${pane.data.letter}?`)
  const send = make("button", "button primary", "Ask for a change")
  const leave = make("button", "button", "Cancel")
  leave.type = "button"
  leave.onclick = () => form.remove()
  form.onsubmit = (event) => {
    event.preventDefault()
    if (!field.value.trim()) return field.focus()
    box.tell("judge", { id: pane.data.id, verdict: "needs_change", comment: field.value })
    form.remove()
  }
  form.append(field, send, leave)
  pane.below.append(form)
  field.focus()
}

// ---- sizes

function lay_out(box) {
  const width = box.stage.clientWidth
  if (!width || !box.panes.length) return
  const full = box.player.matches(":fullscreen")
  const height = full ? innerHeight - box.transport.offsetHeight - 48 : limited(innerHeight * 0.62, 240, 900)
  box.player.classList.toggle("full", full)
  box.stage.classList.toggle("wipe", box.mode === "wipe")
  box.mode === "wipe" ? lay_over(box, width, height) : lay_beside(box, width, height, full)
  show_wipe(box)
  box.panes.forEach((pane) => pane.video && choose_source(box, pane))
}

function ratios_of(box) {
  const known = box.panes.find((pane) => pane.data.ratio)?.data.ratio ?? 16 / 9
  return box.panes.map((pane) => pane.data.ratio ?? known)
}

function lay_over(box, width, height) {
  const ratios = ratios_of(box)
  const frame_height = Math.floor(Math.min(height, width / Math.max(...ratios)))
  const frame_width = Math.floor(Math.min(width, frame_height * Math.max(...ratios)))
  box.stage.style.gridTemplateColumns = `repeat(2, ${frame_width / 2}px)`
  box.panes.forEach((pane) => set_size(pane, frame_width, frame_height, frame_width / 2 - GAP_PX))
}

function lay_beside(box, width, height, full) {
  const ratios = ratios_of(box)
  const below = full ? 0 : BELOW_PX
  const ways = ratios.map((_, index) => way(ratios, index + 1, width, height, below))
  // More rows only where they make the pictures clearly larger.
  let best = ways.reverse().reduce((a, b) => (b.height > a.height * 1.2 ? b : a))
  // On a phone a video that is too small to judge is worse than one to scroll to.
  if (width < 560 && Math.min(...ratios) * best.height < 140) best = { columns: 1, height: innerHeight * 0.42 }
  const most = best.height
  box.stage.style.gridTemplateColumns = `repeat(${best.columns}, max-content)`
  box.panes.forEach((pane, index) => {
    const frame_height = Math.floor(Math.min(most, width / ratios[index]))
    const frame_width = Math.floor(frame_height * ratios[index])
    set_size(pane, frame_width, frame_height, frame_width)
  })
}

// The height that all have in a grid of so many columns.
function way(ratios, columns, width, height, below) {
  const rows = Math.ceil(ratios.length / columns)
  const widest = Array.from({ length: columns }, (_, column) =>
    Math.max(...ratios.filter((_, index) => index % columns === column)),
  )
  const by_width = (width - GAP_PX * (columns - 1)) / widest.reduce((sum, one) => sum + one, 0)
  const by_height = (height - (rows - 1) * (GAP_PX + below)) / rows
  return { columns, height: Math.min(by_width, Math.max(by_height, 120)) }
}

function set_size(pane, width, height, below) {
  pane.width = width
  pane.frame.style.width = `${width}px`
  pane.frame.style.height = `${height}px`
  pane.below.style.width = `${Math.max(below, 0)}px`
}

// The smallest file that is sharp at its size. A larger one is fetched when it grows, never a
// smaller one when it shrinks.
function choose_source(box, pane) {
  const { sources } = pane.data
  if (pane.failed || !sources.length) return
  const needed = pane.width * devicePixelRatio * 0.95
  const sharp = [...sources].reverse().find((one) => one.width >= needed) ?? sources[0]
  const asked = sources.find((one) => one.kind === box.quality) ?? (box.quality === "auto" ? sharp : sources[0])
  const grows = !pane.source || box.quality !== "auto" || asked.width > pane.source.width
  if (!grows || pane.source?.address === asked.address) return
  pane.source = asked
  pane.aim = null
  pane.video.src = asked.address
  pane.video.playbackRate = box.speed
  pane.aim = Math.min(position(box), last_of(pane))
  if (box.wanted) gather(box, position(box))
  else beat_on(box)
}

// ---- the wipe

function show_wipe(box) {
  let handle = box.stage.querySelector(".handle")
  if (box.mode !== "wipe") {
    handle?.remove()
    return
  }
  if (!handle) {
    handle = make_handle(box)
    box.stage.append(handle)
  }
  const width = box.panes[0].width
  handle.style.width = `${width}px`
  set_cut(box, box.cut)
}

function make_handle(box) {
  const surface = make("div", "handle")
  const knob = make("div", "knob")
  knob.tabIndex = 0
  knob.setAttribute("role", "slider")
  knob.setAttribute("aria-label", "Wipe between the two videos")
  knob.setAttribute("aria-valuemin", "0")
  knob.setAttribute("aria-valuemax", "100")
  knob.append(make("span", "line"), icon("side"))
  surface.append(knob)
  const drag = (event) => {
    const { left, width } = surface.getBoundingClientRect()
    set_cut(box, ((event.clientX - left) / width) * 100)
  }
  surface.onpointerdown = (event) => {
    if (event.button !== 0) return
    surface.setPointerCapture(event.pointerId)
    surface.onpointermove = drag
    drag(event)
  }
  surface.onpointerup = surface.onpointercancel = () => (surface.onpointermove = null)
  knob.onkeydown = (event) => wipe_by_key(box, event)
  return surface
}

function wipe_by_key(box, event) {
  const step = event.shiftKey ? 10 : 1
  const to = {
    ArrowLeft: box.cut - step,
    ArrowDown: box.cut - step,
    ArrowRight: box.cut + step,
    ArrowUp: box.cut + step,
    PageDown: box.cut - 10,
    PageUp: box.cut + 10,
    Home: 0,
    End: 100,
  }[event.key]
  if (to === undefined) return
  event.preventDefault()
  event.stopPropagation()
  set_cut(box, to)
}

function set_cut(box, cut) {
  box.cut = limited(cut, 0, 100)
  box.stage.style.setProperty("--cut", `${box.cut}%`)
  const knob = box.stage.querySelector(".knob")
  knob.setAttribute("aria-valuenow", Math.round(box.cut))
  knob.setAttribute("aria-valuetext", `${Math.round(box.cut)} per cent of A`)
}

// ---- the transport

function show_transport(box) {
  if (!box.transport.childElementCount) build_transport(box)
  const { layout, swap: swapper } = box.parts
  const two = can_wipe(box)
  layout.hidden = !two
  swapper.hidden = box.panes.length !== 2
  show_sound_choices(box)
  show_marks(box)
  show_layout(box)
  show_time(box, performance.now())
}

function build_transport(box) {
  const parts = (box.parts = {})
  parts.track = make_track(box)
  parts.play = button("round", "play", "Play (space)", () => toggle(box))
  parts.time = make("span", "time")
  parts.step = make("span", "in-step")
  parts.loop = button("tool", "loop", "Loop (L)", () => set_loop(box, !box.loop))
  parts.sound = make("span", "choice sound")
  parts.sound.setAttribute("role", "radiogroup")
  parts.sound.setAttribute("aria-label", "Sound")
  parts.layout = make_layout_choice(box)
  parts.swap = button("tool", "swap", "Swap the two videos", () => swap(box, 1))
  const line = make("div", "line-of-tools")
  const go = make("span", "go")
  go.append(
    button("tool", "back", "One frame back (,)", () => step_frame(box, -1)),
    parts.play,
    button("tool", "forward", "One frame on (.)", () => step_frame(box, 1)),
    parts.time,
    parts.step,
  )
  const more = make("span", "more")
  more.append(parts.sound, speed_choice(box), parts.loop, quality_choice(box), parts.layout, parts.swap)
  if (document.fullscreenEnabled) more.append(button("tool", "full", "Full screen", () => toggle_full(box)))
  line.append(go, more)
  box.transport.append(parts.track, line)
  set_loop(box, box.loop)
}

function make_track(box) {
  const track = make("div", "track")
  const scrub = make("input", "scrub")
  Object.assign(scrub, { type: "range", min: 0, step: "any", value: 0 })
  scrub.setAttribute("aria-label", "Position of all videos")
  scrub.oninput = () => {
    box.resumes ??= box.wanted
    box.wanted = false
    settle(box, Number(scrub.value))
  }
  scrub.onchange = () => {
    if (box.resumes) play(box)
    box.resumes = null
    scrub.blur()
  }
  track.append(scrub, make("div", "marks"))
  return track
}

function speed_choice(box) {
  const offered = SPEEDS.map((speed) => [speed, `${speed}×`])
  return select("Speed", offered, box.speed, (value) => set_speed(box, Number(value)))
}

function quality_choice(box) {
  const offered = [["auto", "Auto"], ["web", "Full size"], ["480p", "480p"], ["360p", "360p"]]
  return select("Quality", offered, box.quality, (value) => {
    box.quality = value
    playable(box).forEach((pane) => choose_source(box, pane))
  })
}

function select(label, options, value, choose) {
  const made = make("select", "pick")
  made.title = label
  made.setAttribute("aria-label", label)
  options.forEach(([key, words]) => {
    const option = make("option", "", words)
    option.value = key
    option.selected = key === value
    made.append(option)
  })
  made.onchange = () => {
    choose(made.value)
    made.blur()
  }
  return made
}

function make_layout_choice(box) {
  const choice = make("span", "choice layout")
  choice.setAttribute("role", "radiogroup")
  choice.setAttribute("aria-label", "Layout")
  for (const [mode, words] of [["side", "Side by side"], ["wipe", "Wipe"]]) {
    const made = button("tool", mode, words, () => set_mode(box, mode))
    made.dataset.mode = mode
    made.setAttribute("role", "radio")
    choice.append(made)
  }
  return choice
}

function set_mode(box, mode) {
  box.mode = mode
  show_layout(box)
  lay_out(box)
  box.stage.querySelector(".knob")?.focus({ preventScroll: true })
}

function show_layout(box) {
  box.parts.layout.querySelectorAll("button").forEach((one) => {
    one.setAttribute("aria-checked", String(one.dataset.mode === box.mode))
  })
}

function set_loop(box, loop) {
  box.loop = loop
  box.parts.loop.setAttribute("aria-pressed", String(loop))
}

function toggle_full(box) {
  document.fullscreenElement ? document.exitFullscreen() : box.player.requestFullscreen()
}

function show_sound_choices(box) {
  const signature = JSON.stringify(box.panes.map((pane) => [pane.data.id, Boolean(pane.video)]))
  if (box.sound_signature === signature) return
  box.sound_signature = signature
  const off = button("tool", "silent", "No sound (M)", () => hear(box, null))
  off.setAttribute("role", "radio")
  off.dataset.id = ""
  const one_each = box.panes.filter((pane) => pane.video).map(({ data }) => {
    const made = make("button", "tool letter-choice", data.letter)
    made.type = "button"
    made.title = `Sound of ${data.letter}`
    made.setAttribute("aria-label", made.title)
    made.setAttribute("role", "radio")
    made.dataset.id = data.id
    made.onclick = (event) => {
      hear(box, data.id)
      if (event.detail) made.blur()
    }
    return made
  })
  box.parts.sound.replaceChildren(off, ...one_each)
  show_sound(box)
}

function show_sound(box) {
  box.parts?.sound.querySelectorAll("button").forEach((one) => {
    one.setAttribute("aria-checked", String(one.dataset.id === (box.heard ?? "")))
  })
}

// Where each shorter video ends.
function show_marks(box) {
  const end = whole(box)
  box.parts.track.querySelector(".scrub").max = end
  const ends = new Map()
  playable(box)
    .filter((pane) => length_of(pane) < end - 0.1)
    .forEach((pane) => {
      const per_cent = Math.round((length_of(pane) / end) * 100)
      ends.set(per_cent, [...(ends.get(per_cent) ?? []), pane.data.letter])
    })
  const marks = [...ends].map(([per_cent, letters]) => {
    const mark = make("span", `mark ${letters[0]}`, letters.join(" "))
    mark.style.left = `${per_cent}%`
    return mark
  })
  box.parts.track.querySelector(".marks").replaceChildren(...marks)
}

function show_time(box, now) {
  const { time, track, play: knob, step } = box.parts
  const at = position(box)
  const scrub = track.querySelector(".scrub")
  scrub.value = at
  scrub.setAttribute("aria-valuetext", `${at.toFixed(1)} seconds`)
  scrub.style.setProperty("--played", `${(at / (whole(box) || 1)) * 100}%`)
  time.textContent = `${at.toFixed(2)} / ${whole(box).toFixed(2)} s`
  if (knob.dataset.playing !== String(box.wanted)) {
    knob.dataset.playing = box.wanted
    knob.replaceChildren(icon(box.wanted ? "pause" : "play"))
    knob.title = box.wanted ? "Pause (space)" : "Play (space)"
    knob.setAttribute("aria-label", knob.title)
  }
  if (now - box.said_at < SAID_EVERY_MS && box.wanted) return
  box.said_at = now
  const apart = box.wanted ? spread_ms(box) : null
  step.textContent = apart === null ? "" : `in step, ${apart} ms`
  step.title = "How far the videos are apart"
}

function act_by_key(box, event) {
  const from = event.composedPath()[0]
  const writes = /^(TEXTAREA|SELECT)$/.test(from.tagName) || from.isContentEditable
  const types = from.tagName === "INPUT" && from.type !== "range"
  if (event.ctrlKey || event.metaKey || event.altKey || writes || types || event.defaultPrevented) return
  if (document.querySelector("[role=dialog]")) return
  const acts = {
    " ": () => toggle(box),
    ArrowLeft: () => seek(box, position(box) - 1),
    ArrowRight: () => seek(box, position(box) + 1),
    ",": () => step_frame(box, -1),
    ".": () => step_frame(box, 1),
    l: () => set_loop(box, !box.loop),
    m: () => hear(box, box.heard ? null : (playable(box)[0]?.data.id ?? null)),
  }
  const pressed = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  // On a button the space bar presses that button.
  if (!pressed || (event.key === " " && /^(BUTTON|A|SUMMARY)$/.test(from.tagName))) return
  event.preventDefault()
  pressed()
}

// ---- what they differ in

function show_facts(box) {
  const { columns, rows, prompts, same_prompt, unmarked } = box.data
  const signature = JSON.stringify([columns, rows, prompts, same_prompt])
  if (box.facts_signature === signature) return
  box.facts_signature = signature
  if (columns.length < 2) return box.facts.replaceChildren()
  const different = rows.filter((row) => row.differs)
  const same = rows.filter((row) => !row.differs)
  const parts = []
  if (different.length || !same_prompt) {
    parts.push(make("h2", "", "What differs"))
    if (unmarked) parts.push(make("p", "note", UNMARKED))
    parts.push(table(columns, different, same_prompt ? null : prompts))
  }
  if (same.length || same_prompt) {
    parts.push(make("h2", "", "The same in all"), common(same, same_prompt ? prompts[0] : null))
  }
  box.facts.replaceChildren(...parts)
}

function table(columns, rows, prompts) {
  const scroll = make("div", "scroll")
  const made = make("table")
  made.style.setProperty("--columns", columns.length)
  const head = make("tr")
  head.append(make("td"), ...columns.map((letter) => column_head(letter)))
  made.append(head)
  if (prompts) made.append(line("Prompt", prompts.map((parts) => marked(parts))))
  rows.forEach((row) => made.append(line(row.label, row.values.map((value) => [value]))))
  scroll.append(made)
  return scroll
}

function column_head(letter) {
  const head = make("th")
  head.scope = "col"
  head.append(make("span", `letter ${letter}`, letter))
  return head
}

function line(label, cells) {
  const row = make("tr")
  const head = make("th", "", label)
  head.scope = "row"
  row.append(head)
  cells.forEach((content) => {
    const cell = make("td")
    cell.append(...content)
    row.append(cell)
  })
  return row
}

const marked = (parts) => parts.map(([text, differs]) => (differs ? make("mark", "", text) : text))

function common(rows, prompt) {
  const list = make("dl")
  if (prompt) list.append(pair("Prompt", prompt.map(([text]) => text).join(""), "long"))
  rows.forEach((row) => list.append(pair(row.label, row.values[0])))
  return list
}

function pair(label, words, className = "") {
  const made = make("div", className)
  made.append(make("dt", "", label), make("dd", "", words))
  return made
}
