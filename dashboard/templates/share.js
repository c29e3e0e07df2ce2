// Once the video really plays, it is counted; the server counts a browser session once.
document.addEventListener("playing", ({ target }) => {
  const { played } = target.dataset;
  delete target.dataset.played;
  if (played) fetch(played, { method: "POST", keepalive: true });
}, true);

// A file's address may have ended while the page was open. Asking anew gives another one, and when
// the link itself has ended meanwhile, the page that says so.
let asked = 0;
document.addEventListener("error", async ({ target }) => {
  if (target.tagName !== "VIDEO" || Date.now() - asked < 10000) return;
  asked = Date.now();
  const at = target.currentTime;
  const answer = await fetch(location.href);
  if (!answer.ok) return show("main", await answer.text());
  target.load();
  target.currentTime = at;
  if (at) target.play();
}, true);

// Forms are sent in the background, so that the video goes on playing. Without this script the
// browser sends them itself.
document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  event.submitter.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields });
    // The password was right: the page behind it is another one, with a style of its own.
    if (answer.redirected && form.dataset.part === "main") return location.replace(answer.url);
    show(form.dataset.part, await answer.text());
  } finally {
    event.submitter.disabled = false;
  }
});

function show(part, html) {
  // The policy of this page also judges a style that is only read, and knows no other's.
  const plain = html.replace(/<style>.*?<\/style>/s, "");
  const fresh = new DOMParser().parseFromString(plain, "text/html");
  const whole = fresh.querySelector(part) ? part : "main";
  document.querySelector(whole).replaceWith(fresh.querySelector(whole));
  document.title = fresh.title;
  document.querySelector("#problem")?.scrollIntoView({ block: "nearest" });
}
