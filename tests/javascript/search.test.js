/* The search: words, ranking, excerpts, and marks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, source } from "./window.js";

/* A window with the scripts that search; `sections` as the build stores them. */
const scripts = ["third_party/book/minisearch/index.js", "tabbook/sphinx/static/search_words.js",
  "tabbook/sphinx/static/search_ranking.js"];
const { window } = await open("light_on_paper.js", "");
for (const path of scripts) window.eval(source(path));
const { words, spelling, stem, parts, forms, phrase, readings, places, excerpt } = window.searchWords;
const plain = (value) => JSON.parse(JSON.stringify(value));   // of this realm
const same = (one, other) => assert.deepEqual(plain(one), other);

// --- words ---------------------------------------------------------------------------------------

for (const [british, american] of [["regularise", "regularize"], ["regularisation", "regularization"],
  ["optimiser", "optimizer"], ["analyse", "analyze"], ["colour", "color"], ["behaviours", "behaviors"],
  ["neighbouring", "neighboring"], ["centre", "center"], ["licence", "license"], ["labelled", "labeled"],
  ["modelling", "modeling"], ["Naïve", "naive"], ["drop-path", "droppath"], ["co_adaptation", "coadaptation"]]) {
  test(`${british} is spelled as ${american}`, () => {
    assert.equal(spelling(british), spelling(american));
  });
}

for (const word of ["four", "your", "hour", "more", "this", "basis", "call", "loss"]) {
  test(`${word} keeps its spelling`, () => assert.equal(spelling(word), word));
}

for (const family of [["mask", "masks", "masked", "masking"], ["drop", "drops", "dropped", "dropping"],
  ["scale", "scales", "scaled", "scaling"], ["loss", "losses"], ["class", "classes"],
  ["regularise", "regulariser", "regularisation", "regularising"], ["evaluate", "evaluation"],
  ["uncertainty", "uncertainties"], ["rate", "rates"]]) {
  test(`${family[0]} and its forms have one stem`, () => {
    assert.equal(new Set(family.map((word) => stem(spelling(word)))).size, 1);
  });
}

test("words that mean something else keep another stem", () => {
  for (const [one, other] of [["train", "Trainer"], ["dropout", "drop"], ["rate", "rat"], ["bias", "bia"]]) {
    assert.notEqual(stem(spelling(one)), stem(spelling(other)));
  }
});

test("a name is one word with parts, and known by each of them", () => {
  same(words("Use nn.Dropout(p), drop-path.").map(({ word }) => word), ["Use", "nn.Dropout", "p", "drop-path"]);
  same(parts("d2l.DropPath_rate"), ["d2l", "Drop", "Path", "rate"]);
  same(parts("MCDropout2d"), ["MC", "Dropout2d"]);
  same(forms("nn.DropPath"), ["nndroppath", "nn", "droppath", "drop", "path"]);
});

test("the places of words are those of the text", () => {
  const text = "A mask; two Masks, a maskfile.";
  same(places(text, new Set(["mask"])).map(({ start, end }) => text.slice(start, end)), ["mask", "Masks"]);
});

test("a query is read with its neighbours joined, and without small words if it has others", () => {
  same(readings("why drop out"), [["drop"], ["whydrop"], ["dropout"]]);
  same(readings("drop path rate"), [["drop", "path", "rate"], ["droppath", "rate"], ["drop", "pathrate"]]);
  same(readings("to be"), [["to", "be"], ["tobe"]]);
  same(readings(" ?! "), [[]]);
  assert.equal(phrase("Divided by 1 − p"), phrase("divide 1-p").replace("1p", "1 p"));
});

// --- excerpts ------------------------------------------------------------------------------------

const shown = (pieces) => pieces.map(([text, marked]) => (marked ? `[${text}]` : text)).join("");

