export default function ({ data, parentElement }) {
  const field = parentElement.querySelector("input");
  const button = parentElement.querySelector("button");
  field.value = data.address;
  field.onfocus = () => field.select();
  button.onclick = async () => {
    button.textContent = (await copy(field)) ? "Copied" : "Press Ctrl+C";
  };
}

async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Browsers offer the clipboard on secure addresses only; this older way works on all.
    return document.execCommand("copy");
  }
}
