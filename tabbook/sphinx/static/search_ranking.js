/* Ranks the sections of the book for a query, with MiniSearch. `makeSearch` in `searchRanking`. */
globalThis.searchRanking = (() => {
  const { words, spelling, stem, parts, forms, phrase, readings } = globalThis.searchWords;
  const BOOST = { title: 3.5, above: 1, text: 1, code: 0.4 };
  const STEM = 0.5;                                   // a word with another ending
  const PARTS = 0.1;                                  // the parts of a name such as nn.Dropout
  const PAGE = 1.3;                                   // the beginning of a page
  const TITLE = 2.5;                                  // the query is the title of the section
  const PHRASE = 1.5;                                 // the words stand together
  const RANKED = 60;                                  // results whose phrases are compared

  /* A promise of a function of a query that returns the results: {section, score, terms, some}, best
     first. `some` tells that no section has all words.

     pages: [title, address, weight] each. sections: [page, parent, anchor, title, text, code] each.
     alias: what names of the reference begin with; of the same name, only one entry is a result:
     the one on the page `preferred()`, such as "jax", if there is one. */
  const makeSearch = async ({ pages, sections, alias }, preferred = () => "") => {
    const known = new Set();
    const named = (text) => words(text).map(({ word }) => word);
    const index = new globalThis.MiniSearch({
      fields: Object.keys(BOOST),
      // Four tabs of code repeat their names, which says nothing: each counts once.
      tokenize: (text, field) => (field === "code" ? [...new Set(named(text))] : named(text))
        .flatMap(forms),
      processTerm: (term) => { known.add(term); return term; },
      searchOptions: { boost: BOOST, tokenize: (term) => [term], processTerm: (term) => term },
    });
    const title = (number) => sections[number]?.[3].replace(/^[\d.]+ /, "") ?? "";
    await index.addAllAsync(sections.map(([page, parent, , , text, code], id) =>
      ({ id, title: title(id), above: `${title(parent)} ${pages[page][0]}`, text, code })),
    { chunkSize: 40 });                               // between chunks, the page reacts
    const terms = [...known];

    /* Asks for one word; one that the book does not have may be unfinished or mistyped. */
    const term = (word, weight, last) => {
      const spelled = spelling(word), root = stem(spelled), boostTerm = () => weight;
      const same = { queries: [root], boostTerm: () => weight * STEM };
      if (known.has(spelled)) return { combineWith: "OR", queries: [spelled, same], boostTerm };
      if (known.has(root)) return same;
      if (last && terms.some((one) => one.startsWith(spelled))) {
        return { queries: [spelled], prefix: true, boostTerm };
      }
      const edits = [4, 7, 10].filter((length) => spelled.length >= length).length;
      return { queries: [spelled], fuzzy: edits, boostTerm };
    };
    const ask = (word, last) => {
      const pieces = parts(word);
      if (pieces.length < 2) return term(word, 1, last);
      const each = { combineWith: "AND", queries: pieces.map((piece) => term(piece, PARTS)) };
      const whole = { queries: [spelling(word)] };
      return known.has(spelling(word)) ? { combineWith: "OR", queries: [whole, each] } : each;
    };
    const all = (list) => ({
      combineWith: "AND",
      queries: list.map((word, place) => ask(word, place === list.length - 1)),
    });

    const importance = (id) => pages[sections[id][0]][2] * (sections[id][1] < 0 ? PAGE : 1);

    const stems = new Map();                          // of titles and texts, by section
    const has = (number, asked) => {
      if (!stems.has(number)) {
        stems.set(number, [phrase(title(number)), phrase(sections[number].slice(4).join("\n"))]);
      }
      const [heading, text] = stems.get(number);
      if (heading === asked) return TITLE;
      return ` ${text} `.includes(` ${asked} `) || ` ${heading} `.includes(` ${asked} `) ? PHRASE : 1;
    };

    /* Of entries with the same name, leaves the preferred one, at the place of the best. */
    const withoutTwins = (results) => {
      const names = new Map();
      for (const result of results) {
        const name = sections[result.section][3];
        const twin = alias && name.startsWith(`${alias}.`) ? names.get(name) : undefined;
        if (!twin) names.set(name, result);
        else {
          result.twin = true;
          const [page] = sections[result.section];
          if (pages[page][1].endsWith(`/${preferred()}.html`)) {
            Object.assign(twin, { section: result.section, terms: result.terms });
          }
        }
      }
      return results.filter(({ twin }) => !twin);
    };

    return (query) => {
      const [plain, ...joined] = readings(query);
      if (!plain.length) return [];
      const lists = [plain, ...joined.filter((list) =>
        list.some((word) => !plain.includes(word) && known.has(spelling(word))))];
      const options = { boostDocument: importance };
      let found = index.search({ combineWith: "OR", queries: lists.map(all) }, options);
      const some = !found.length && plain.length > 1;
      if (some) {
        found = index.search({ ...all(plain), combineWith: "OR" }, options)
          .map((one) => ({ ...one, score: one.score * one.queryTerms.length ** 2 }))
          .sort((one, other) => other.score - one.score);
      }
      const asked = lists.map((list) => phrase(list.join(" ")));
      const results = found.map(({ id, score, match }, place) => ({
        section: id,
        score: place < RANKED ? score * Math.max(...asked.map((one) => has(id, one))) : score,
        // The titles above a section move it up, but do not make it a result.
        terms: Object.keys(match).filter((one) => match[one].some((name) => name !== "above")),
        some,
      })).filter(({ terms: own }) => own.length).sort((one, other) => other.score - one.score);
      return withoutTwins(results).map((result) => ({ ...result, terms: marked(result.terms, plain) }));
    };
  };

  /* The terms to mark: the whole of a name such as nn.Dropout, if it was found, and not its parts. */
  const marked = (found, asked) => {
    const wholes = asked.filter((word) => parts(word).length > 1 && found.includes(spelling(word)));
    const others = new Set(asked.filter((word) => !wholes.includes(word)).flatMap(forms));
    const inside = new Set(wholes.flatMap((word) => parts(word).flatMap(forms)));
    return found.filter((term) => !inside.has(term) || others.has(term));
  };

  return { makeSearch };
})();
