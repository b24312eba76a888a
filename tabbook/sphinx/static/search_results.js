/* The results of the search, below its field: in the dialog that opens on every page, and on the
   page search.html. `attach` in `searchResults`. */
globalThis.searchResults = (() => {
  const FIRST = 20;                                   // results shown at once

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const sections = (count) => `${count} ${count === 1 ? "section" : "sections"}`;

  /* Pieces of text, of which some are marked. */
  const marked = (pieces) => pieces.map(([words, found]) =>
    (found ? element("mark", { textContent: words }) : words));

  /* A result as an item of a list: where it is, its title, and a sentence with the words marked. */
  const item = ({ section, terms }, root) => {
    const { pages, sections: all } = globalThis.bookSections;
    const [page, parent, anchor, title, text, code] = all[section];
    const above = [parent];
    while (all[above[0]]) above.unshift(all[above[0]][1]);
    const where = above.slice(1).map((number) => all[number][3]);
    const address = `${root}${pages[page][1]}?marks=${encodeURIComponent(terms.join(" "))}`
      + `#${encodeURI(anchor)}`;
    const excerpt = (words) => marked(globalThis.searchWords.excerpt(words, new Set(terms)));
    return element("li", {},
      element("a", { href: address },
        element("span", { className: "search-where", textContent: where.join(" › ") }),
        element("span", { className: "search-title" }, ...excerpt(title))),
      element("p", {}, ...excerpt(`${text}\n${code}`)));
  };

  /* Show results below a form as its field changes.

     form: with an input of the type search. root: the path to the book. load: loads the library, the
     sections and their ranking; called once. */
  const attach = async (form, root, load) => {
    const field = form.querySelector("input[type=search]");
    const page = element("select", {}, element("option", { value: "", textContent: "All pages" }));
    const status = element("p", { role: "status" });
    const list = element("ol", { className: "search-list" });
    const more = element("button", { type: "button", className: "btn btn-sm search-more", hidden: true });
    const filter = element("label", { className: "search-filter", hidden: true }, "Page ", page);
    form.after(element("div", { className: "search-found" }, filter, status, list, more));
    const dialog = form.closest("dialog");
    dialog?.setAttribute("aria-label", "Search");
    let search = null, results = [], shown = FIRST;

    const pageOf = ({ section }) => globalThis.bookSections.sections[section][0];
    const draw = () => {
      const chosen = results.filter((one) => !page.value || pageOf(one) === Number(page.value));
      list.replaceChildren(...chosen.slice(0, shown).map((one) => item(one, root)));
      more.hidden = chosen.length <= shown;
      more.textContent = `Show all ${sections(chosen.length)}`;
      if (!field.value.trim()) status.textContent = "";
      else if (!chosen.length) status.textContent = "Nothing found. Try fewer or other words.";
      else if (chosen[0].some) {
        status.textContent = `No section has all words. ${sections(chosen.length)} have some.`;
      } else status.textContent = `${sections(chosen.length)}. Enter opens the first.`;
    };
    const offerPages = () => {
      const counts = new Map();
      for (const one of results) counts.set(pageOf(one), (counts.get(pageOf(one)) ?? 0) + 1);
      const kept = counts.has(Number(page.value)) ? page.value : "";
      const options = [...counts].sort(([one], [other]) => one - other).map(([number, count]) =>
        element("option", { value: number,
          textContent: `${globalThis.bookSections.pages[number][0]} (${count})` }));
      page.replaceChildren(page.options[0], ...options);
      page.value = kept;
      filter.hidden = counts.size < 2;
    };
    const find = () => {
      if (!search) return;
      shown = FIRST;
      results = search(field.value);
      offerPages();
      draw();
    };

    field.addEventListener("input", find);
    page.addEventListener("change", () => { shown = FIRST; draw(); });
    more.addEventListener("click", () => {
      const next = shown;
      shown = Infinity;
      draw();
      list.children[next].querySelector("a").focus();
    });
    let opening = false;                              // Enter before the sections have loaded
    const openFirst = () => {
      opening = !search;
      list.querySelector("a")?.click();
    };
    form.addEventListener("submit", openFirst);
    form.parentElement.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const stops = [field, ...list.querySelectorAll("a")];
      const at = stops.indexOf(document.activeElement);
      if (!step || at < 0) return;
      event.preventDefault();
      stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
    });

    if (!dialog && !field.value) field.value = new URL(location).searchParams.get("q") ?? "";
    status.textContent = "Loading …";
    try {
      await load();
      search = await globalThis.searchRanking.makeSearch(globalThis.bookSections,
        () => document.getElementById("framework-chooser")?.value ?? "");
    } catch (error) {
      status.textContent = `The search does not work: ${error.message}. Reload the page.`;
      return;
    }
    find();
    if (opening) openFirst();
  };

  return { attach };
})();
