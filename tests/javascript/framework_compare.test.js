/* A second framework beside the chosen one, and the key that chooses the next. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HERE, KEY, NAMES, header, tabs, visit } from "./framework_page.js";
import { change } from "./window.js";

const SECOND = `${KEY}-compare`;
const BODY = `${header(["numpy"])}<article><p>Words</p>${tabs(1, HERE)}
  ${tabs(2, HERE, { without: ["mxnet"] })}</article>`;
const OTHER = "?framework=jax&compare=pytorch";

const read = async (options = {}) => {
  const page = await visit({
    body: BODY, scripts: ["framework_tabs.js", "framework_compare.js"], ...options });
  const second = page.one("#framework-compare select");
  return Object.assign(page, {
    second,
    // The frameworks shown in each set: the chosen one, then the second
    both: () => page.all(".framework-tabs").map((set) => [":scope > input:checked + label",
      ":scope > input:not(:checked) + label:has(+ .compared)"].flatMap((rule) =>
      [...set.querySelectorAll(rule)].map((label) => label.dataset.syncId))),
    named: () => page.all(".framework-tabs > [role=group]").map((panel) => panel.getAttribute("aria-label")),
    button: () => page.one("#framework-compare-button").textContent.trim(),
    comparing: () => page.document.documentElement.classList.contains("comparing"),
  });
};

test("without a second framework, nothing changes", async () => {
  const page = await read({ query: "?framework=jax" });
  assert.deepEqual(page.both(), [["jax"], ["jax"]]);
  assert.deepEqual(page.named(), []);
  assert.equal(page.address(), "?framework=jax");
  assert.equal(page.stored(SECOND), null);
  assert.deepEqual([page.button(), page.comparing(), page.second.value], ["Compare", false, "none"]);
});

test("a link shows two frameworks, each panel with its name, and both are kept", async () => {
  const page = await read({ query: `${OTHER}&other=1#place` });
  assert.deepEqual(page.both(), [["jax", "pytorch"], ["jax", "pytorch"]]);
  assert.deepEqual(page.named(), [...HERE, ...HERE].map((name) => NAMES[name]));
  assert.equal(page.address(), `${OTHER}&other=1#place`);
  assert.deepEqual([page.stored(), page.stored(SECOND)], ["jax", "pytorch"]);
  assert.equal(page.button(), "Compared with PyTorch");
  assert.deepEqual([page.comparing(), page.second.value], [true, "pytorch"]);
});

test("the menu chooses the second framework, and none again", async () => {
  const page = await read({ query: "?framework=jax" });
  change(page.second, "mxnet");
  assert.deepEqual(page.both(), [["jax", "mxnet"], ["jax"]]);    // the second set has no MXNet code
  assert.equal(page.address(), "?framework=jax&compare=mxnet");
  assert.equal(page.stored(SECOND), "mxnet");
  change(page.second, "none");
  assert.deepEqual(page.both(), [["jax"], ["jax"]]);
  assert.deepEqual([page.named(), page.comparing(), page.button()], [[], false, "Compare"]);
  assert.equal(page.address(), "?framework=jax");
  assert.equal(page.stored(SECOND), "none");
});

test("the menu offers neither the chosen framework nor one that the page lacks", async () => {
  const page = await read({ query: OTHER });
  const barred = () => [...page.second.options].filter((option) => option.disabled).map((option) => option.value);
  assert.deepEqual(barred(), ["jax", "numpy"]);
  change(page.chooser, "mxnet");
  assert.deepEqual(barred(), ["mxnet", "numpy"]);
});

test("a cell without code in the chosen framework shows the second", async () => {
  const page = await read({ query: "?framework=mxnet&compare=jax" });
  assert.deepEqual(page.both(), [["mxnet", "jax"], ["mxnet", "jax"]]);
});

test("what is stored is shown where the address says nothing", async () => {
  const page = await read({ stored: { [KEY]: "jax", [SECOND]: "mxnet" } });
  assert.deepEqual(page.both()[0], ["jax", "mxnet"]);
  assert.equal(page.address(), "?framework=jax&compare=mxnet");
});

for (const type of ["reload", "back_forward"]) {
  for (const kept of ["mxnet", "none"]) {
    test(`what is stored (${kept}) decides after ${type}: the address is older`, async () => {
      const page = await read({ query: OTHER, stored: { [KEY]: "jax", [SECOND]: kept }, type });
      assert.deepEqual(page.both()[0], kept === "none" ? ["jax"] : ["jax", kept]);
      assert.equal(page.address(), kept === "none" ? "?framework=jax" : `?framework=jax&compare=${kept}`);
    });
  }
}

for (const bad of ["nonsense", "", "JAX", "constructor", "__proto__"]) {
  test(`"${bad}" is no second framework`, async () => {
    const query = `?framework=jax&compare=${bad}`;
    let page = await read({ query, stored: { [SECOND]: "mxnet" } });
    assert.deepEqual([page.both()[0], page.stored(SECOND)], [["jax", "mxnet"], "mxnet"]);
    page = await read({ query, stored: { [SECOND]: bad } });
    assert.deepEqual(page.both()[0], ["jax"]);
    assert.equal(page.address(), "?framework=jax");
  });
}

test("?compare=none ends a comparison", async () => {
  const page = await read({ query: "?framework=jax&compare=none", stored: { [SECOND]: "mxnet" } });
  assert.deepEqual([page.both()[0], page.address()], [["jax"], "?framework=jax"]);
});

test("the chosen framework is no second one", async () => {
  const page = await read({ query: "?framework=jax&compare=jax" });
  assert.deepEqual([page.both()[0], page.address()], [["jax"], "?framework=jax"]);
  const first = await read({ query: "?compare=pytorch" });       // what a first visitor sees anyway
  assert.deepEqual([first.both()[0], first.second.value], [["pytorch"], "none"]);
  const thrice = await read({ stored: { [KEY]: "jax", [`${KEY}-before`]: "jax", [SECOND]: "jax" } });
  assert.deepEqual([thrice.both()[0], thrice.second.value], [["jax"], "none"]);
});

test("who chooses the second framework has the two the other way round", async () => {
  const page = await read({ query: OTHER });
  change(page.tab(1, "pytorch"), true);
  assert.deepEqual(page.both()[0], ["pytorch", "jax"]);
  assert.equal(page.address(), "?framework=pytorch&compare=jax");
  const linked = await read({ query: "?framework=pytorch",
    stored: { [KEY]: "jax", [SECOND]: "pytorch" } });
  assert.deepEqual(linked.both()[0], ["pytorch", "jax"]);
});

test("a page without the second framework or without tabs shows one, and keeps it for others", async () => {
  for (const body of [BODY, header()]) {
    const page = await read({ query: "?framework=jax&compare=numpy", body });
    assert.deepEqual([page.comparing(), page.stored(SECOND), page.second.value], [false, "numpy", "numpy"]);
    assert.equal(page.address(), body === BODY ? "?framework=jax" : "");
  }
});

test("however the reader chooses, the two differ, and page, address, menu and storage agree", async () => {
  const page = await read({ query: OTHER });
  let seed = 7;
  const pick = (list) => {                            // a linear congruential generator
    seed = (seed * 48271) % (2 ** 31 - 1);
    return list[seed % list.length];
  };
  for (let step = 0; step < 200; step += 1) {
    if (pick([true, false])) change(page.chooser, pick(HERE));
    else {
      const enabled = [...page.second.options].filter((option) => !option.disabled);
      change(page.second, pick(enabled).value);
    }
    const [first, second = "none"] = page.both()[0];
    assert.notEqual(first, second);
    assert.deepEqual([page.chooser.value, page.second.value], [first, second]);
    assert.deepEqual([page.stored(), page.stored(SECOND)], [first, second]);
    const address = new URLSearchParams(page.address());
    assert.deepEqual([address.get("framework"), address.get("compare") ?? "none"], [first, second]);
  }
});

for (const [kind, event] of [
  ["storage", (window) => new window.StorageEvent("storage", { key: SECOND })],
  ["pageshow", (window) => new window.PageTransitionEvent("pageshow", { persisted: true })],
  ["popstate", (window) => new window.PopStateEvent("popstate")],
]) {
  test(`a second framework chosen elsewhere is followed: ${kind}`, async () => {
    const page = await read({ query: OTHER });
    for (const [value, expected] of [["nonsense", "pytorch"], ["mxnet", "mxnet"], ["none", undefined]]) {
      page.window.localStorage.setItem(SECOND, value);
      page.window.dispatchEvent(event(page.window));
      assert.equal(page.both()[0][1], expected);
      assert.equal(new URLSearchParams(page.address()).get("compare") ?? undefined, expected);
    }
  });
}

test("where storage is blocked, a comparison holds for the page and its address", async () => {
  const page = await read({ query: OTHER, prepare: (window) => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new Error("blocked"); } });
  } });
  assert.deepEqual(page.both()[0], ["jax", "pytorch"]);
  change(page.second, "mxnet");
  assert.equal(page.address(), "?framework=jax&compare=mxnet");
});
