/* A glossary term shows its definition on hover and focus. The card is a native popover: a click
   elsewhere closes it, and only one is open at a time. */
window.addEventListener("DOMContentLoaded", () => {
  const DELAY = 150;    // ms, so that a pointer can cross a term, or move from it to its card
  let timer;
  const later = (act) => {
    clearTimeout(timer);
    timer = setTimeout(act, DELAY);
  };

  // The pointer may be on a term whose card is still to open, which the browser does not know.
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
