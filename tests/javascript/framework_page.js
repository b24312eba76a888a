/* A page with a chooser, the menu for a second framework, and tabs. */
import { open } from "./window.js";

export const NAMES = { pytorch: "PyTorch", tensorflow: "TensorFlow", jax: "JAX", mxnet: "MXNet", numpy: "NumPy" };
export const KEY = "sphinx-design-tab-id-framework";
export const HERE = ["pytorch", "tensorflow", "jax", "mxnet"];
export const ADDRESS = "https://book.test/chapters/dropout.html";

/* A tab set. Each framework in `without` has an empty panel. */
export const tabs = (number, frameworks, { group = "framework", without = [] } = {}) => `<div
  class="sd-tab-set ${group === "framework" ? "framework-tabs" : ""}">${frameworks.map((framework, place) =>
  `<input type="radio" name="set-${number}" ${place ? "" : "checked"}><label data-sync-group="${group}"
    data-sync-id="${framework}">${framework}</label><div class="sd-tab-content ${
  without.includes(framework) ? "framework-tabs-none" : ""}"></div>`).join("")}</div>`;

const options = (absent) => Object.entries(NAMES).map(([id, name]) =>
  `<option value="${id}" ${absent.includes(id) ? "disabled data-absent" : ""}>${name}</option>`).join("");
/* The controls of the header, on a page without the frameworks in `absent`. */
export const header = (absent = []) => `<select id="framework-chooser">${options(absent)}</select>
  <button id="framework-compare-button"><span></span><span>Compare</span></button>
  <div id="framework-compare"><select><option value="none">no other</option>${options(absent)}</select>
    <input type="checkbox" checked></div><span id="page-status" role="status"></span>`;

export const BODY = `${header()}
  <ul>${Object.keys(NAMES).map((id) => `<li><a class="btn-framework-${id}">${id}</a></li>`).join("")}</ul>
  <article><p>Words</p>${tabs(1, HERE)}${tabs(2, ["jax", "mxnet"])}${tabs(3, HERE)}
  ${tabs(4, ["jax", "numpy"], { group: "other" })}</article>`;

/* A page opened with a query and stored values; `type` is the type of the navigation. */
export const visit = async ({ query = "", stored = {}, type = "navigate", body = BODY, prepare,
  scripts = "framework_tabs.js" } = {}) => {
  const page = await open(scripts, body, {
    url: ADDRESS + query,
    attributes: `data-frameworks='${JSON.stringify(NAMES)}' data-storage-key="${KEY}"`,
    prepare: (window) => {
      for (const [key, value] of Object.entries(stored)) window.localStorage.setItem(key, value);
      window.performance.getEntriesByType = () => [{ type }];
      prepare?.(window);
    },
  });
  return Object.assign(page, {
    shown: () => page.all(".framework-tabs > input:checked + label").map((label) => label.dataset.syncId),
    address: () => page.window.location.href.slice(ADDRESS.length),
    stored: (key = KEY) => page.window.localStorage.getItem(key),
    chooser: page.one("#framework-chooser"),
    tab: (set, framework) => page.all(".sd-tab-set")[set].querySelector(
      `input:has(+ [data-sync-id=${framework}])`),
    offered: () => page.all("li").filter((item) => !item.hidden).map((item) => item.textContent),
    note: () => page.one(".framework-tabs-absent")?.textContent,
  });
};
