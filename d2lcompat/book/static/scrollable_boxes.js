/* The theme puts boxes that scroll within reach of the keyboard, but looks for them only when the
   window changes its size. A tab or a fold that opens may show new ones: have it look again. */
for (const kind of ["change", "click", "toggle"]) {
  document.addEventListener(kind, () => window.dispatchEvent(new Event("resize")), true);
}
