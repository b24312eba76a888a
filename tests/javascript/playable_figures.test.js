/* The interactive figures agree with their pages' formulas at every setting of the controls. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { change, open, source } from "./window.js";

const FIGURES = {
  network: "chapters/img/dropout-mask-on-network.svg",
  spatial: "chapters/img/spatial-mask-gallery.svg",
  choosing: "chapters/img/choosing-mask-gallery.svg",
};
const GALLERIES = ["spatial", "choosing"];

const play = async (name) => {
  const page = await open("chapters/playable/playable_figures.js", source(FIGURES[name]), { deferred: true });
  const control = (rule) => page.one(`form ${rule}`);
  return Object.assign(page, {
    set: (field, value) => change(control(`[name=${field}]`), value),
    mode: (value) => change(control(`[name=mode][value=${value}]`), true),
    draw: (times = 1, button = 100) => {
      for (; times > 0; times -= 1) control(`button[value="${button}"]`).click();
    },
    status: () => page.one("[role=status]").textContent.replaceAll("−", "-"),
  });
};

const number = (text) => Number(text.replace("−", "-"));
/* The figures round to three significant digits. */
const near = (shown, value, off = 5.1e-3 * Math.abs(value) + 1e-9) =>
  assert.ok(Math.abs(shown - value) <= off, `Expected ${value} within ${off}, found ${shown}.`);
/* Hoeffding's bound on the error of the mean of `draws` samples from an interval of that width. A
   larger error has a probability of at most 1e-9. */
const deviation = (draws, width) => width * Math.sqrt(Math.log(2e9) / (2 * draws));

const units = (page) => page.all(".unit").map((unit) => ({
  h: unit.dataset.value ? Number(unit.dataset.value) : null,
  weights: (unit.dataset.weights ?? "").split(" ").map(Number),
  shown: number(unit.querySelector(".value").textContent),
  dropped: unit.classList.contains("dropped"),
}));

/* Every hidden unit shows 0 or h/(1-p), and every output the weighted sum of its inputs. */
const obeysTheDefinition = (found, p) => {
  const hidden = found.filter(({ h }) => h !== null);
  assert.equal(hidden.length, 5);
  for (const { h, shown, dropped } of hidden) {
    if (dropped) assert.equal(shown, 0);
    else near(shown, h / (1 - p));
  }
  const outputs = found.slice(hidden.length);
  assert.equal(outputs.length, 3);
  outputs.forEach(({ shown }, k) => near(shown, hidden.filter(({ dropped }) => !dropped)
    .reduce((sum, { h, weights }) => sum + weights[k] * h, 0) / (1 - p)));
  return hidden.map(({ dropped }) => dropped).join();
};

for (const p of [0.05, 0.3, 0.5, 0.95]) {
  test(`at ${p}, kept units are divided and dropped ones are zero`, async () => {
    const page = await play("network");
    page.set("p", p);
    const masks = new Set();
    for (let i = 0; i < 40; i += 1) {
      page.draw(1, 1);
      masks.add(obeysTheDefinition(units(page), p));
    }
    assert.ok(masks.size > 3);                        // every step samples a new mask
    assert.ok([...masks].some((mask) => mask.includes("true")));
  });
}

test("nothing is dropped at 0 and everything at 1", async () => {
  const page = await play("network");
  page.set("p", 0);
  page.draw();
  assert.ok(!obeysTheDefinition(units(page), 0).includes("true"));
  page.set("p", 1);
  page.draw();
  const found = units(page);
  assert.ok(found.every(({ shown }) => shown === 0));
  assert.deepEqual(found.map(({ dropped }) => dropped), [...Array(5).fill(true), ...Array(3).fill(false)]);
  assert.doesNotMatch(page.one("svg").outerHTML + page.status(), /NaN|Infinity/);
});

test("evaluation is the identity and draws nothing", async () => {
  const page = await play("network");
  page.set("p", 0.8);
  const before = units(page);
  page.mode("evaluation");
  assert.ok(!obeysTheDefinition(units(page), 0).includes("true"));
  const disabled = page.all("form button").map((button) => [button.value, button.disabled]);
  assert.deepEqual(disabled, [["1", true], ["100", true], ["0", false]]);
  page.mode("training");
  assert.deepEqual(units(page), before);
});

