/* What sphinx-design's synchronised tabs leave open. It remembers the choice (localStorage) and
   reads it from ?framework=; without this script the tabs still work, without either they still
   switch one by one. */
(() => {
  const GROUP = "framework";
  const labels = JSON.parse(document.currentScript.dataset.frameworks);

  const inputs = (framework) =>
    document.querySelectorAll(
      `.sd-tab-set > input:has(+ [data-sync-group="${GROUP}"][data-sync-id="${framework}"])`);

  const setAddress = (framework) => {
    const url = new URL(window.location);
    if (framework) url.searchParams.set(GROUP, framework);
    else url.searchParams.delete(GROUP);
    try {
      history.replaceState(history.state, "", url);
    } catch {
      // Some browsers forbid it for a page opened from the file system: the choice still holds.
    }
  };

  // A mistyped name would be stored by sphinx-design, and then no tab would be chosen anywhere.
  const asked = new URL(window.location).searchParams.get(GROUP);
  if (asked !== null && !Object.hasOwn(labels, asked)) setAddress(null);

  // Other tab sets above change their height too: keep the clicked tab under the pointer.
  let label = null;
  let top = 0;
  const frameworkLabel = (input) =>
    input.nextElementSibling?.dataset.syncGroup === GROUP ? input.nextElementSibling : null;
  document.addEventListener("change", (event) => {
    label = frameworkLabel(event.target);             // capturing: before the others switch
    top = label?.getBoundingClientRect().top;
  }, true);
  document.addEventListener("change", (event) => {
    if (!label || label !== frameworkLabel(event.target)) return;
    window.scrollBy({ top: label.getBoundingClientRect().top - top, behavior: "instant" });
    setAddress(label.dataset.syncId);                 // or a reload would undo the choice
    document.querySelector(".framework-tabs-absent")?.remove();
  });

  const prefix = () =>
    document.querySelector("script[data-sd-tabs-storage-prefix]")
      ?.dataset.sdTabsStoragePrefix ?? "sphinx-design-tab-id-";

  // The same book in another window follows.
  window.addEventListener("storage", (event) => {
    if (event.key !== prefix() + GROUP || !Object.hasOwn(labels, event.newValue ?? "")) return;
    const chosen = inputs(event.newValue);
    chosen.forEach((input) => { input.checked = true; });
    if (chosen.length) setAddress(event.newValue);
  });

  // After sphinx-design chose: say so where this page lacks the chosen framework.
  window.addEventListener("load", () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem(prefix() + GROUP);
    } catch {
      // Storage may be blocked: then nothing was chosen before.
    }
    if (!Object.hasOwn(labels, chosen ?? "")) return;
    const first = document.querySelector(".framework-tabs");
    if (!first) return;
    if (inputs(chosen).length) {
      setAddress(chosen);                             // so that the address can be passed on
      return;
    }
    const shown = first.querySelector(":scope > input:checked + label");
    const note = document.createElement("p");
    note.className = "framework-tabs-absent";
    note.textContent = `This page has no ${labels[chosen]}; it shows ${shown.textContent.trim()}.`;
    first.before(note);
  });
})();
