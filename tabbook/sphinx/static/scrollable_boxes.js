/* The theme makes boxes that scroll focusable, but searches for them only when the window is
   resized. Opened tabs and folds may show new boxes, so trigger the search again. */
for (const kind of ["change", "click", "toggle"]) {
  document.addEventListener(kind, () => window.dispatchEvent(new Event("resize")), true);
}

/* The theme ignores formulas, but one wider than its box must be focusable as well. */
const reachFormulas = () => {
  for (const box of document.querySelectorAll(".formula, .unbroken")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
window.addEventListener("resize", reachFormulas);
window.addEventListener("load", reachFormulas);
