/* Words of the search: which spellings count as the same word, what a query asks for, and the
   sentence of a section that answers it. Pure functions, in `searchWords`. */
globalThis.searchWords = (() => {
  // A name such as nn.Dropout or drop-path is one word with parts.
  const WORD = /[\p{L}\p{N}]+(?:[._'’-][\p{L}\p{N}]+)*/gu;
  const PART = /[._'’-]|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
  // "8.9. A title" is one sentence.
  const SENTENCE = /(?<=[.!?])(?<!^[\d.]+)\s+(?=[\p{Lu}“"(])|\n/u;
  const LENGTH = 200;                                 // characters of an excerpt
  // Words that no section needs to have, unless a query has no others
  const SMALL = new Set(("a an and are as at be by can do does for from how i in is it its my of off on or "
    + "out put the this to use was what when where which why with").split(" "));

  /* The words of a text, with their places. */
  const words = (text) => [...text.matchAll(WORD)].map(({ 0: word, index }) =>
    ({ word, start: index, end: index + word.length }));

  /* One spelling for British and American words. It need not be a correct one. */
  const spelling = (word) => word.toLowerCase().normalize("NFKD")
    .replace(/\p{M}|['’]s$|[._'’-]/gu, "")
    .replace(/(?<=..[iy])s(?=(?:e[drs]?|ers|ing|ations?)$)/, "z")
    .replace(/(?<=..o)u(?=r(?:s|ed|ing|al|able|less)?$)/, "")
    .replace(/(?<=[a-z]{2}t)re(?=s?$)/, "er")
    .replace(/(?<=lic|def)enc(?=e[ds]?$)/, "ens")
    .replace(/(?<=[a-z]{3}[aeiou])ll(?=(?:ing|ed|ers?)$)/, "l");

  /* A word without its usual endings: "masked" and "masks" have the stem of "mask". */
  const stem = (word) => word.replace(/(?<=.{3})ies$/, "y")
    .replace(/(?<=.{4})(?:at(?:ions?|e[ds]?|ing)|ings?|(?<=iz)ers?|ed|es|(?<!s)s|e)$/, "")
    .replace(/(?<=.{2})([bdgmnprt])\1$/, "$1");

  const unique = (items) => [...new Set(items)];
  const parts = (word) => word.split(PART).filter(Boolean);
  const spelled = (word) => unique([spelling(word), stem(spelling(word))]);

  /* All terms by which the index knows a word: the whole, names between dots, and parts. */
  const known = new Map();
  const forms = (word) => {
    if (!known.has(word)) {
      known.set(word,
        unique([word, ...word.split("."), ...parts(word)].flatMap(spelled)).filter(Boolean));
    }
    return known.get(word);
  };

  /* The words without the small ones, unless all are small. */
  const large = (list) => {
    const left = list.filter((word) => !SMALL.has(word.toLowerCase()));
    return left.length ? left : list;
  };

  /* A text as a phrase: the stems of its large words. */
  const phrase = (text) => large(words(text).map(({ word }) => word)).map((word) => stem(spelling(word)))
    .join(" ");

  /* The words of a query, and neighbours joined: "drop out" also asks for "dropout".
     Each reading is a list of words, all of which a section should have. */
  const readings = (query) => {
    const plain = words(query).map(({ word }) => word);
    const joined = plain.slice(1).map((word, place) =>
      [...plain.slice(0, place), plain[place] + word.toLowerCase(), ...plain.slice(place + 2)]);
    return [plain, ...joined].map(large);
  };

  /* The given terms that `text` has, with the places of the words that have them. */
  const places = (text, terms) => words(text)
    .map((one) => ({ ...one, terms: forms(one.word).filter((form) => terms.has(form)) }))
    .filter((one) => one.terms.length);

  /* How many of the terms' words a text has. */
  const answers = (text, terms) =>
    new Set(places(text, terms).flatMap((one) => one.terms.map(stem))).size;

  /* A part of `sentence` of about LENGTH characters round its first found word. */
  const cut = (sentence, found) => {
    if (sentence.length <= LENGTH) return [0, sentence.length];
    const last = found.findLast((one) => one.end - found[0].start < LENGTH * 0.8) ?? found[0];
    const room = Math.max(0, LENGTH - (last.end - found[0].start));
    const start = Math.max(0, found[0].start - room / 2);
    const from = start && sentence.indexOf(" ", start) + 1;
    const to = sentence.lastIndexOf(" ", from + LENGTH);
    return [Math.min(from, found[0].start), from + LENGTH >= sentence.length ? sentence.length
      : Math.max(to, found[0].end)];
  };

  /* The sentence of `text` with most of the terms, in pieces: [["a ", false], ["mask", true], …]. */
  const excerpt = (text, terms) => {
    const sentences = text.split(SENTENCE).filter(Boolean);
    if (!sentences.length) return [];
    const counts = sentences.map((sentence) => answers(sentence, terms));
    const sentence = sentences[counts.indexOf(Math.max(...counts))];
    const found = places(sentence, terms);
    const [from, to] = found.length ? cut(sentence, found) : [0, Math.min(LENGTH, sentence.length)];
    const pieces = from ? [["…", false]] : [];
    let at = from;
    for (const { start, end } of found.filter((one) => one.end <= to)) {
      if (start > at) pieces.push([sentence.slice(at, start), false]);
      pieces.push([sentence.slice(start, end), true]);
      at = end;
    }
    if (to > at) pieces.push([sentence.slice(at, to), false]);
    if (to < sentence.length) pieces.push(["…", false]);
    return pieces;
  };

  return { words, spelling, stem, parts, forms, phrase, readings, places, answers, excerpt };
})();
