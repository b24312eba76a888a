/* After a result of the search was followed: opens the tabs and folds of its section that hide the
   words, scrolls to them and marks them in the article. Escape takes the marks away. */
globalThis.searchMarks = (() => {
  const BLOCKS = "p, li, pre, td, th, dd, dt, figcaption, caption, summary, h1, h2, h3, h4, h5, h6, div";
  const NAME = "search";                              // of the CSS highlight

  /* The ranges of the words that have one of the terms, with their block. A word may extend over
     several elements, as names in coloured code do. */
  const ranges = (article, terms) => {
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    const blocks = new Map();
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.parentElement.closest("script, style, svg, .headerlink, .sd-tab-label")) continue;
      const block = node.parentElement.closest(BLOCKS);
      if (!blocks.has(block)) blocks.set(block, []);
      blocks.get(block).push(node);
    }
    return [...blocks].flatMap(([block, nodes]) => {
      const ends = [];
      for (const node of nodes) ends.push((ends.at(-1) ?? 0) + node.length);
      const place = (offset, side) => {
        const number = ends.findIndex((end) => offset + side <= end);
        return [nodes[number], offset - (ends[number] - nodes[number].length)];
      };
      return globalThis.searchWords.places(nodes.map(({ data }) => data).join(""), terms)
        .map(({ start, end, terms: found }) => {
          const range = document.createRange();
          range.setStart(...place(start, 1));
          range.setEnd(...place(end, 0));
          return { range, block, found };
        });
    });
  };

  /* Open what hides a block. A tab set that shows a word already stays. */
  const reveal = (block, marked) => {
    for (let place = block; place; place = place.parentElement) {
      if (place.localName === "details") place.open = true;
      if (place.matches(".toggle-hidden")) place.querySelector(".toggle-button")?.click();
      const set = place.matches(".sd-tab-content") && place.parentElement;
      if (!set) continue;
      const shows = [...set.querySelectorAll(":scope > input:checked + label + .sd-tab-content")]
        .some((panel) => marked.some((other) => panel.contains(other)));
      if (!shows) place.previousElementSibling.previousElementSibling.checked = true;
    }
  };

  /* Mark the terms of a query, as the ranking gives them. */
  const show = (terms) => {
    const article = document.querySelector("article");
    const anchor = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const found = ranges(article, new Set(terms));
    // A definition follows its term. A section is without the sections inside it.
    const parts = anchor?.localName === "dt" ? [anchor, anchor.nextElementSibling] : [anchor ?? article];
    const here = found.filter(({ block }) => (anchor?.localName === "section"
      ? block.closest("section") === anchor : parts.some((part) => part?.contains(block))));
    const blocks = [...new Set(here.map(({ block }) => block))];
    blocks.forEach((block) => reveal(block, blocks));
    if (globalThis.CSS?.highlights) {
      CSS.highlights.set(NAME, new Highlight(...found.map(({ range }) => range)));
      document.addEventListener("keydown", ({ key }) => {
        if (key === "Escape") CSS.highlights.delete(NAME);
      });
    }
    // The sentence that the result showed: of the section's blocks, the first with most terms
    const rich = (block) =>
      new Set(here.filter((one) => one.block === block).flatMap((one) => one.found)).size;
    const visible = blocks.filter((block) => block.checkVisibility());
    const best = visible.reduce((one, other) => (one && rich(one) >= rich(other) ? one : other), null);
    (anchor ?? best)?.scrollIntoView();
    if (best?.getBoundingClientRect().bottom > document.documentElement.clientHeight) {
      best.scrollIntoView({ block: "center" });
    }
  };

  return { show };
})();
