/* Interactive figures: a mask on a small network, and galleries of masks. Each is an SVG in the
   page, readable as a still picture. This script updates the SVG and adds the controls. The picture
   is reproducible: it depends only on the controls and on the number of masks. */
(() => {
  const STILL = 100;                                  // the still pictures show mask 100
  const SEED = 7;

  // mulberry32, by Tommy Ettinger (public domain): uniform on [0, 1), the same in every browser
  const generator = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  const short = (x) => String(Number(x.toPrecision(3))).replace("-", "−");
  const percent = (x) => `${(100 * x).toFixed(1)} %`;
  const listed = (words) =>
    [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" and ");

  const range = (name, label, [min, max, step, value]) =>
    `<label>${label} <b aria-hidden="true" data-shows="${name}"></b>
     <input type="range" name="${name}" min="${min}" max="${max}" step="${step}" value="${value}">
     </label>`;

  /* Add the controls of a figure and keep picture, description and status in agreement with them.
     restart(values) discards all masks, and step(random, values, count) samples one more.
     show(values, count, form) updates the picture and returns a description and a status text.
     A control named in `views` shows the same masks in another way; any other control restarts. */
  const play = (svg, fields, once, views, { restart, step, show }) => {
    const form = document.createElement("form");
    form.autocomplete = "off";                        // or a reload restores part of the state
    const button = (value, text) =>
      `<button class="sd-btn sd-btn-outline-primary" value="${value}">${text}</button>`;
    form.innerHTML = `${fields}<div class="buttons">${button(1, once)}
      ${button(100, "Draw 100")} ${button(0, "Start again")}</div><p role="status"></p>`;
    svg.after(form);
    const status = form.querySelector("[role=status]");
    const values = () => Object.fromEntries([...new FormData(form)].map(([name, value]) =>
      [name, Number.isNaN(Number(value)) ? value : Number(value)]));
    let random, count;

    const draw = (number) => {
      for (; number > 0; number -= 1) step(random, values(), count += 1);
    };
    const begin = () => {
      [random, count] = [generator(SEED), 0];
      restart(values());
      draw(1);
    };
    const refresh = () => {
      form.querySelectorAll("[data-shows]").forEach((text) => {
        text.textContent = form.elements[text.dataset.shows].value;
      });
      const [description, sentence] = show(values(), count, form);
      svg.setAttribute("aria-label", description);
      status.textContent = sentence;
    };

    // While the reader drags a slider, a screen reader need not announce every value.
    form.addEventListener("input", ({ target }) => {
      status.ariaBusy = String(target.type === "range");
      if (!views.includes(target.name)) begin();
      refresh();
    });
    form.addEventListener("change", () => { status.ariaBusy = "false"; });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const number = Number(event.submitter?.value ?? 1);
      if (number) draw(number);
      else {
        form.reset();
        begin();
      }
      refresh();
    });
    begin();
    draw(STILL - 1);
    refresh();
  };

  // --- a mask on a small network: hidden units, and outputs that add and subtract them --------------

  const network = (svg) => {
    const [WIDTH, HALF] = [280, 40];                  // of the chart; 10,000 masks fill it
    const units = [...svg.querySelectorAll(".unit")];
    const hidden = units.filter((unit) => unit.dataset.value);
    const h = hidden.map((unit) => Number(unit.dataset.value));
    const weights = hidden.map((unit) => unit.dataset.weights.split(" ").map(Number));
    const names = units.map((unit) => unit.querySelector(".name").textContent);
    const withOutputs = (values) => [
      ...values, ...weights[0].map((_, k) => values.reduce((s, v, j) => s + weights[j][k] * v, 0))];
    const expected = withOutputs(h);
    const column = (masks) => Math.min(WIDTH, Math.round((WIDTH / 4) * Math.log10(masks)));
    let kept, values, sums, trail;

    const fields = `${range("p", "Probability to drop, <i>p</i>:", [0, 1, 0.05, 0.5])}
      <fieldset><legend>Mode</legend>
      <label><input type="radio" name="mode" value="training" checked> training</label>
      <label><input type="radio" name="mode" value="evaluation"> evaluation</label></fieldset>
      <label>Unit whose mean is shown: <select name="unit">${names.map((name, place) =>
        `<option value="${place}"${place === 2 ? " selected" : ""}>${name}</option>`).join("")}
      </select></label>`;

    const restart = () => { [sums, trail] = [units.map(() => 0), []]; };
    const step = (random, { p }, count) => {
      kept = h.map(() => random() >= p);
      values = withOutputs(h.map((x, j) => (kept[j] ? x / (1 - p) : 0)));
      sums = sums.map((sum, place) => sum + values[place]);
      if (trail.at(-1)?.x === column(count)) trail.pop();
      trail.push({ x: column(count), means: sums.map((sum) => sum / count) });
    };

    const show = ({ p, mode, unit }, count, form) => {
      const training = mode === "training";
      form.querySelectorAll("button").forEach((b) => { b.disabled = !training && b.value > 0; });
      const now = training ? values : expected;
      const gone = training ? names.filter((_, j) => kept[j] === false) : [];
      units.forEach((group, place) => {
        group.classList.toggle("dropped", gone.includes(names[place]));
        group.classList.toggle("chosen", place === unit);
        group.querySelector(".value").textContent = short(now[place]);
      });

      // The chart's half-height is the sum of the hidden units that contribute to the mean.
      const sizes = unit < h.length ? [h[unit]] : h;  // weights are 1 and −1
      const scale = sizes.reduce((sum, x) => sum + x);
      const middle = expected[unit];
      const y = (difference) =>
        Math.max(-HALF, Math.min(HALF, (-HALF * difference) / scale)).toFixed(1);
      const deviation = p < 1 ? Math.sqrt(p / (1 - p)) * Math.hypot(...sizes) : 0;
      const band = (sign) => Array.from({ length: WIDTH / 10 + 1 }, (_, i) =>
        `${10 * i} ${y((sign * 2 * deviation) / Math.sqrt(10 ** ((40 * i) / WIDTH)))}`);
      const set = (selector, attribute, value) =>
        svg.querySelector(selector).setAttribute(attribute, value);
      set(".band", "d", `M${[...band(1), ...band(-1).reverse()].join("L")}Z`);
      set(".mean", "d", `M0 ${y(trail[0].means[unit] - middle)}L${trail.map(({ x, means }) =>
        `${x} ${y(means[unit] - middle)}`).join("L")}`);
      svg.querySelectorAll(".tick").forEach((tick, place) => {
        tick.textContent = short(middle + (1 - place) * scale);
      });
      const mean = `Mean of ${names[unit]}′ over ${count === 1 ? "1 mask" : `${count} masks`}: ${
        short(trail.at(-1).means[unit])}`;
      svg.querySelector(".title").textContent = mean;

      const mask = !training ? "Evaluation: no mask is drawn, and every unit passes on its value."
        : `Mask ${count} drops ${gone.length ? listed(gone) : "no unit"}.`;
      const sentence = `${mask} ${mean}. Without dropout, ${names[unit]} = ${short(middle)}.`;
      return [`A network of four inputs, five hidden units and three outputs. p = ${p}. ${sentence} ` +
        `The units pass on: ${names.map((name, place) =>
          `${name}′ = ${short(now[place])}`).join(", ")}.`, sentence];
    };
    play(svg, fields, "Draw a mask", ["mode", "unit"], { restart, step, show });
  };

  // --- a gallery: the same rate, and one decision for each cell, row, column, map or block -------

  const cover = (size, block) => Array.from({ length: size }, (_, i) =>
    Math.min(i, size - block) - Math.max(0, i - block + 1) + 1);

  /* The probability of a centre: the paper's, or the one for which the share p is dropped. */
  const gamma = (p, rows, columns, block, paper) => {
    if (paper) return (p * rows * columns) / (block ** 2 * (rows - block + 1) * (columns - block + 1));
    const covers = cover(rows, block).flatMap((n) => cover(columns, block).map((m) => n * m));
    const rate = (g) => covers.reduce((sum, n) => sum + 1 - (1 - g) ** n, 0) / covers.length;
    let [low, high] = [0, 1];
    for (let i = 0; i < 60; i += 1) {
      const middle = (low + high) / 2;
      if (rate(middle) < p) low = middle;
      else high = middle;
    }
    return p < 1 ? low : 1;
  };

  const gallery = (svg) => {
    const panels = [...svg.querySelectorAll(".panel")].map((panel) => ({
      per: panel.dataset.per,
      rows: Number(panel.dataset.rows),
      columns: Number(panel.dataset.columns),
      name: panel.querySelector(".name").textContent,
      share: panel.querySelector(".share"),
      paths: [...panel.querySelectorAll(".dropped")],
    }));
    const blocks = panels.find(({ per }) => per === "block");

    const fields = range("p", "Probability to drop, <i>p</i>:", [0, 1, 0.05, 0.25]) + (blocks ? `
      ${range("block", "Block size:", [1, Math.min(blocks.rows, blocks.columns), 2, 5])}
      <label><input type="checkbox" name="paper"> γ of the paper</label>` : "");

    const probability = ({ p, block, paper }) =>
      blocks && gamma(p, blocks.rows, blocks.columns, block, paper);
    let centre;

    /* Whether each cell of a map is dropped. */
    const mask = ({ per, rows, columns }, random, { p, block }) => {
      const cells = (value) => Array.from({ length: rows }, (_, i) =>
        Array.from({ length: columns }, (__, j) => value(i, j)));
      if (per === "block") {
        const drawn = cells((i, j) =>                 // first cells of blocks inside the map
          i <= rows - block && j <= columns - block && random() < centre);
        return cells((i, j) => drawn.slice(Math.max(0, i - block + 1), i + 1)
          .some((row) => row.slice(Math.max(0, j - block + 1), j + 1).includes(true)));
      }
      const place = { cell: (i, j) => i * columns + j, row: (i) => i, column: (i, j) => j, map: () => 0 };
      const decisions = [];
      return cells((i, j) => (decisions[place[per](i, j)] ??= random() < p));
    };

    const restart = (values) => {
      centre = probability(values);
      panels.forEach((panel) => { panel.total = 0; });
    };
    const step = (random, values) => panels.forEach((panel) => {
      panel.masks = panel.paths.map(() => mask(panel, random, values));
      panel.now = panel.masks.flat(2).filter(Boolean).length
        / (panel.paths.length * panel.rows * panel.columns);
      panel.total += panel.now;
    });
    const show = ({ p }, count) => {
      panels.forEach((panel) => {
        panel.paths.forEach((path, k) => path.setAttribute("d", panel.masks[k].map((row, i) =>
          row.map((gone, j) => (gone ? `M${j} ${i}h1v1h-1z` : "")).join("")).join("")));
        panel.share.textContent = `now ${percent(panel.now)}, mean ${percent(panel.total / count)}`;
      });
      const centres = blocks ? ` γ = ${short(centre)}.` : "";
      return [`Masks at p = ${p}, dropped cells filled.${centres} Share dropped: ${panels.map((panel) =>
        `${panel.name}, ${panel.share.textContent}`).join("; ")}.`,
      `${count === 1 ? "1 draw" : `${count} draws`} at p = ${p}.${centres} Dropped on average: ${
        listed(panels.map(({ name, total }) => `${name} ${percent(total / count)}`))}.`];
    };
    play(svg, fields, "Draw again", [], { restart, step, show });
  };

  document.querySelectorAll("svg.mask-on-network").forEach(network);
  document.querySelectorAll("svg.mask-gallery").forEach(gallery);
})();
