const VERDICTS = { approved: "Approve", needs_change: "Needs change", rejected: "Reject" }
const GIVEN = { approved: "Approved", needs_change: "Needs change", rejected: "Rejected" }
const ASKS = {
  approved: "Anything to add? (optional)",
  needs_change: "What has to change?",
  rejected: "Why? (optional, but kind)",
}

function show_panel(box) {
  const { data } = box
  const answer = data.answer
  draw(box, "head", [data.id, data.title, data.person, data.made_at, data.leaves_trash, data.may, answer], () => head(box))
  const said = [data.id, data.rating, data.favourite, data.verdict, data.may, answer]
  draw(box, "opinion", said, () => opinion(box))
  draw(box, "actions", [data.id, data.files, data.may, data.leaves_trash, data.final, answer], () => actions(box))
  draw(box, "filing", [data.id, data.tags, data.campaign, data.campaigns, data.may, answer], () => filing(box))
}

function head(box) {
  const { data } = box
  const notice = data.leaves_trash
    ? [make("div", "notice", `In the trash. It is deleted for good on ${data.leaves_trash}.`)]
    : []
  const title = box.editing === "head" ? title_editor(box) : title_line(box)
  return [title, ...problem_of(box, "retitle"), by(data), ...notice]
}

function title_line(box) {
  const line = make("h2", "", box.data.title)
  if (!box.data.may.edit) return line
  const edit = named(make_button("pencil", "", () => redraw(box, "head", "head"), "edit"), "Change the title")
  edit.dataset.key = "edit"
  line.append(edit)
  return line
}

