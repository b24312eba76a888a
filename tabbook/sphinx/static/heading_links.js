/* The sign after a heading copies its link, which includes the frameworks in the address. Where the
   browser allows no copy, the sign is still a link. */
window.addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("page-status");
  const signs = document.querySelectorAll(".headerlink");
  signs.forEach((sign) => { sign.title = "Copy the link"; });

  document.addEventListener("click", async ({ target }) => {
    const sign = target.closest(".headerlink");
    if (!sign) return;
    const link = new URL(window.location);
    link.hash = sign.hash;
    try {
      await navigator.clipboard.writeText(link.href);
    } catch {
      return;
    }
    signs.forEach((other) => other.classList.toggle("copied", other === sign));
    if (status) status.textContent = "Link copied";
    setTimeout(() => {
      sign.classList.remove("copied");
      if (status) status.textContent = "";
    }, 2000);
  });
});
