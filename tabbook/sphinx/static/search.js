/* Opens the search. A page loads the library, the sections and the scripts that use them only when a
   search field has the focus, and those that mark words only after a result was followed. */
(() => {
  const { library } = document.currentScript.dataset;
  const root = document.documentElement.dataset.content_root;
  const loaded = new Map();
  const load = (path) => {
    if (!loaded.has(path)) {
      loaded.set(path, new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = root + path;
        script.async = false;                         // in the order of the calls
        script.onload = done;
        script.onerror = () => failed(new Error(`${path} did not load`));
        document.head.append(script);
      }));
    }
    return loaded.get(path);
  };
  const all = (...paths) => Promise.all(paths.map(load));

  const field = (form) => form.querySelector("input[type=search]");
  for (const form of document.querySelectorAll("form.bd-search")) {
    form.addEventListener("submit", (event) => event.preventDefault());
    field(form).addEventListener("focus", async () => {
      await load("_static/search_results.js");
      globalThis.searchResults.attach(form, root, () => all(library, "_static/search_words.js",
        "_static/search_ranking.js", "_static/search_sections.js"));
    }, { once: true });
    if (document.activeElement === field(form)) field(form).dispatchEvent(new Event("focus"));
  }

  const address = new URL(location);
  const terms = address.searchParams.get("marks");
  if (terms) {
    address.searchParams.delete("marks");             // neither shared nor repeated by a reload
    try {
      history.replaceState(history.state, "", address);
    } catch {
      // Some browsers forbid this for pages from the file system; the marks then come again.
    }
    // Other scripts fold solutions when the page has loaded.
    const complete = new Promise((done) => {
      if (document.readyState === "complete") done();
      else window.addEventListener("load", () => setTimeout(done));
    });
    Promise.all([complete, all("_static/search_words.js", "_static/search_marks.js")])
      .then(() => globalThis.searchMarks.show(terms.split(" ")));
  }
})();
