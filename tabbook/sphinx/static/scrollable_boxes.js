/* The theme puts boxes that scroll within reach of the keyboard, but looks for them only when the
   window changes its size. A tab or a fold that opens may show new ones: have it look again. */
for (const kind of ["change", "click", "toggle"]) {
  document.addEventListener(kind, () => window.dispatchEvent(new Event("resize")), true);
}

/* It does not know formulas: one that is wider than its box needs the keyboard, too. */
const reachFormulas = () => {
  for (const box of document.querySelectorAll(".formula, .unbroken")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
window.addEventListener("resize", reachFormulas);
window.addEventListener("load", reachFormulas);
