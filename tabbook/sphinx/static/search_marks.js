/* After a search, Sphinx marks the words on the page that it found. This script opens the tabs and
   the folded cells that hide them. */
window.addEventListener("DOMContentLoaded", () => {
  if (document.getElementById("search-results")) return;
  // Sphinx waits 10 ms before it marks the words.
  setTimeout(() => {
    const marks = [...document.querySelectorAll("article .highlighted")];
    if (!marks.length) return;
    document.querySelectorAll(".sd-tab-set").forEach((set) => {
      if (set.querySelector(":scope > input:checked + label + :has(.highlighted)")) return;
      const panel = set.querySelector(":scope > .sd-tab-content:has(.highlighted)");
      if (panel) panel.previousElementSibling.previousElementSibling.checked = true;
    });
    document.querySelectorAll(".cell details:has(.highlighted)").forEach((fold) => {
      fold.open = true;
    });
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (place) place.scrollIntoView();
    else marks.find((mark) => mark.checkVisibility())?.scrollIntoView({ block: "center" });
  }, 10);
});