test("an excerpt is the sentence with most of the words", () => {
  const text = "No mask here. A mask of units is drawn. Units alone.\nmask = draw()";
  assert.equal(shown(excerpt(text, new Set(["mask", "unit"]))), "A [mask] of [units] is drawn.");
  assert.equal(shown(excerpt(text, new Set(["none"]))), "No mask here.");
  same(excerpt("", new Set(["mask"])), []);
  assert.equal(shown(excerpt("8.9. A small mask", new Set(["unit"]))), "8.9. A small mask");
});

for (const at of [0, 30, 90]) {
  test(`a long sentence is cut round the word, which is word ${at}`, () => {
    const list = Array.from({ length: 100 }, (_, number) => (number === at ? "mask" : `word${number}`));
    const text = shown(excerpt(list.join(" "), new Set(["mask"])));
    assert.ok(text.includes("[mask]"));
    assert.ok(text.length <= 210, String(text.length));
    assert.equal(text.startsWith("…"), at > 0);
    assert.equal(text.endsWith("…"), at < 90);
    assert.ok(list.join(" ").includes(text.replaceAll(/[…[\]]/g, "").trim()));
  });
}

// --- ranking -------------------------------------------------------------------------------------

/* The titles that a query finds in sections { title, text, code, page, parent }. */
const finder = async (sections, { preferred, pages = [["Book", "book.html", 1]] } = {}) => {
  const list = sections.map(({ page = 0, parent = -1, title = "Title", text = "", code = "" }, number) =>
    [page, parent, `id-${number}`, title, text, code]);
  const search = await window.searchRanking.makeSearch({ pages, sections: list, alias: "d2l" }, preferred);
  return (query) => plain(search(query));
};
const order = (found) => found.map(({ section }) => section);

test("all words must be in a section, unless none has them all", async () => {
  const find = await finder([{ text: "A mask of units." }, { text: "A mask." }, { text: "Many units." }]);
  assert.deepEqual(order(find("mask units")), [0]);
  assert.deepEqual([find("mask pixels").map(({ some }) => some), order(find("mask pixels"))], [[true, true], [1, 0]]);
  assert.deepEqual([find(""), find("pixels")], [[], []]);
});

test("a title counts more than text, text more than code, and a phrase more than its words", async () => {
  const find = await finder([{ code: "mask rate" }, { text: "The rate of a mask is here." },
    { text: "The mask rate is here now." }, { title: "Mask rate" }]);
  assert.deepEqual(order(find("mask rate")), [3, 2, 1, 0]);
});

test("the same text is found on a page before its solutions", async () => {
  const pages = [["Solutions", "s.html", 0.5], ["Units", "d.html", 1]];
  const find = await finder([{ text: "A mask." }, { page: 1, text: "A mask." }], { pages });
  assert.deepEqual(order(find("mask")), [1, 0]);
});

test("code in four tabs does not outweigh prose", async () => {
  const find = await finder([{ code: "mask()\n".repeat(40) }, { text: "A mask of units, and more words." }]);
  assert.deepEqual(order(find("mask")), [1, 0]);
});

for (const query of ["dropuot", "droput", "dropou", "drop out", "DROPOUT", "dropouts"]) {
  test(`${query} finds dropout`, async () => {
    const find = await finder([{ text: "Use dropout." }, { text: "Other methods." }]);
    assert.deepEqual(order(find(query)), [0]);
  });
}

test("a mistyped word that the book has is not corrected", async () => {
  const find = await finder([{ text: "A mask." }, { text: "A task." }]);
  assert.deepEqual(order(find("task")), [1]);
});

test("of entries with one name, the chosen framework's is the result", async () => {
  const pages = [["PyTorch", "api/pytorch.html", 1], ["JAX", "api/jax.html", 1]];
  const entries = [{ title: "d2l.Trainer", text: "Trains a model." }, { page: 1, title: "d2l.Trainer", text: "Trains." },
    { title: "Summary", text: "The d2l.Trainer." }, { page: 1, title: "Summary", text: "The d2l.Trainer." }];
  for (const [preferred, expected] of [["jax", 1], ["pytorch", 0]]) {
    const find = await finder(entries, { pages, preferred: () => preferred });
    assert.deepEqual(order(find("d2l.Trainer")).filter((number) => number < 2), [expected]);
    assert.equal(find("d2l.Trainer").length, 3);
  }
});

