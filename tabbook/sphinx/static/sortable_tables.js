/* Tables of the class "sortable": a click on a heading, or Enter, sorts the rows by that column; a
   second one reverses the order. Without JavaScript they are plain tables. */
window.addEventListener("DOMContentLoaded", () => {
  const text = (row, column) => row.cells[column].textContent.trim();
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  document.querySelectorAll("table.sortable").forEach((table) => {
    const headings = [...(table.tHead?.rows[0]?.cells ?? [])];
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort-button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(text(a, column), text(b, column)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  });
});
