/* Copied links of headings, enlarged figures, solutions opened by a link. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./window.js";

const settled = () => new Promise((done) => { setImmediate(done); });

// --- links of headings ---------------------------------------------------------------------------

const HEADINGS = ["one", "two"].map((id) =>
  `<h2 id="${id}">Words<a class="headerlink" href="#${id}" title="Link to this heading">#</a></h2>`).join("");
const headings = async (writeText) => {
  const page = await open("heading_links.js", `${HEADINGS}<p>x</p><span id="page-status"></span>`, {
    url: "https://book.test/chapters/dropout.html?framework=jax&compare=mxnet#place",
    prepare: (window) => {
      Object.defineProperty(window.navigator, "clipboard", { value: writeText && { writeText } });
    },
  });
  const click = async (rule) => {
    const event = new page.window.MouseEvent("click", { bubbles: true, cancelable: true });
    page.one(rule).dispatchEvent(event);
    assert.equal(event.defaultPrevented, false);      // the browser still follows the link
    await settled();
  };
  return { ...page, click, copied: () => page.all(".copied").map((sign) => sign.hash) };
};

test("the sign of a heading copies its link with the frameworks, says so, and is still a link", async () => {
  const texts = [];
  const page = await headings(async (text) => { texts.push(text); });
  assert.deepEqual(page.all("a").map((sign) => sign.title), ["Copy the link", "Copy the link"]);
  await page.click("#two a");
  assert.deepEqual(texts, ["https://book.test/chapters/dropout.html?framework=jax&compare=mxnet#two"]);
  assert.deepEqual(page.copied(), ["#two"]);
  assert.equal(page.one("#page-status").textContent, "Link copied");
  await page.click("#one a");
  assert.deepEqual(page.copied(), ["#one"]);
  page.clock.pass(3000);
  assert.deepEqual([page.copied(), page.one("#page-status").textContent], [[], ""]);
  await page.click("p");
  assert.equal(texts.length, 2);
});

for (const [why, writeText] of [
  ["refuses", async () => { throw new Error("denied"); }], ["has no clipboard", undefined]]) {
  test(`where the browser ${why}, nothing says that a link was copied`, async () => {
    const page = await headings(writeText);
    await page.click("#two a");
    assert.deepEqual([page.copied(), page.one("#page-status").textContent], [[], ""]);
  });
}

// --- enlarged figures ----------------------------------------------------------------------------

const figures = (body = `<div><img id="plot" src="a.svg" width="9" height="9" alt="A line plot, of losses.">
  </div><a href="b.svg"><img src="b.svg" alt="Two networks. Left"></a>`, prepare = (window) => {
  const { prototype } = window.HTMLDialogElement;
  prototype.showModal = function show() { this.open = true; };
  prototype.close = function close() {
    this.open = false;
    this.dispatchEvent(new window.Event("close"));
  };
}) => open("enlarge_figures.js", `<article>${body}</article><img alt="elsewhere">`, { prepare });

test("each figure of the article has a button, named by the figure, outside any link", async () => {
  const page = await figures();
  assert.deepEqual(page.all(".enlarge-figure").map((button) => button.getAttribute("aria-label")),
    ["Enlarge: A line plot", "Enlarge: Two networks"]);
  assert.equal(page.all("a button").length, 0);
});

for (const place of [0, 1]) {
  for (const rule of [".enlarge-figure", "article img"]) {
    test(`a click on ${rule} ${place} shows the figure without its size, and another closes it`, async () => {
      const page = await figures();
      const image = page.all("article img")[place];
      const click = new page.window.MouseEvent("click", { bubbles: true, cancelable: true });
      page.all(rule)[place].dispatchEvent(click);
      const dialog = page.one("dialog");
      const [large, ...others] = dialog.querySelectorAll("img");
      assert.deepEqual([dialog.open, others.length], [true, 0]);
      assert.deepEqual([large.src, large.alt, large.id], [image.src, image.alt, ""]);
      assert.deepEqual([large.hasAttribute("width"), large.hasAttribute("height")], [false, false]);
      assert.equal(click.defaultPrevented, rule === "article img");  // the link is not followed
      (place ? large : dialog.querySelector("button")).click();
      assert.deepEqual([dialog.open, dialog.querySelectorAll("img").length], [false, 0]);
    });
  }
}

test("a page without figures, and a browser without dialogs, are left alone", async () => {
  assert.equal((await figures("<p>Words</p>")).all("dialog, button").length, 0);
  const old = await figures(undefined, (window) => { delete window.HTMLDialogElement; });
  assert.equal(old.all("dialog, button").length, 0);
});

// --- solutions -----------------------------------------------------------------------------------

// Closed as sphinx-togglebutton closes them, by scripts before or after this one
const solutions = async (hash, closed) => {
  const page = await open("open_solutions.js", ["one", "two"].map((name) => `<div id="sol-${name}"
    class="solution dropdown admonition ${closed ? "toggle-hidden" : ""}"><p class="admonition-title">
    <button class="toggle-button"></button></p></div>`).join("") + '<p id="words"></p>', {
    url: `https://book.test/chapters/solutions.html${hash}`,
    prepare: ({ document }) => document.addEventListener("click", ({ target }) => {
      target.closest(".solution")?.classList.toggle("toggle-hidden");
    }),
  });
  const rule = closed ? ".solution:not(.toggle-hidden)" : ".toggle-shown";
  return { ...page, opened: () => page.all(rule).map(({ id }) => id) };
};

for (const closed of [true, false]) {
  test(`a link to a solution opens it, ${closed ? "closed already" : "not yet closed"}`, async () => {
    const page = await solutions("#sol-two", closed);
    assert.deepEqual(page.opened(), ["sol-two"]);
    page.window.dispatchEvent(new page.window.Event("hashchange"));    // an open one stays open
    assert.deepEqual(page.opened(), ["sol-two"]);
    page.window.location.hash = "#sol-one";
    page.window.dispatchEvent(new page.window.Event("hashchange"));
    assert.deepEqual(page.opened(), ["sol-one", "sol-two"]);
  });
}

for (const hash of ["", "#words", "#none", "#%E0"]) {
  test(`the address "${hash}" opens no solution`, async () => {
    const page = await solutions(hash, true);
    assert.deepEqual([page.opened(), page.all(".toggle-shown").length], [[], 0]);
  });
}
