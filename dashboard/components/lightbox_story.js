function show_story(box) {
  const { data } = box
  const prompts = [data.id, data.prompt, data.sent_prompt, data.description]
  draw(box, "prompt", prompts, () => prompt(data))
  draw(box, "images", [data.id, data.images], () => images(data))
  draw(box, "verdicts", [data.id, data.verdicts], () => verdict_history(data))
  draw(box, "facts", [data.id, data.facts, data.money], () => facts(data))
  draw(box, "phases", [data.id, data.phases], () => phases(data))
}

function prompt({ prompt: words, sent_prompt, description }) {
  const parts = [copied_words("Prompt", words)]
  if (sent_prompt) parts.push(copied_words("As it was sent to fal", sent_prompt))
  if (description) parts.push(labelled("Description", make("p", "prompt", description)))
  return parts
}

function copied_words(heading, words) {
  const made = labelled(heading, make("p", "prompt", words))
  const button = named(copy_button("copy", "", words), `Copy: ${heading}`)
  made.querySelector("h3").append(button)
  return made
}

function images({ images }) {
  if (!images.length) return []
  const row = make("div", "images")
  row.append(
    ...images.map(({ address, words }) => {
      const figure = make("figure")
      const image = make("img")
      Object.assign(image, { src: address, alt: words, loading: "lazy" })
      image.onerror = () => figure.replaceChildren(make("p", "faint", `${words}: the file can't be loaded.`))
      figure.append(image, make("figcaption", "faint", words))
      return figure
    }),
  )
  return [labelled("Made from", row)]
}

function verdict_history({ verdicts }) {
  if (!verdicts.length) return []
  const list = make("ol", "history")
  list.append(
    ...verdicts.map(({ value, by, at, comment }) => {
      const item = make("li", value ?? "withdrawn")
      item.append(make("b", "", value ? GIVEN[value] : "Verdict taken back"), make("span", "faint", ` ${by}, ${at}`))
      if (comment) item.append(make("p", "", comment))
      return item
    }),
  )
  return [labelled("Verdicts", list)]
}

function facts({ facts: lines, money }) {
  const parts = [labelled("Settings", listed(lines))]
  if (money.length) parts.push(labelled("Money", listed(money)))
  return parts
}

function listed(lines) {
  const list = make("dl")
  list.append(...lines.flatMap(([label, words]) => [make("dt", "", label), make("dd", "", words)]))
  return list
}

function phases({ phases: { rows, total } }) {
  if (!rows.length) return []
  const table = make("div", "phases")
  for (const { name, color, left, width, words } of rows) {
    const bar = make("span", "phase")
    const filled = make("i")
    Object.assign(filled.style, { left: `${left}%`, width: `${width}%`, background: color })
    bar.append(filled)
    table.append(make("span", "", name), bar, make("span", "long", words))
  }
  table.append(make("b", "", "All together"), make("span"), make("b", "long", total))
  return [labelled("Where the time went", table)]
}