for (const p of [0.2, 0.5, 0.9]) {
  test(`at ${p}, the running mean approaches the value without dropout`, async () => {
    const page = await play("network");
    page.set("p", p);
    page.draw(20);
    const hidden = units(page).slice(0, 5);
    const h = hidden.map((unit) => unit.h);
    const all = h.reduce((sum, value) => sum + value);
    const sums = [0, 1, 2].map((k) => hidden.reduce((sum, unit) => sum + unit.weights[k] * unit.h, 0));
    [...h, ...sums].forEach((value, place) => {
      page.set("unit", String(place));
      const [, draws, mean, expected] = page.status().match(
        /over (\d+) masks: (\S+)\. Without dropout, \S+ = (\S+)\./).map(Number);
      assert.equal(draws, 2001);
      assert.equal(expected, value);
      const scale = place < 5 ? value : all;
      near(mean, value, deviation(2001, scale / (1 - p)));
      // The chart agrees: its middle is the expected value, and the line ends at the mean.
      assert.equal(number(page.all(".tick")[1].textContent), value);
      const end = Number(page.one(".mean").getAttribute("d").split(" ").at(-1));
      near(end, (-40 * (mean - value)) / scale, 0.3);
    });
  });
}

test("drawing can be repeated", async () => {
  const page = await play("network");
  const first = () => {
    page.draw(1, 0);
    return Array.from({ length: 6 }, (_, i) => {
      if (i) page.draw(1, 1);
      return units(page);
    });
  };
  const once = first();
  page.set("p", 0.9);
  page.draw(3);
  assert.deepEqual(first(), once);
  assert.equal(page.one("[name=p]").value, "0.5");
});

/* The panels of a gallery, with their masks as rows of booleans: true for a filled cell. */
const panels = (page) => page.all(".panel").map((panel) => {
  const [rows, columns] = [Number(panel.dataset.rows), Number(panel.dataset.columns)];
  const [now, mean] = panel.querySelector(".share").textContent.match(/[\d.]+(?= %)/g)
    .map((share) => share / 100);
  const masks = [...panel.querySelectorAll(".dropped")].map((path) => {
    const cells = Array.from({ length: rows }, () => Array(columns).fill(false));
    for (const [, j, i] of path.getAttribute("d").matchAll(/M(\d+) (\d+)h1v1h-1z/g)) cells[i][j] = true;
    return cells;
  });
  return { per: panel.dataset.per, now, mean, masks };
});

/* Whether every filled cell lies in a filled square of that size. */
const isMadeOfBlocks = (mask, size) => {
  const left = mask.map((row) => [...row]);
  const square = (top, start) => Array.from({ length: size * size }, (_, k) =>
    [top + Math.floor(k / size), start + (k % size)]);
  for (let top = 0; top + size <= mask.length; top += 1) {
    for (let start = 0; start + size <= mask[0].length; start += 1) {
      const cells = square(top, start);
      if (cells.every(([i, j]) => mask[i][j])) cells.forEach(([i, j]) => { left[i][j] = false; });
    }
  }
  return !left.flat().includes(true);
};

