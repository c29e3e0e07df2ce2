const PAUSE_MS = 600;
const mounted = new WeakMap();

export default function ({ data, parentElement }) {
  const shown = parentElement.querySelector(".count");
  const kept = mounted.get(parentElement) ?? { field: null, timer: 0, stop() {} };
  mounted.set(parentElement, kept);

  // Streamlit marks the element of a widget with a class made from its key.
  const field = document.querySelector(`.st-key-${CSS.escape(data.field)} textarea`);

  const show = () => {
    // While nobody types, the field may not have got its new value yet; the server knows it.
    const typing = field && field === document.activeElement;
    const length = typing ? [...field.value.trim()].length : data.length;
    const room = data.most - length;
    const few = length > 0 && length < data.least;
    shown.classList.toggle("off", few || room < 0);
    shown.textContent = few
      ? `${length} / ${data.most} · at least ${data.least}`
      : room < 0
        ? `${length} / ${data.most} · ${-room} too many`
        : `${length} / ${data.most}`;
  };

  const handOver = () => {
    clearTimeout(kept.timer);
    kept.timer = setTimeout(() => {
      if (document.activeElement !== field) return;
      field.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true }),
      );
    }, PAUSE_MS);
  };

  if (field !== kept.field) {
    kept.stop();
    const typed = (event) => {
      kept.show();
      if (!event.isComposing) handOver();
    };
    field?.addEventListener("input", typed);
    kept.field = field;
    kept.stop = () => {
      clearTimeout(kept.timer);
      field?.removeEventListener("input", typed);
    };
  }
  kept.show = show;
  show();

  return () => {
    kept.stop();
    mounted.delete(parentElement);
  };
}
