/* One choice of framework for the whole book, beyond sphinx-design's synchronised tabs. The reader
   chooses in the header or in a tab; ?framework= passes the choice on. It applies before the first
   paint, in other windows and in the links to notebooks. framework_compare.js adds a second one. */
(() => {
  const GROUP = "framework";
  const { frameworks, storageKey } = document.currentScript.dataset;
  const labels = JSON.parse(frameworks);
  const known = (framework) => (Object.hasOwn(labels, framework ?? "") ? framework : null);

  const stored = (key, valid = known) => {
    try {
      return valid(localStorage.getItem(key));
    } catch {
      return null;                                    // the browser may block storage
    }
  };
  const store = (key, framework) => {
    try {
      localStorage.setItem(key, framework);
    } catch {
      // The choice still applies to this page and is in its address.
    }
  };

  const setAddress = (name, framework) => {
    const url = new URL(window.location);
    if (framework) url.searchParams.set(name, framework);
    else url.searchParams.delete(name);
    try {
      history.replaceState(history.state, "", url);
    } catch {
      // Some browsers forbid this for pages from the file system; the choice still applies.
    }
  };

  // A followed link decides. After back or reload, the address may contain an older choice.
  const again = ["back_forward", "reload"].includes(
    performance.getEntriesByType("navigation")[0]?.type);
  const recall = (name, key, valid = known) => {
    const asked = valid(new URL(window.location).searchParams.get(name));
    const kept = stored(key, valid);
    return (again ? kept : asked) ?? kept ?? asked;
  };
  const kept = stored(storageKey);
  let choice = recall(GROUP, storageKey);
  // Fallback on pages without `choice`: JAX readers who look at NumPy still see JAX elsewhere.
  let before = kept && kept !== choice ? kept : stored(`${storageKey}-before`);

  const inputs = (framework) => document.querySelectorAll(
    `.framework-tabs > input:has(+ [data-sync-id="${framework}"])`);
  // The default as well: WebKit resets the inputs when the reader returns to a page.
  const apply = () => [before, choice].forEach((framework) => inputs(framework).forEach((input) => {
    for (const each of input.parentElement.querySelectorAll(":scope > input")) {
      each.defaultChecked = each === input;
    }
    input.checked = true;
  }));

  const chooser = () => document.getElementById("framework-chooser");

  const show = () => {
    apply();
    const first = document.querySelector(".framework-tabs");
    const here = choice && inputs(choice).length > 0;
    const shown = here ? choice
      : first?.querySelector(":scope > input:checked + label").dataset.syncId ?? choice;
    if (shown) {
      if (chooser()) chooser().value = choice ?? shown;
      document.querySelectorAll("[class*=btn-framework-]").forEach((link) => {
        link.parentElement.hidden = !link.classList.contains(`btn-framework-${shown}`);
      });
    }
    document.querySelector(".framework-tabs-absent")?.remove();
    if (first && choice && !here) {
      const note = document.createElement("p");
      note.className = "framework-tabs-absent";
      note.textContent = `This page has no ${labels[choice]}; it shows ${labels[shown]}.`;
      first.before(note);
    }
    setAddress(GROUP, here ? choice : null);          // so that readers can share the address
    const detail = { first: choice ?? shown, before };
    document.dispatchEvent(new CustomEvent("frameworkshown", { detail }));
  };

  const keep = () => {
    if (before) store(`${storageKey}-before`, before);
    if (choice) store(storageKey, choice);            // also on a page without tabs
  };

  const choose = (framework) => {
    if (framework === choice) return;
    before = choice ?? before;
    choice = framework;
    keep();
    show();
  };

  // Tab sets above change their height, so we scroll to keep the reader's place on the screen.
  const keepInPlace = (anchor, change) => {
    const top = anchor?.getBoundingClientRect().top;
    change();
    if (!anchor) return;
    window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
  };
  const inView = () => [...document.querySelectorAll("article :is(.framework-tabs, h1, h2, h3, p)")]
    .find((block) => block.getBoundingClientRect().bottom > 80);   // below the header

  // While the page is parsed, apply the choice to each part before it is painted.
  const arriving = new MutationObserver(apply);
  arriving.observe(document, { childList: true, subtree: true });

  // Run before sphinx-design's script, which accepts any value in the address.
  document.addEventListener("DOMContentLoaded", () => {
    arriving.disconnect();
    const named = new Map();                          // the number of sets in each section so far
    // Otherwise the browser restores an older choice when the reader returns.
    document.querySelectorAll(".framework-tabs > input").forEach((input) => {
      input.autocomplete = "off";
    });
    document.querySelectorAll(".framework-tabs:not(.framework-tabs-prose)").forEach((set) => {
      const section = set.closest("section");
      const number = (named.get(section) ?? 0) + 1;
      named.set(section, number);
      const heading = section?.querySelector(":scope > :is(h1, h2, h3, h4, h5, h6)")?.cloneNode(true);
      heading?.querySelector(".headerlink")?.remove();
      const words = ["Framework", heading?.textContent.trim(), number > 1 && number];
      set.setAttribute("role", "group");
      set.setAttribute("aria-label", words.filter(Boolean).join(", "));
    });
    keep();
    show();
  });

  // Capture the event, to run before sphinx-design switches the other sets.
  document.addEventListener("change", ({ target }) => {
    const label = target.nextElementSibling;
    if (target === chooser()) keepInPlace(inView(), () => choose(target.value));
    else if (label?.dataset.syncGroup === GROUP) {
      keepInPlace(label, () => choose(label.dataset.syncId));
    }
  }, true);

  // Firefox gives each page of a folder a storage of its own, and the browser may block storage.
  // Links then pass the choice on.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[href]");
    const { origin, pathname, protocol } = window.location;
    const needed = choice && (protocol === "file:" || stored(storageKey) !== choice);
    if (!needed || link?.origin !== origin) return;
    if (link.pathname === pathname || !link.pathname.endsWith(".html")) return;
    const url = new URL(link.href);
    if (!url.searchParams.has(GROUP)) url.searchParams.set(GROUP, choice);
    link.href = url;
  }, true);

  // A choice may change in another window, on a later page or by a step in the history.
  const whenChosenElsewhere = (name, follow) => {
    window.addEventListener("storage", ({ key }) => { if (key === name) follow(); });
    window.addEventListener("pageshow", ({ persisted }) => { if (persisted) follow(); });
    window.addEventListener("popstate", follow);
  };
  whenChosenElsewhere(storageKey, () => {
    const newest = stored(storageKey);
    if (newest && newest !== choice) keepInPlace(inView(), () => choose(newest));
    else if (inputs(choice).length) setAddress(GROUP, choice);
  });

  const opened = { first: choice, before };
  window.frameworkTabs = {
    labels, known, stored, store, recall, setAddress, keepInPlace, inView, opened,
    whenChosenElsewhere,
  };
})();
