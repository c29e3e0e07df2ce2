// Rows are kept between updates and only what changed is written: a press that begins before an
// update and ends after it still counts, and nothing flickers. Text goes in as text, never as HTML.
const EMPTY = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const LOOKS = { video: "strong", open: "quiet" };
const mounted = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".queue");
  const kept = mounted.get(parentElement) ?? { rows: new Map(), heads: new Map(), timer: 0 };
  mounted.set(parentElement, kept);
  const now = performance.now() / 1000;

  list.onclick = (event) => {
    const button = event.target.closest("button[data-act]");
    if (!button) return;
    if (button.dataset.act === "stop" || button.dataset.act === "again") pause(button);
    const id = button.closest(".row").dataset.id;
    setTriggerValue("act", { name: button.dataset.act, id, press: `${Date.now()}${Math.random()}` });
  };

  const order = [];
  let stage = null;
  for (const row of data.rows) {
    if (row.stage !== stage) order.push(heading(kept.heads, row.stage, data.sections[row.stage]));
    stage = row.stage;
    let parts = kept.rows.get(row.id);
    if (!parts) {
      parts = build(data.steps);
      parts.row.dataset.id = row.id;
      kept.rows.set(row.id, parts);
    }
    fill(parts, row, now);
    order.push(parts.row);
  }
  order.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index]);
  });
  const shown = new Set(order);
  for (const element of [...list.children]) if (!shown.has(element)) element.remove();
  for (const [id, parts] of kept.rows) if (!shown.has(parts.row)) kept.rows.delete(id);

  kept.tick = () => kept.rows.forEach((parts) => showTime(parts));
  kept.tick();
  if (!kept.timer) kept.timer = setInterval(() => kept.tick(), 1000);

  return () => {
    clearInterval(kept.timer);
    mounted.delete(parentElement);
  };
}

function heading(heads, stage, section) {
  let head = heads.get(stage);
  if (!head) {
    const box = document.createElement("div");
    box.className = "section";
    box.setAttribute("role", "listitem");
    head = { box, title: make("strong", "", box), note: make("span", "", box) };
    heads.set(stage, head);
  }
  write(head.title, `${section.title} · ${section.count}`);
  write(head.note, section.note);
  return head.box;
}

function pause(button) {
  button.disabled = true;
  setTimeout(() => (button.disabled = false), 3000);
}

function make(tag, name, parent) {
  const element = document.createElement(tag);
  element.className = name;
  parent.append(element);
  return element;
}

function build(steps) {
  const row = document.createElement("div");
  row.className = "row";
  row.setAttribute("role", "listitem");
  const picture = make("img", "picture", row);
  picture.alt = "";
  picture.loading = "lazy";
  const main = make("div", "main", row);
  const title = make("button", "title", main);
  title.type = "button";
  const meta = make("div", "meta", main);
  const phase = make("div", "phase", main);
  const state = make("div", "state", row);
  const chip = make("span", "chip", state);
  const track = make("div", "steps", state);
  track.setAttribute("aria-hidden", "true");
  const bars = steps.map((name) => {
    const bar = make("i", "", track);
    bar.title = name;
    return bar;
  });
  const numbers = make("div", "numbers", row);
  const time = make("div", "time", numbers);
  const money = make("div", "money", numbers);
  const acts = make("div", "acts", row);
  return { row, picture, title, meta, phase, chip, track, bars, time, money, acts };
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill(parts, row, now) {
  parts.row.classList.toggle("hidden", row.hidden);
  write(parts.title, row.title);
  parts.title.title = row.title;
  if (row.hidden) parts.title.removeAttribute("data-act");
  else parts.title.dataset.act = "open";
  parts.title.disabled = row.hidden;
  write(parts.meta, `${row.who} · ${row.model}`);
  write(parts.phase, row.log ? `${row.phase} ${row.log}` : row.phase);
  parts.phase.className = `phase ${row.status}`;
  write(parts.chip, row.words);
  parts.chip.style.background = `var(--st-${row.color}-background-color)`;
  parts.chip.style.color = `var(--st-${row.color}-text-color)`;
  parts.track.style.display = row.active ? "" : "none";
  parts.bars.forEach((bar, index) => {
    bar.className = index < row.step ? "done" : index === row.step ? "now" : "";
  });
  write(parts.money, row.money);
  if (parts.shown !== row.picture) {
    parts.shown = row.picture;
    parts.picture.src = row.picture || EMPTY;
  }
  parts.active = row.active;
  parts.began = now - row.elapsed_s;
  parts.took = row.elapsed_s;
  parts.ended = row.ago_s === null ? null : now - row.ago_s;
  fillActs(parts, row);
}

function fillActs(parts, row) {
  const wanted = row.acts.map((act) => act.name + (act.hint ?? "")).join();
  if (parts.wanted === wanted) return;
  parts.wanted = wanted;
  parts.acts.replaceChildren();
  for (const act of row.acts) {
    const button = make("button", LOOKS[act.name] ?? "", parts.acts);
    button.type = "button";
    button.dataset.act = act.name;
    button.textContent = act.label;
    button.title = act.hint ?? "";
    button.setAttribute("aria-label", `${act.label}: ${row.title}`);
  }
}

function showTime(parts) {
  const now = performance.now() / 1000;
  const words = parts.active
    ? span(now - parts.began)
    : `took ${span(parts.took)} · ${ago(now - parts.ended)}`;
  write(parts.time, words);
}

function span(seconds) {
  const whole = Math.max(Math.round(seconds), 0);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function ago(seconds) {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
