/* The choice of a framework: its sources, the values that it ignores, and its effects. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BODY, HERE, KEY, tabs, visit } from "./framework_page.js";
import { change } from "./window.js";

test("without a choice, every set shows its first framework", async () => {
  const page = await visit();
  assert.deepEqual(page.shown(), ["pytorch", "jax", "pytorch"]);
  assert.equal(page.address(), "");
  assert.equal(page.stored(), null);
  assert.equal(page.chooser.value, "pytorch");
  assert.deepEqual(page.offered(), ["pytorch"]);
});

test("the address decides, and what it says is stored", async () => {
  const page = await visit({ query: "?framework=mxnet&other=1#place", stored: { [KEY]: "jax" } });
  assert.deepEqual(page.shown(), ["mxnet", "mxnet", "mxnet"]);
  assert.equal(page.address(), "?framework=mxnet&other=1#place");
  assert.equal(page.stored(), "mxnet");
  assert.equal(page.chooser.value, "mxnet");
  assert.deepEqual(page.offered(), ["mxnet"]);
});

test("what is stored decides where the address says nothing, and is put there", async () => {
  const page = await visit({ stored: { [KEY]: "mxnet" } });
  assert.deepEqual(page.shown(), ["mxnet", "mxnet", "mxnet"]);
  assert.equal(page.address(), "?framework=mxnet");
});

for (const type of ["reload", "back_forward"]) {
  test(`what is stored decides after ${type}: the address is older`, async () => {
    const page = await visit({ query: "?framework=jax", stored: { [KEY]: "mxnet" }, type });
    assert.deepEqual(page.shown(), ["mxnet", "mxnet", "mxnet"]);
    assert.equal(page.address(), "?framework=mxnet");
    assert.deepEqual((await visit({ query: "?framework=jax", type })).shown()[0], "jax");
  });
}

for (const bad of ["nonsense", "", "JAX", "constructor", "%3Cb%3E", "__proto__"]) {
  test(`"${bad}" is no framework`, async () => {
    const query = `?framework=${bad}&other=1#place`;
    let page = await visit({ query, stored: { [KEY]: "jax" } });
    assert.deepEqual([page.shown()[0], page.stored()], ["jax", "jax"]);
    assert.equal(page.address(), "?framework=jax&other=1#place");
    page = await visit({ query, stored: { [KEY]: bad, [`${KEY}-before`]: bad } });
    assert.deepEqual(page.shown(), ["pytorch", "jax", "pytorch"]);
    assert.equal(page.address(), "?other=1#place");
    assert.equal(page.chooser.value, "pytorch");
  });
}

test("a page without the chosen framework says so, and shows the one before", async () => {
  const page = await visit({ stored: { [KEY]: "numpy", [`${KEY}-before`]: "jax" } });
  assert.equal(page.note(), "This page has no NumPy; it shows JAX.");
  assert.deepEqual(page.shown(), ["jax", "jax", "jax"]);
  assert.equal(page.chooser.value, "numpy");
  assert.equal(page.address(), "");
  assert.deepEqual(page.offered(), ["jax"]);
  const other = await visit({ query: "?framework=numpy" });
  assert.equal(other.note(), "This page has no NumPy; it shows PyTorch.");
});

test("a set without the chosen framework shows the one before, and others the chosen one", async () => {
  const page = await visit({ stored: { [KEY]: "pytorch", [`${KEY}-before`]: "mxnet" } });
  assert.deepEqual(page.shown(), ["pytorch", "mxnet", "pytorch"]);
  assert.equal(page.note(), undefined);
});

for (const [way, choose] of [
  ["a tab", (page) => change(page.tab(2, "tensorflow"), true)],
  ["the header", (page) => change(page.chooser, "tensorflow")],
]) {
  test(`a choice made by ${way} is for the whole page, and is kept`, async () => {
    const page = await visit({ query: "?framework=numpy&other=1" });
    choose(page);
    assert.deepEqual(page.shown(), ["tensorflow", "jax", "tensorflow"]);
    assert.deepEqual([page.stored(), page.stored(`${KEY}-before`)], ["tensorflow", "numpy"]);
    assert.equal(page.address(), "?other=1&framework=tensorflow");
    assert.equal(page.chooser.value, "tensorflow");
    assert.equal(page.note(), undefined);
    assert.deepEqual(page.offered(), ["tensorflow"]);
  });
}

test("other tabs are another choice", async () => {
  const page = await visit({ query: "?framework=jax" });
  change(page.tab(3, "numpy"), true);
  assert.deepEqual(page.shown(), ["jax", "jax", "jax"]);
  assert.equal(page.stored(), "jax");
});

for (const [kind, event] of [
  ["storage", (window) => new window.StorageEvent("storage", { key: KEY })],
  ["pageshow", (window) => new window.PageTransitionEvent("pageshow", { persisted: true })],
  ["popstate", (window) => new window.PopStateEvent("popstate")],
]) {
  test(`a choice made elsewhere is followed: ${kind}`, async () => {
    const page = await visit({ query: "?framework=jax" });
    page.window.localStorage.setItem(KEY, "nonsense");
    page.window.dispatchEvent(event(page.window));
    assert.deepEqual(page.shown(), ["jax", "jax", "jax"]);
    page.window.localStorage.setItem(KEY, "mxnet");
    page.window.dispatchEvent(event(page.window));
    assert.deepEqual(page.shown(), ["mxnet", "mxnet", "mxnet"]);
    assert.equal(page.address(), "?framework=mxnet");
  });
}

test("a page without a link's framework shows the one chosen last", async () => {
  const linked = await visit({ query: "?framework=numpy",
    stored: { [KEY]: "mxnet", [`${KEY}-before`]: "jax" } });
  assert.equal(linked.stored(), "numpy");
  assert.equal(linked.stored(`${KEY}-before`), "mxnet");
  const next = await visit({ stored: { [KEY]: "numpy", [`${KEY}-before`]: linked.stored(`${KEY}-before`) } });
  assert.deepEqual(next.shown(), ["mxnet", "mxnet", "mxnet"]);
  assert.equal(next.note(), "This page has no NumPy; it shows MXNet.");
});

test("a page that comes back whole keeps its choice where the browser then resets inputs", async () => {
  const page = await visit({ query: "?framework=mxnet" });
  const reset = () => page.all(".framework-tabs > input").forEach((input) => {
    input.checked = input.defaultChecked;             // as WebKit does
  });
  reset();
  assert.deepEqual(page.shown(), ["mxnet", "mxnet", "mxnet"]);
  change(page.tab(0, "tensorflow"), true);
  reset();
  assert.deepEqual(page.shown(), ["tensorflow", "mxnet", "tensorflow"]);
  page.window.localStorage.setItem(KEY, "jax");       // chosen on a later page
  page.window.dispatchEvent(new page.window.PageTransitionEvent("pageshow", { persisted: true }));
  reset();
  assert.deepEqual(page.shown(), ["jax", "jax", "jax"]);
});

test("an older entry of the history gets the newest choice into its address", async () => {
  const page = await visit({ query: "?framework=jax" });
  page.window.history.replaceState(null, "", "?framework=pytorch#place");
  page.window.dispatchEvent(new page.window.PopStateEvent("popstate"));
  assert.equal(page.address(), "?framework=jax#place");
});

test("where storage is blocked, a choice holds for the page and its address", async () => {
  const page = await visit({ query: "?framework=mxnet", prepare: (window) => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new Error("blocked"); } });
  } });
  assert.deepEqual(page.shown(), ["mxnet", "mxnet", "mxnet"]);
  change(page.chooser, "jax");
  assert.deepEqual(page.shown(), ["jax", "jax", "jax"]);
  assert.equal(page.address(), "?framework=jax");
});

for (const [where, blocked, handed] of [
  ["with storage", false, [null, null, "mxnet"]], ["without storage", true, ["jax", null, "mxnet"]],
]) {
  test(`${where}, a link to another page of the book passes on ${handed[0] ?? "nothing"}`, async () => {
    const links = ["rates.html#place", "https://elsewhere.test/a.html", "rates.html?framework=mxnet"];
    const body = BODY + links.map((href) => `<a class="link" href="${href}"><b>x</b></a>`).join("");
    const page = await visit({ query: "?framework=jax", body, prepare: (window) => {
      if (!blocked) return;
      Object.defineProperty(window, "localStorage", { get: () => { throw new Error("blocked"); } });
    } });
    page.window.document.addEventListener("click", (event) => event.preventDefault());
    const found = page.all(".link").map((link) => {
      link.firstChild.click();
      return new URL(link.href).searchParams.get("framework");
    });
    assert.deepEqual(found, handed);
    assert.equal(new URL(page.one(".link").href).hash, "#place");
  });
}

test("a page without tabs keeps the choice, and its address clean", async () => {
  const page = await visit({ query: "?framework=jax", body: BODY.replace(/<article>.*/s, "") });
  assert.equal(page.stored(), "jax");
  assert.equal(page.address(), "");
  assert.equal(page.chooser.value, "jax");
  assert.equal(page.note(), undefined);
});

test("a tab set is a group named by its section, and the browser restores none of it", async () => {
  const article = `${tabs(1, HERE)}<section><h2>2.1. Masks<a class="headerlink">#</a></h2>${tabs(2, HERE)}
    <section><h3>2.1.1. At work</h3>${tabs(3, HERE)}</section>${tabs(4, HERE)}</section>`;
  const page = await visit({ body: `<article>${article}</article>` });
  const sets = page.all(".framework-tabs");
  assert.deepEqual(sets.map((set) => set.getAttribute("role")), Array(4).fill("group"));
  assert.deepEqual(sets.map((set) => set.ariaLabel), ["Framework", "Framework, 2.1. Masks",
    "Framework, 2.1.1. At work", "Framework, 2.1. Masks, 2"]);
  assert.deepEqual([...new Set(page.all(".framework-tabs > input").map((i) => i.autocomplete))], ["off"]);
});
