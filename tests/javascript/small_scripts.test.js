/* Sortable tables, glossary cards, printing, boxes that scroll, figures in WebKit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./window.js";

// --- sortable tables -----------------------------------------------------------------------------

const table = (rows, kind = "sortable") => `<table class="${kind}"><thead><tr><th>Name</th><th>
  <em>Rate</em></th></tr></thead><tbody>${rows.map((cells) =>
  `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody></table>`;
const ROWS = [["b", "10 %"], ["C", "9 %"], ["a", "9 %"], ["A2", "100 %"], ["a10", "0.5 %"]];

test("a heading sorts, numbers as numbers and whatever the case, and then the other way round", async () => {
  const page = await open("sortable_tables.js", table(ROWS));
  const column = (place) => page.all("tbody tr").map((row) => row.cells[place].textContent);
  const sorted = () => page.all("th").map((heading) => heading.getAttribute("aria-sort"));
  const [names, rates] = page.all("thead button");
  assert.deepEqual([names.textContent, rates.innerHTML.trim(), rates.type], ["Name", "<em>Rate</em>", "button"]);
  assert.deepEqual(sorted(), [null, null]);
  names.click();
  assert.deepEqual(column(0), ["a", "A2", "a10", "b", "C"]);
  assert.deepEqual(sorted(), ["ascending", null]);
  names.click();
  assert.deepEqual(column(0), ["C", "b", "a10", "A2", "a"]);
  assert.deepEqual(sorted(), ["descending", null]);
  rates.click();
  assert.deepEqual(column(1), ["0.5 %", "9 %", "9 %", "10 %", "100 %"]);
  assert.deepEqual(column(0), ["a10", "C", "a", "b", "A2"]);     // equal rows keep their order
  assert.deepEqual(sorted(), [null, "ascending"]);
  names.click();
  assert.deepEqual(sorted(), ["ascending", null]);
});

test("other tables, and one without a head, are left alone", async () => {
  const page = await open("sortable_tables.js",
    `${table(ROWS, "plain")}<table class="sortable"><tbody><tr><td>1</td></tr></tbody></table>`);
  assert.equal(page.all("button").length, 0);
});

// --- glossary cards ------------------------------------------------------------------------------

const glossary = async (boxes = {}) => {
  const terms = ["mask", "unit"];
  const page = await open("glossary_cards.js", terms.map((term) =>
    `<a href="glossary.html#term-${term}"><span class="std-term">${term}</span></a>
     <div class="glossary-card" id="card-term-${term}"></div>`).join("")
    + '<a href="glossary.html#term-none"><span class="std-term">without a card</span></a>', {
    prepare: (window) => {
      const { prototype } = window.HTMLElement;
      const { matches } = prototype;
      const opened = new Set();
      prototype.showPopover = function show() { opened.clear(); opened.add(this); };
      prototype.hidePopover = function hide() { opened.delete(this); };
      window.Element.prototype.matches = function match(rule) {
        return { ":popover-open": opened.has(this), ":focus-visible": true }[rule]
          ?? matches.call(this, rule);
      };
      const { querySelector } = window.Document.prototype;
      window.Document.prototype.querySelector = function query(rule) {
        return rule.endsWith(":popover-open") ? [...opened][0] ?? null : querySelector.call(this, rule);
      };
      window.opened = opened;
      const size = { clientWidth: 375, clientHeight: 700, offsetWidth: 200, offsetHeight: 100 };
      for (const [name, value] of Object.entries(size)) {
        Object.defineProperty(prototype, name, { get: () => value });
      }
      window.Element.prototype.getBoundingClientRect = () =>
        ({ left: 20, top: 300, bottom: 320, ...boxes });
    },
  });
  const [link, other] = page.all("a");
  const send = (element, kind) => element.dispatchEvent(new page.window.Event(kind));
  const shown = () => [...page.window.opened].map(({ id }) => id);
  return { ...page, link, other, card: page.one("#card-term-mask"), send, shown };
};

test("a link is described by its card, where it has one", async () => {
  const page = await glossary();
  assert.deepEqual(page.all("a").map((link) => link.getAttribute("aria-describedby")),
    ["card-term-mask", "card-term-unit", null]);
});

test("a card opens under the pointer, but not for one that passes over", async () => {
  const { link, clock, send, shown } = await glossary();
  send(link, "mouseenter");
  clock.pass(100);
  send(link, "mouseleave");
  clock.pass(1000);
  assert.deepEqual(shown(), []);
  send(link, "mouseenter");
  clock.pass(150);
  assert.deepEqual(shown(), ["card-term-mask"]);
});

test("a card stays while the pointer is on it, and closes behind it", async () => {
  const { link, card, clock, send, shown } = await glossary();
  send(link, "mouseenter");
  clock.pass(150);
  send(link, "mouseleave");
  clock.pass(100);
  send(card, "mouseenter");
  clock.pass(1000);
  assert.deepEqual(shown(), ["card-term-mask"]);
  send(card, "mouseleave");
  clock.pass(150);
  assert.deepEqual(shown(), []);
});

test("a card follows the focus, and Escape closes it or keeps it from opening", async () => {
  const { link, other, clock, document, window, send, shown } = await glossary();
  const escape = () => document.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Escape" }));
  send(link, "focus");
  assert.deepEqual(shown(), ["card-term-mask"]);
  send(link, "blur");
  send(other, "focus");
  assert.deepEqual(shown(), ["card-term-unit"]);
  escape();
  assert.deepEqual(shown(), []);
  send(link, "mouseenter");
  escape();
  clock.pass(1000);
  assert.deepEqual(shown(), []);
});

for (const [where, box, expected] of [
  ["below its term", {}, ["20px", "320px"]],
  ["above it, where there is no room below", { top: 650, bottom: 670 }, ["20px", "550px"]],
  ["within the window on the right", { left: 300 }, ["175px", "320px"]],
  ["within the window on the left", { left: -30 }, ["0px", "320px"]],
]) {
  test(`a card stands ${where}`, async () => {
    const { link, card, send } = await glossary(box);
    send(link, "focus");
    assert.deepEqual([card.style.left, card.style.top], expected);
  });
}

// --- printing, boxes that scroll -----------------------------------------------------------------

for (const theme of ["dark", "light"]) {
  test(`a ${theme} page is light on paper and ${theme} again`, async () => {
    const { document, window } = await open("light_on_paper.js", "");
    document.documentElement.dataset.theme = theme;
    window.dispatchEvent(new window.Event("beforeprint"));
    assert.equal(document.documentElement.dataset.theme, "light");
    window.dispatchEvent(new window.Event("afterprint"));
    assert.equal(document.documentElement.dataset.theme, theme);
  });
}

test("what may show new boxes that scroll has the theme look again, and wide formulas are reached", async () => {
  const { all, document, window } = await open("scrollable_boxes.js",
    '<span class="unbroken" id="wide"></span><div class="formula" id="wide"></div><div class="formula" id="narrow" tabindex="0"></div>', {
      prepare: ({ Element }) => Object.defineProperty(Element.prototype, "scrollWidth", {
        get() { return this.id === "wide" ? 10 : 0; },
      }),
    });
  const boxes = all(".unbroken, .formula");
  assert.deepEqual(boxes.map((box) => box.getAttribute("tabindex")), ["0", "0", null]);
  let looked = 0;
  window.addEventListener("resize", () => { looked += 1; });
  for (const kind of ["change", "click", "toggle"]) document.body.dispatchEvent(new window.Event(kind));
  assert.equal(looked, 3);
});

// --- figures in WebKit ---------------------------------------------------------------------------

const figure = async (vendor, { theme, system, missing = false }) => {
  const shown = new Map(); // the text of each copy
  const early = `<script>document.documentElement.dataset.theme = "${theme}";</script>`;
  const body = `${early}<article><img src="a.svg"><img src="b.png"></article>`;
  const page = await open("webkit_figures.js", body, {
    prepare: (window) => {
      Object.defineProperty(window.navigator, "vendor", { value: vendor });
      window.matchMedia = () => ({ matches: system === "dark", addEventListener: () => {} });
      window.Blob = class { constructor(parts) { this.text = parts.join(""); } };
      window.URL.createObjectURL = ({ text }) => {
        shown.set(`blob:${shown.size}`, text);
        return `blob:${shown.size - 1}`;
      };
      window.fetch = async (url) => {
        if (missing) throw new TypeError("not allowed");
        return { text: async () => `@media (prefers-color-scheme: dark){${new URL(url).pathname}}` };
      };
    },
  });
  const settled = () => new Promise((done) => { setTimeout(done, 0); });
  await settled();
  const read = () => page.all("img").map((image) => shown.get(image.src) ?? image.getAttribute("src"));
  return { ...page, read, settled };
};
const file = "https://book.test/chapters/a.svg";

test("a figure in WebKit follows the page where the system has another theme", async () => {
  const dark = "@media all{/chapters/a.svg}", light = "@media not all{/chapters/a.svg}";
  const page = await figure("Apple Computer, Inc.", { theme: "dark", system: "light" });
  assert.deepEqual(page.read(), [dark, "b.png"]);
  page.document.documentElement.dataset.theme = "light";
  await page.settled();
  assert.deepEqual(page.read(), [file, "b.png"]);
  page.document.documentElement.dataset.theme = "dark";
  await page.settled();
  assert.deepEqual(page.read(), [dark, "b.png"]);
  const other = await figure("Apple Computer, Inc.", { theme: "light", system: "dark" });
  assert.deepEqual(other.read(), [light, "b.png"]);
});

test("a figure is left alone in other browsers, and where no script may read it", async () => {
  const other = await figure("Google Inc.", { theme: "dark", system: "light" });
  assert.deepEqual(other.read(), ["a.svg", "b.png"]);
  const folder = await figure("Apple Computer, Inc.", { theme: "dark", system: "light", missing: true });
  assert.deepEqual(folder.read(), ["a.svg", "b.png"]);
});
