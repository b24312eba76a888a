/* Paper is white: a dark page prints in the colours of the light one. */
(() => {
  const root = document.documentElement;
  let theme = "";
  window.addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => { root.dataset.theme = theme; });
})();
