/* A jsdom window that runs one or more of the book's scripts at their place in the page. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { JSDOM, VirtualConsole } from "jsdom";

const ROOT = new URL("../../", import.meta.url);

export const source = (path) => readFileSync(new URL(path, ROOT), "utf8");

/* A clock that the tests control, because they cannot wait for jsdom's timers. */
class Clock {
  constructor(window) {
    this.now = 0;
    this.waiting = new Map();
    window.setTimeout = (act, delay = 0) => {
      this.waiting.set(this.waiting.size + 1, [this.now + delay, act]);
      return this.waiting.size;
    };
    window.clearTimeout = (number) => { if (number) this.waiting.set(number, null); };
  }

  pass(milliseconds) {
    this.now += milliseconds;
    for (const [number, entry] of this.waiting) {
      if (!entry || entry[0] > this.now) continue;
      this.waiting.set(number, null);
      entry[1]();
    }
  }
}

/* A window with the page `body`, after its scripts have run. They are in the head or, if deferred, at
   the end of the body; `prepare(window)` runs before it.
   An error of the script, or a feature that jsdom lacks, fails the test. */
export const open = async (scripts, body, { url = "https://book.test/chapters/dropout.html",
  attributes = "", deferred = false, prepare = () => {} } = {}) => {
  const errors = [];
  const virtualConsole = new VirtualConsole().on("jsdomError", (error) => errors.push(error));
  let clock;
  const elements = [scripts].flat().map((name) =>
    `<script ${attributes}>${source(name.includes("/") ? name : `tabbook/sphinx/static/${name}`)}</script>`).join("");
  const [head, end] = deferred ? ["", elements] : [elements, ""];
  const { window } = new JSDOM(`<!DOCTYPE html><head>${head}</head><body>${body}${end}</body>`, {
    url, runScripts: "dangerously", virtualConsole,
    beforeParse: (opened) => {
      clock = new Clock(opened);
      opened.performance.getEntriesByType = () => [{ type: "navigate" }];
      opened.scrollBy = () => {};
      opened.Element.prototype.scrollIntoView = () => {};
      opened.Element.prototype.checkVisibility = () => true;
      prepare(opened);
    },
  });
  if (window.document.readyState !== "complete") {
    await new Promise((done) => { window.addEventListener("load", done); });
  }
  assert.deepEqual(errors, []);
  return { window, document: window.document, clock, all: (rule) =>
    [...window.document.querySelectorAll(rule)], one: (rule) => window.document.querySelector(rule) };
};

/* Change a control and dispatch the events of a reader's change. */
export const change = (control, value) => {
  const { Event } = control.ownerDocument.defaultView;
  if (["checkbox", "radio"].includes(control.type)) control.checked = value;
  else control.value = value;
  for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
};
