/* A link to a solution opens it. sphinx-togglebutton closes all solutions when the page is loaded,
   except those of the class toggle-shown. */
(() => {
  const open = () => {
    const solution = document.getElementById(location.hash.slice(1));
    if (!solution?.matches(".solution.dropdown")) return;
    if (solution.matches(".toggle-hidden")) solution.querySelector(".toggle-button").click();
    else solution.classList.add("toggle-shown");
  };
  document.addEventListener("DOMContentLoaded", open);
  window.addEventListener("hashchange", open);
})();
