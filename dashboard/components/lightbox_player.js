const WATCHED_S = 2
const LONGEST_STEP_S = 1
const NARROW = "(max-width: 640px)"

let wanted_kind = null

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

// What the person chose last; on phones and where data is dear, 480p.
function choose_source(box) {
  const left = box.data.sources.filter((one) => !box.failed.has(one.kind))
  const sparing = matchMedia(NARROW).matches || navigator.connection?.saveData
  const wanted = wanted_kind ?? (sparing ? "480p" : null)
  return left.find((one) => one.kind === wanted) ?? left[0] ?? null
}

function show_stage(box) {
  const stage = box.root.querySelector(".stage")
  box.root.querySelector(".lightbox").style.setProperty("--ratio", box.data.ratio)
  // The player stays as it is while only the words beside it change.
  const playing = box.data.sources.find((one) => one.kind === box.source?.kind)
  if (!playing || playing.address !== box.source.address) {
    drop_video(box)
    box.source = choose_source(box)
    stage.replaceChildren(...backdrop(box.data), ...(box.source ? [player(box, stage)] : []))
    if (!box.source) show_trouble(box, stage)
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
  video.onerror = () => take_another(box, stage)
  video.ontimeupdate = () => count_play(box, video)
  // Reached by a click, it leaves the arrows to the lightbox; reached by Tab, they move through it.
  video.onfocus = () => video.matches(":focus-visible") || video.blur()
  video.src = box.source.address
  // A browser may refuse to start with sound; then the poster and the controls are there.
  video.play().catch(() => {})
  return video
}

// Only time that really played counts: not what was skipped, paused or waited for.
function count_play(box, video) {
  const step = video.currentTime - (box.counted_at ?? video.currentTime)
  box.counted_at = video.currentTime
  if (video.paused || video.seeking || step < 0 || step > LONGEST_STEP_S) return
  box.played_s += step
  if (box.played_s < WATCHED_S || box.told) return
  box.told = true
  box.seen(box.played_s)
}

function play_or_pause(box) {
  const video = box.root.querySelector("video")
  if (video?.paused) video.play().catch(() => {})
  else video?.pause()
}

function take_another(box, stage) {
  box.failed.add(box.source.kind)
  const other = choose_source(box)
  if (other) switch_to(box, other)
  else show_trouble(box, stage)
  show_bar(box)
}

function switch_to(box, source) {
  const video = box.root.querySelector("video")
  const [at, playing] = [video.currentTime, !video.paused || video.error]
  box.source = source
  video.src = source.address
  video.addEventListener(
    "loadedmetadata",
    () => {
      video.currentTime = Math.min(at, video.duration)
      if (playing) video.play().catch(() => {})
    },
    { once: true },
  )
  delete box.drawn.bar
  show_bar(box)
}

function show_trouble(box, stage) {
  if (stage.querySelector(".trouble")) return
  const trouble = make("div", "trouble")
  trouble.setAttribute("role", "alert")
  trouble.append(make("div", "", "This video's files can't be loaded right now."))
  const retry = () => {
    box.failed.clear()
    box.source = null
    show_stage(box)
    show_bar(box)
  }
  trouble.append(make_button("button primary", "Try again", retry))
  stage.append(trouble)
}

function steps(box) {
  const words = { previous: "Previous video (left arrow)", next: "Next video (right arrow)" }
  return Object.keys(words)
    .filter((side) => box.data[side])
    .map((side) => named(make_button(`step ${side}`, "", () => box.go(box.data[side]), side), words[side]))
}

function show_bar(box) {
  const { data } = box
  const shown = JSON.stringify([data.id, data.sources, data.files_words, box.source?.kind, [...box.failed]])
  if (box.drawn.bar === shown) return
  box.drawn.bar = shown
  const bar = box.root.querySelector(".bar")
  const choices = make("div", "segments")
  choices.setAttribute("role", "group")
  choices.setAttribute("aria-label", "Size that plays")
  choices.append(...data.sources.map((source) => size_button(box, source)))
  const words = make("span", "faint", [...failed_words(box), ...data.files_words].join(" "))
  const keys = make("span", "faint keys", "← → step · space plays · 1–5 stars · F favourite")
  bar.replaceChildren(...(data.sources.length > 1 ? [choices] : []), words, keys)
}

function size_button(box, source) {
  const choose = () => {
    wanted_kind = source.kind
    switch_to(box, source)
  }
  const button = make_button("", source.label, choose)
  button.title = `${source.words}, ${source.size}`
  button.setAttribute("aria-pressed", source.kind === box.source?.kind)
  button.disabled = box.failed.has(source.kind)
  return button
}

function failed_words(box) {
  const lost = box.data.sources.filter((one) => box.failed.has(one.kind)).map((one) => one.label)
  return lost.length && box.source ? [`The ${lost.join(" and ")} file can't be loaded.`] : []
}

function show_strip(box) {
  const signature = JSON.stringify([box.data.id, box.data.strip])
  if (box.strip === signature) return
  box.strip = signature
  const strip = box.root.querySelector(".strip")
  strip.replaceChildren(...box.data.strip.map((one) => thumb(box, one)))
  const here = strip.querySelector("[aria-current]")
  // Not scrollIntoView, which would also scroll the dialog.
  if (here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.clientWidth) / 2
}

function thumb(box, one) {
  const button = named(make_button("thumb", "", () => box.go(one.id)), one.title)
  if (one.id === box.data.id) button.setAttribute("aria-current", "true")
  const image = make("img")
  image.alt = ""
  if (one.poster) image.src = one.poster
  button.append(image)
  return button
}
