/* A second framework beside the chosen one: from the menu in the header, or from ?compare=. The
   script marks the panels of that framework, and framework_compare.css shows them. */
(() => {
  const { storageKey } = document.currentScript.dataset;
  const { labels, known, stored, store, recall, setAddress, keepInPlace, inView,
    whenChosenElsewhere } = window.frameworkTabs;
  const NAME = "compare", KEY = `${storageKey}-compare`, NONE = "none";
  const valid = (value) => (value === NONE ? value : known(value));

  let second = recall(NAME, KEY, valid) ?? NONE;
  let shown = window.frameworkTabs.opened;            // then the last event of framework_tabs.js
  const settle = () => {
    // A reader who chooses the second framework wants the two the other way round.
    if (second === shown.first) second = shown.before ?? NONE;
    if (second === shown.first) second = NONE;
  };
  settle();

  const panels = () => document.querySelectorAll(".framework-tabs > .sd-tab-content");
  const mark = () => panels().forEach((panel) => {
    const framework = panel.previousElementSibling.dataset.syncId;
    const empty = panel.classList.contains("framework-tabs-none");
    panel.classList.toggle("compared", framework === second && !empty);
    if (second === NONE) ["role", "aria-label"].forEach((name) => panel.removeAttribute(name));
    else {
      panel.setAttribute("role", "group");
      panel.setAttribute("aria-label", labels[framework]);
    }
  });
  // On a page without the second framework or without tabs, nothing is compared.
  const compares = () => document.querySelector(
    ".framework-tabs > input:not(:checked) + label + .compared") !== null;
  const markPage = () => {
    mark();
    document.documentElement.classList.toggle("comparing", compares());
  };

  const show = () => {
    settle();
    markPage();
    setAddress(NAME, compares() ? second : null);
    if (second !== NONE || stored(KEY, valid)) store(KEY, second);

    const menu = document.getElementById("framework-compare");
    if (!menu) return;
    const select = menu.querySelector("select");
    for (const option of select.options) {
      option.disabled = option.value === shown.first || "absent" in option.dataset;
    }
    select.value = second;
    document.getElementById("framework-compare-button").lastElementChild.textContent =
      second === NONE ? "Compare" : `Compared with ${labels[second]}`;
  };
  const choose = (framework) => {
    if (framework === second) return;
    second = framework;
    show();
  };

  // While the page is parsed, show both before they are painted.
  const arriving = new MutationObserver(markPage);
  if (second !== NONE) arriving.observe(document, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => {
    arriving.disconnect();
    const button = document.getElementById("framework-compare-button");
    const menu = document.getElementById("framework-compare");
    menu?.addEventListener("toggle", () => {          // below its button, inside the window
      const { left, bottom } = button.getBoundingClientRect();
      const right = document.documentElement.clientWidth - menu.offsetWidth;
      menu.style.left = `${Math.max(0, Math.min(left, right))}px`;
      menu.style.top = `${bottom}px`;
    });
    menu?.querySelector("select").addEventListener("change", ({ target }) => {
      keepInPlace(inView(), () => choose(target.value));
    });
  });
  document.addEventListener("frameworkshown", ({ detail }) => {
    shown = detail;
    show();
  });

  whenChosenElsewhere(KEY, () => {
    const newest = stored(KEY, valid);
    if (newest && newest !== second) keepInPlace(inView(), () => choose(newest));
    else setAddress(NAME, compares() ? second : null);
  });
})();
