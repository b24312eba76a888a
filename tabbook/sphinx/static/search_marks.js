/* The way from a search to what was found. Sphinx marks the words in the page it leads to, but the
   theme loads the search on every page, from which Sphinx concludes that this is the page of the
   search and marks nothing. */
window.addEventListener("DOMContentLoaded", () => {
  if (document.getElementById("search-results")) return;
  try {
    SphinxHighlight.highlightSearchWords();
  } catch {
    return;                                           // it keeps the words in storage: blocked
  }
  // After Sphinx, which waits as long
  setTimeout(() => {
    const marks = [...document.querySelectorAll("article .highlighted")];
    if (!marks.length) return;
    document.querySelectorAll(".sd-tab-set").forEach((set) => {
      if (set.querySelector(":scope > input:checked + label + :has(.highlighted)")) return;
      const panel = set.querySelector(":scope > .sd-tab-content:has(.highlighted)");
      if (panel) panel.previousElementSibling.previousElementSibling.checked = true;
    });
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (place) place.scrollIntoView();
    else marks.find((mark) => mark.checkVisibility())?.scrollIntoView({ block: "center" });
  }, 10);
});
