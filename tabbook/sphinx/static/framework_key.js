/* The key F switches to the next framework of the page. The menu beside the chooser names the key,
   and can switch it off, for readers who type by voice. */
window.addEventListener("DOMContentLoaded", () => {
  const chooser = document.getElementById("framework-chooser");
  const box = document.querySelector("#framework-compare input[type=checkbox]");
  if (!chooser || !box) return;
  const KEY = "framework-key";
  try {
    box.checked = localStorage.getItem(KEY) !== "off";
  } catch {
    // The browser may block storage; the key works.
  }
  const tell = () => {
    if (box.checked) chooser.setAttribute("aria-keyshortcuts", "F");
    else chooser.removeAttribute("aria-keyshortcuts");
    chooser.title = box.checked ? "Key F: next framework" : "";
  };
  tell();
  box.addEventListener("change", () => {
    tell();
    try {
      localStorage.setItem(KEY, box.checked ? "on" : "off");
    } catch {
      // It still applies to this page.
    }
  });

  const types = (element) => element.isContentEditable || element.matches(
    "select, textarea, input:not([type=radio], [type=checkbox], [type=range], [type=button])");
  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.key.toLowerCase() !== "f" || event.repeat || event.isComposing
      || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey
      || event.defaultPrevented || types(event.target)
      || document.querySelector("dialog[open]")) return;
    const here = [...chooser.options].filter((option) => !option.disabled);
    if (here.length < 2) return;                      // a page in one framework
    event.preventDefault();
    chooser.value = here[(here.indexOf(chooser.selectedOptions[0]) + 1) % here.length].value;
    chooser.dispatchEvent(new Event("change", { bubbles: true }));
    document.getElementById("page-status").textContent =
      `Code in ${chooser.selectedOptions[0].textContent}`;
  });
});
