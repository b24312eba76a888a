/* The key F chooses the next framework, and leaves all other keys alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HERE, header, tabs, visit } from "./framework_page.js";
import { change } from "./window.js";

const FIELDS = `<input id="text"><textarea id="area"></textarea><input type="search" id="search">
  <div id="edit"></div>`;
const read = async (absent = ["numpy"], options = {}) => {
  const page = await visit({
    query: "?framework=jax", scripts: ["framework_tabs.js", "framework_key.js"],
    body: `${header(absent)}${FIELDS}<article><p>Words</p>${tabs(1, HERE)}</article>`, ...options });
  page.document.getElementById("edit").isContentEditable = true;  // jsdom does not compute it
  const press = (init = {}, target = page.document.body) => {
    const event = new page.window.KeyboardEvent("keydown",
      { key: "f", bubbles: true, cancelable: true, ...init });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return Object.assign(page, { press, box: page.one("input[type=checkbox]") });
};

test("F goes through the page's frameworks and says which", async () => {
  const page = await read();
  for (const expected of ["mxnet", "pytorch", "tensorflow", "jax", "mxnet"]) {
    assert.equal(page.press(), true);
    assert.deepEqual(page.shown(), [expected]);
  }
  assert.equal(page.one("#page-status").textContent, "Code in MXNet");
  assert.equal(page.press({ key: "F" }), true);       // the caps lock
  assert.deepEqual(page.shown(), ["pytorch"]);
});

for (const target of ["a tab", "a button", "the box"]) {
  test(`F works on ${target}, in which nobody types`, async () => {
    const page = await read();
    const places = { "a tab": page.tab(0, "jax"), "a button": page.one("button"), "the box": page.box };
    assert.equal(page.press({}, places[target]), true);
    assert.deepEqual(page.shown(), ["mxnet"]);
  });
}

for (const [what, init, field] of [
  ["another key", { key: "g" }], ["Ctrl", { ctrlKey: true }], ["Alt", { altKey: true }],
  ["Meta", { metaKey: true }], ["Shift", { shiftKey: true, key: "F" }], ["a held key", { repeat: true }],
  ["a key of an input method", { isComposing: true }],
  ["text", {}, "#text"], ["a text area", {}, "#area"], ["a search field", {}, "#search"],
  ["the chooser", {}, "#framework-chooser"], ["the menu", {}, "#framework-compare select"],
  ["text that can be edited", {}, "#edit"],
]) {
  test(`F is left alone: ${what}`, async () => {
    const page = await read();
    assert.equal(page.press(init, field ? page.one(field) : undefined), false);
    assert.deepEqual(page.shown(), ["jax"]);
  });
}

test("F is left alone in a dialog, and when another script has used it", async () => {
  const page = await read();
  const dialog = page.document.createElement("dialog");
  dialog.setAttribute("open", "");
  page.document.body.append(dialog);
  assert.equal(page.press(), false);
  dialog.remove();
  page.document.body.addEventListener("keydown", (event) => event.preventDefault(), { once: true });
  page.press();
  assert.deepEqual(page.shown(), ["jax"]);
});

test("on a page in one framework F does nothing", async () => {
  const page = await read(HERE);
  assert.equal(page.press(), false);
  assert.equal(page.stored(), "jax");
});

test("the key can be switched off, which is kept, and the chooser names it while it works", async () => {
  const page = await read();
  assert.match(page.chooser.title, /Key F/);
  assert.equal(page.chooser.getAttribute("aria-keyshortcuts"), "F");
  change(page.box, false);
  assert.equal(page.press(), false);
  assert.deepEqual([page.chooser.title, page.chooser.getAttribute("aria-keyshortcuts")], ["", null]);
  const later = await read(["numpy"], { stored: { "framework-key": page.stored("framework-key") } });
  assert.equal(later.press(), false);
  assert.equal(later.box.checked, false);
  change(later.box, true);
  assert.equal(later.press(), true);
  assert.equal(later.stored("framework-key"), "on");
});

test("where storage is blocked, the key works and can be switched off for the page", async () => {
  const page = await read(["numpy"], { prepare: (window) => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new Error("blocked"); } });
  } });
  assert.equal(page.press(), true);
  change(page.box, false);
  assert.equal(page.press(), false);
});
