/* A window of jsdom that runs one of the book's scripts where the book has it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { JSDOM, VirtualConsole } from "jsdom";

const ROOT = new URL("../../", import.meta.url);

export const source = (path) => readFileSync(new URL(path, ROOT), "utf8");

/* Time that passes when a test says so; what jsdom lacks, or does later than a test can wait. */
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

/* A window with the page `body` once its script is through, which stands in the head, or behind the
   body where it is deferred; `prepare(window)` comes before.
   An error of the script, or a part of the browser that jsdom lacks, fails the test. */
export const open = async (script, body, { url = "https://book.test/chapters/dropout.html",
  attributes = "", deferred = false, prepare = () => {} } = {}) => {
  const errors = [];
  const virtualConsole = new VirtualConsole().on("jsdomError", (error) => errors.push(error));
  let clock;
  const element = `<script ${attributes}>${source(`tabbook/sphinx/static/${script}`)}</script>`;
  const [head, end] = deferred ? ["", element] : [element, ""];
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

/* Change a control as a reader does. */
export const change = (control, value) => {
  const { Event } = control.ownerDocument.defaultView;
  if (["checkbox", "radio"].includes(control.type)) control.checked = value;
  else control.value = value;
  for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
};