function title_editor(box) {
  const field = make("input", "field title")
  field.value = box.typed_title ?? box.data.title
  field.maxLength = box.data.limits.title
  field.setAttribute("aria-label", "Title")
  const leave = () => {
    box.typed_title = null
    redraw(box, "head", null)
  }
  const save = () => {
    if (field.value.trim() === box.data.title) return leave()
    box.ask({ do: "retitle", title: field.value })
  }
  field.oninput = () => (box.typed_title = field.value)
  field.onkeydown = (event) => event.key === "Enter" && save()
  leave_by_escape(field, leave)
  const form = make("div", "editor")
  form.append(field, make_button("button primary small", "Save", save), make_button("button small", "Cancel", leave))
  requestAnimationFrame(() => field.isConnected && field.focus())
  return form
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

function opinion(box) {
  const { data } = box
  const row = make("div", "likes")
  row.append(stars(box), heart(box))
  const told = problem_of(box, "rate", "favour", "judge")
  if (!data.may.judge) return [row, ...verdict_line(box), ...told]
  return [row, verdict_buttons(box), ...composer(box), ...told, ...verdict_line(box)]
}

function stars(box) {
  const { rating, may } = box.data
  const group = make("div", "stars")
  group.setAttribute("role", "group")
  group.setAttribute("aria-label", "Your stars")
  if (may.judge) {
    for (const n of [1, 2, 3, 4, 5]) group.append(star(box, n))
  }
  const many = rating.count === 1 ? "1 rating" : `${rating.count} ratings`
  group.append(make("span", "faint", rating.count ? `${rating.mean} · ${many}` : "No ratings yet"))
  return group
}

function star(box, n) {
  const { mine } = box.data.rating
  const words = n === mine ? `Take your ${n} stars back` : n === 1 ? "1 star" : `${n} stars`
  const button = named(make_button(n <= mine ? "star on" : "star", "", () => rate(box, n), "star"), words)
  button.setAttribute("aria-pressed", n === mine)
  button.dataset.key = `star${n}`
  return button
}

function rate(box, n) {
  box.ask({ do: "rate", stars: n === 0 || n === box.data.rating.mine ? null : n })
}

function heart(box) {
  const { favourite } = box.data
  const words = favourite ? "No favourite any more" : "Favourite"
  const button = named(make_button(favourite ? "heart on" : "heart", "", () => favour(box), "heart"), words)
  button.setAttribute("aria-pressed", favourite)
  button.dataset.key = "heart"
  return button
}

function favour(box) {
  box.ask({ do: "favour", favourite: !box.data.favourite })
}

function verdict_buttons(box) {
  const row = make("div", "verdicts")
  row.setAttribute("role", "group")
  row.setAttribute("aria-label", "Verdict")
  row.append(...Object.keys(VERDICTS).map((verdict) => verdict_button(box, verdict)))
  return row
}

function verdict_button(box, verdict) {
  const given = box.data.verdict?.value === verdict
  const asked = box.editing === "opinion" && box.composing === verdict
  const choose = () => {
    if (given) return box.ask({ do: "judge", verdict: null, comment: "" })
    if (verdict === "approved") return box.ask({ do: "judge", verdict, comment: "" })
    compose(box, verdict)
  }
  const label = given ? GIVEN[verdict] : VERDICTS[verdict]
  const button = make_button(`verdict ${verdict}${given ? " given" : ""}${asked ? " asked" : ""}`, label, choose, verdict)
  button.title = given ? "Press again to take it back" : ""
  button.setAttribute("aria-pressed", given)
  button.dataset.key = verdict
  return button
}

function compose(box, verdict) {
  box.composing = verdict
  delete box.drawn.opinion
  redraw(box, "opinion", "opinion")
}

function composer(box) {
  if (box.editing !== "opinion") return []
  const verdict = box.composing
  const field = make("textarea", "field")
  field.rows = 3
  field.maxLength = box.data.limits.comment
  field.placeholder = ASKS[verdict]
  field.setAttribute("aria-label", ASKS[verdict])
  field.value = box.typed_comment ?? ""
  field.oninput = () => (box.typed_comment = field.value)
  const leave = () => {
    box.typed_comment = null
    redraw(box, "opinion", null)
  }
  const send = () => box.ask({ do: "judge", verdict, comment: field.value })
  field.onkeydown = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && send()
  leave_by_escape(field, leave)
  const row = make("div", "editor")
  row.append(make_button("button primary small", VERDICTS[verdict], send), make_button("button small", "Cancel", leave))
  requestAnimationFrame(() => field.isConnected && field.focus())
  return [field, row]
}

function verdict_line(box) {
  const { verdict, may } = box.data
  if (!verdict) return []
  const made = make("div", `said ${verdict.value}`)
  made.append(make("b", "", GIVEN[verdict.value]), ` by ${verdict.by ?? "somebody who left"}, ${verdict.at}`)
  if (verdict.comment) made.append(make("p", "", verdict.comment))
  else if (may.judge && box.editing !== "opinion") {
    made.append(make_button("comment", "Add a comment", () => compose(box, verdict.value)))
  }
  return [made]
}

function actions(box) {
  const { data } = box
  const row = make("div", "actions")
  const [best, ...others] = data.files
  if (data.leaves_trash && data.may.edit) {
    row.append(make_button("button primary", "Restore", () => box.ask({ do: "restore" }), "restore"))
  }
  if (best) row.append(download(best, data.leaves_trash ? "button" : "button primary", true))
  const address = `${location.origin}${location.pathname}?video=${data.id}`
  row.append(copy_button("button", "Copy link", address, () => box.ask({ do: "copied" })))
  const smaller = make("div", "files")
  smaller.append(...others.map((file) => download(file, "", false)))
  return [row, smaller, ...remixing(box), ...problem_of(box, "trash", "restore", "remix", "final"), ...throwing_away(box)]
}

function download(file, className, big) {
  const link = make("a", className)
  link.href = file.address
  link.setAttribute("download", "")
  if (big) link.append(icon("download"), "Download", make("small", "", `${file.label} · ${file.size}`))
  else link.append(`${file.label} · ${file.size}`)
  return link
}

function remixing(box) {
  const { data } = box
  if (!data.may.make) return []
  const row = make("div", "actions")
  const parts = [row]
  if (data.final) {
    const words = data.has_seed ? "Same inputs and seed" : "Same inputs; the seed is not known"
    const final = make_button("button accent", `Make final in ${data.final}`, () => box.ask({ do: "final" }), "final")
    final.title = `${words}, at ${data.final}. You see the price before anything is made.`
    parts.unshift(final)
  }
  const remix = make_button("button", "Remix", () => box.ask({ do: "remix", seed: false }), "remix")
  remix.title = "Open Create with everything filled in and a new seed"
  row.append(remix)
  if (data.has_seed) {
    const same = make_button("button", "Remix, same seed", () => box.ask({ do: "remix", seed: true }), "remix")
    same.title = "Open Create with everything filled in, the seed too: small changes stay small"
    row.append(same)
  }
  return parts
}

function throwing_away(box) {
  const { data } = box
  if (!data.may.edit || data.leaves_trash) return []
  return [make_button("quiet", "Move to trash", () => box.ask({ do: "trash" }), "trash")]
}

function filing(box) {
  const { data } = box
  return [...campaign(box), ...tags(box), ...problem_of(box, "tag", "campaign")].flat()
}

function campaign(box) {
  const { data } = box
  if (!data.may.edit) return data.campaign ? [labelled("Campaign", make("p", "", data.campaign.name))] : []
  const field = make("select", "field")
  field.dataset.key = "campaign"
  field.setAttribute("aria-label", "Campaign")
  const listed = data.campaigns.some((one) => one.id === data.campaign?.id)
  const choices = [{ id: "", name: "No campaign" }, ...(data.campaign && !listed ? [data.campaign] : []), ...data.campaigns]
  for (const { id, name } of choices) field.append(new Option(name, id, false, id === (data.campaign?.id ?? "")))
  field.onchange = () => box.ask({ do: "campaign", campaign: field.value || null })
  return [labelled("Campaign", field)]
}

function tags(box) {
  const { data } = box
  const line = make("div", "tags")
  line.append(...data.tags.map((tag) => tag_chip(box, tag)))
  if (!data.may.edit) return data.tags.length ? [labelled("Tags", line)] : []
  line.append(tag_field(box))
  return [labelled("Tags", line)]
}

function tag_chip(box, tag) {
  const chip = make("span", "tag", tag)
  if (!box.data.may.edit) return chip
  const remove = () => box.ask({ do: "tag", add: [], remove: [tag] })
  chip.append(named(make_button("", "", remove, "close"), `Remove the tag ${tag}`))
  return chip
}

function tag_field(box) {
  const field = make("input", "field tag-field")
  field.dataset.key = "tag"
  field.placeholder = "Add a tag"
  field.setAttribute("aria-label", "Add a tag")
  field.maxLength = box.data.limits.tag
  field.setAttribute("list", "known-tags")
  const known = make("datalist")
  known.id = "known-tags"
  known.append(...box.data.known_tags.map((tag) => new Option(tag)))
  const add = () => {
    const tag = field.value.trim().replace(/,$/, "")
    field.value = ""
    if (tag) box.ask({ do: "tag", add: [tag], remove: [] })
  }
  field.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== ",") return
    event.preventDefault()
    add()
  }
  field.onchange = add
  leave_by_escape(field, () => field.blur())
  const both = make("span")
  both.append(field, known)
  return both
}

function labelled(words, node) {
  const made = make("section")
  made.append(make("h3", "", words), node)
  return made
}
