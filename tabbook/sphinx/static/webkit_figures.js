/* The style inside a picture has a query for the theme. WebKit answers with the system's theme, not
   the page's. Where the two differ, show a copy of the picture without the query. In a book opened
   from a folder (file:) a script cannot read a picture, so there the system decides. */
(() => {
  if (!navigator.vendor.startsWith("Apple")) return;
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const copies = new Map(); // from theme and picture's address to the copy's address

  const copy = async (source, theme) => {
    const text = await (await fetch(source)).text();
    const style = text.replaceAll("(prefers-color-scheme: dark)", theme === "dark" ? "all" : "not all");
    return URL.createObjectURL(new Blob([style], { type: "image/svg+xml" }));
  };
  const follow = async (image) => {
    const { source } = image.dataset;
    const { theme } = root.dataset;
    if ((theme === "dark") === system.matches) {
      image.src = source;
      return;
    }
    const name = `${theme} ${source}`;
    if (!copies.has(name)) copies.set(name, copy(source, theme));
    const address = await copies.get(name);
    if (root.dataset.theme === theme) image.src = address;
  };
  const followAll = () => {
    for (const image of document.querySelectorAll("article img[data-source]")) {
      follow(image).catch(() => {});
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    for (const image of document.querySelectorAll('article img[src$=".svg"]')) {
      image.dataset.source = image.src;
    }
    followAll();
    system.addEventListener("change", followAll);
    new MutationObserver(followAll).observe(root, { attributeFilter: ["data-theme"] });
  });
})();