for (const name of GALLERIES) {
  test(`${name}: a gallery drops nothing at 0 and everything at 1`, async () => {
    const page = await play(name);
    for (const p of [0, 1]) {
      page.set("p", p);
      page.draw();
      const found = panels(page);
      const cells = found.flatMap(({ masks }) => masks.flat(2));
      assert.ok(cells.length > 500);
      assert.ok(cells.every((cell) => cell === Boolean(p)));
      assert.ok(found.every(({ now, mean }) => now === p && mean === p));
    }
  });

  test(`${name}: what shares a decision is dropped together, and nothing else`, async () => {
    const page = await play(name);
    page.set("p", 0.4);
    const mixed = new Map();
    for (let i = 0; i < 20; i += 1) {
      page.draw(1, 1);
      panels(page).forEach(({ per, masks }, place) => masks.forEach((mask) => {
        const same = (lines) => lines.every((line) => new Set(line).size === 1);
        const rows = same(mask);
        const columns = same(mask[0].map((_, j) => mask.map((row) => row[j])));
        assert.ok(rows || !["map", "row"].includes(per));
        assert.ok(columns || !["map", "column"].includes(per));
        assert.ok(per !== "block" || isMadeOfBlocks(mask, 5));
        const seen = mixed.get(place) ?? { per, rows: false, columns: false };
        mixed.set(place, { per, rows: seen.rows || !rows, columns: seen.columns || !columns });
      }));
    }
    for (const { per, rows, columns } of mixed.values()) {
      assert.equal(rows, ["cell", "column", "block"].includes(per), per);
      assert.equal(columns, ["cell", "row", "block"].includes(per), per);
    }
  });

  for (const p of [0.1, 0.5]) {
    test(`${name}: the share that is dropped is near ${p}`, async () => {
      const page = await play(name);
      page.set("p", p);
      page.draw(10);
      for (const { per, now, mean, masks } of panels(page)) {
        const cells = masks.flat(2);
        near(now, cells.filter(Boolean).length / cells.length, 6e-4);
        const decisions = { cell: cells.length, row: 8, column: 12 }[per] ?? 4;
        near(mean, p, deviation(1001 * decisions, 1) + 1e-3);
      }
    });
  }
}

for (const size of [1, 3, 7, 13]) {
  test(`blocks have the size ${size} when it was set`, async () => {
    const page = await play("spatial");
    page.set("block", size);
    const found = [];
    for (let i = 0; i < 30; i += 1) {
      page.draw(1, 1);
      found.push(...panels(page).find(({ per }) => per === "block").masks);
    }
    assert.ok(found.every((mask) => isMadeOfBlocks(mask, size)));
    assert.ok(!found.every((mask) => isMadeOfBlocks(mask, size + 1)));
  });
}

test("γ is solved for, and the paper's falls short", async () => {
  const page = await play("spatial");
  const [p, size, side] = [0.5, 7, 14];
  page.set("p", p);
  page.set("block", size);
  // Count, for each pixel, the blocks inside the map that cover it.
  const covers = Array(side * side).fill(0);
  for (let top = 0; top + size <= side; top += 1) {
    for (let left = 0; left + size <= side; left += 1) {
      for (let k = 0; k < size * size; k += 1) {
        covers[(top + Math.floor(k / size)) * side + left + (k % size)] += 1;
      }
    }
  }
  const shown = () => {
    page.draw(10);
    const gamma = Number(page.status().match(/γ = (\S+)\./)[1]);
    const exact = covers.reduce((sum, n) => sum + 1 - (1 - gamma) ** n, 0) / covers.length;
    return [gamma, exact, panels(page).find(({ per }) => per === "block").mean];
  };
  let [gamma, exact, mean] = shown();
  near(exact, p, 5e-3);
  near(mean, p, deviation(4004, 1) + 1e-3);
  const solved = gamma;
  change(page.one("[name=paper]"), true);
  [gamma, exact, mean] = shown();
  near(gamma, (p * side ** 2) / (size ** 2 * (side - size + 1) ** 2));
  assert.ok(gamma < solved);
  near(mean, exact, deviation(4004, 1) + 5e-3);
  assert.ok(mean < p - 0.05);
});

for (const name of Object.keys(FIGURES)) {
  test(`${name}: one sentence is read out, and not while a slider is dragged`, async () => {
    const page = await play(name);
    const svg = page.one("svg");
    const before = [svg.getAttribute("aria-label"), page.status()];
    page.draw();
    assert.notEqual(svg.getAttribute("aria-label"), before[0]);
    assert.notEqual(page.status(), before[1]);
    assert.ok(page.status().length < 220);
    const [slider, status] = [page.one("[name=p]"), page.one("[role=status]")];
    const { Event } = page.window;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    assert.equal(status.ariaBusy, "true");
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    assert.equal(status.ariaBusy, "false");
  });
}

test("the script is small", () => {
  const { length } = source("chapters/playable/playable_figures.js");
  assert.ok(length > 0 && length < 15_000);
});