test("the whole of a name is marked, and not its parts", async () => {
  const find = await finder([{ text: "nn.Dropout is one of the Dropout layers." }, { text: "Dropout." }]);
  assert.deepEqual(find("nn.Dropout")[0].terms, ["nndropout"]);
  assert.ok(find("dropout nn.Dropout")[0].terms.includes("dropout"));
});

// --- marks ---------------------------------------------------------------------------------------

/* A page with tabs that hold `panels` in a section, where the result with the terms was followed. */
const followed = async ({ panels = ["", ""], terms = ["mask"], hash = "#place", before = "", after = "" } = {}) => {
  const set = `<div class="sd-tab-set">${panels.map((text, number) =>
    `<input type="radio" name="set" ${number ? "" : "checked"}><label>${number}</label>
     <div class="sd-tab-content"><p>${text}</p></div>`).join("")}</div>`;
  const seen = [];
  const page = await open("light_on_paper.js", `<nav><p>mask</p></nav><article>${before}
    <section id="place"><h2>Place</h2>${set}${after}</section></article>`, {
    url: `https://book.test/${hash}`,
    prepare: (opened) => {
      opened.Highlight = class extends Set { constructor(...ranges) { super(ranges); } };
      opened.CSS = { highlights: new Map() };
      opened.Element.prototype.scrollIntoView = function scroll() { seen.push(this.id || this.textContent); };
      Object.defineProperty(opened.Element.prototype, "clientHeight", { get: () => -1 });
    },
  });
  for (const name of ["words", "marks"]) page.window.eval(source(`tabbook/sphinx/static/search_${name}.js`));
  page.window.searchMarks.show(terms);
  const highlight = () => [...page.window.CSS.highlights.get("search") ?? []].map(String);
  return { ...page, seen, highlight, chosen: page.all("input").findIndex((input) => input.checked) };
};

test("a tab that alone has the word is opened, and scrolled to", async () => {
  const { chosen, seen } = await followed({ panels: ["no", "a mask"] });
  assert.deepEqual([chosen, seen], [1, ["place", "a mask"]]);
});

test("a tab that shows the word stays, and other sections keep theirs", async () => {
  const { chosen } = await followed({ panels: ["a mask", "a mask"] });
  assert.equal(chosen, 0);
  const other = await followed({ panels: ["no", "a mask"], before: '<p id="other">mask</p>', hash: "#other" });
  assert.equal(other.chosen, 0);
});

test("a fold is opened where it has the word, but not in a section inside the section", async () => {
  const { all } = await followed({ after: `<details><p>mask</p></details><details><p>no</p></details>
    <section id="inner"><details><p>mask</p></details></section>` });
  assert.deepEqual(all("details").map(({ open: opened }) => opened), [true, false, false]);
});

test("words of the article are marked, also across elements, until Escape", async () => {
  const { document, highlight, window: opened } = await followed({
    panels: ["A mask", "<span>nn</span>.<span>Dropout</span>"], terms: ["mask", "nndropout"] });
  assert.deepEqual(highlight(), ["mask", "nn.Dropout"]);
  document.dispatchEvent(new opened.KeyboardEvent("keydown", { key: "Escape" }));
  assert.deepEqual(highlight(), []);
});

test("an entry of a list of definitions ends with its definition", async () => {
  const list = `<dl><dt id="one">One</dt><dd><details><p>no</p></details></dd>
    <dt>Two</dt><dd><details><p>mask</p></details></dd></dl>`;
  const { all } = await followed({ after: list, hash: "#one" });
  assert.deepEqual(all("details").map(({ open: opened }) => opened), [false, false]);
});
