/* A term of the glossary shows its definition while the pointer or the focus is on it. The card is a
   popover of the browser's: a click elsewhere closes it, and one opens at a time. */
window.addEventListener("DOMContentLoaded", () => {
  const DELAY = 150;    // ms: passing over a term opens nothing, crossing over to its card closes nothing
  let timer;
  const later = (act) => {
    clearTimeout(timer);
    timer = setTimeout(act, DELAY);
  };

  // Sphinx takes Escape, to remove what a search has marked, so the browser does not act on it.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    clearTimeout(timer);
    document.querySelector(".glossary-card:popover-open")?.hidePopover();
  });

  document.querySelectorAll("a:has(> .std-term)").forEach((link) => {
    const card = document.getElementById(`card-${link.hash.slice(1)}`);
    if (!card?.showPopover) return;
    link.setAttribute("aria-describedby", card.id);

    const show = () => {
      if (!card.matches(":popover-open")) card.showPopover();
      const { left, top, bottom } = link.getBoundingClientRect();
      const { clientWidth, clientHeight } = document.documentElement;
      const below = bottom + card.offsetHeight <= clientHeight;
      card.style.left = `${scrollX + Math.max(0, Math.min(left, clientWidth - card.offsetWidth))}px`;
      card.style.top = `${scrollY + (below ? bottom : top - card.offsetHeight)}px`;
    };
    const hide = () => card.hidePopover();

    link.addEventListener("mouseenter", () => later(show));
    link.addEventListener("mouseleave", () => later(hide));
    card.addEventListener("mouseenter", () => clearTimeout(timer));
    card.addEventListener("mouseleave", () => later(hide));
    link.addEventListener("focus", () => link.matches(":focus-visible") && show());
    link.addEventListener("blur", hide);
  });
});
