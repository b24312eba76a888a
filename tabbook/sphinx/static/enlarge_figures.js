/* A click on a figure, or its button, shows it as large as the window. */
window.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  const images = article?.querySelectorAll("img") ?? [];
  if (!images.length || !window.HTMLDialogElement?.prototype.showModal) return;
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged-figure";
  dialog.setAttribute("aria-label", "Enlarged figure");
  dialog.innerHTML = '<button type="button">Close</button>';
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.lastElementChild.remove());
  article.append(dialog);                             // for the colours of the article's images

  const open = (image) => {
    const large = image.cloneNode();
    ["id", "width", "height"].forEach((name) => large.removeAttribute(name));
    dialog.append(large);
    dialog.showModal();
  };
  images.forEach((image) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge-figure";
    button.title = "Enlarge";
    button.setAttribute("aria-label", `Enlarge: ${image.alt.split(/[.,:;]/)[0]}`);
    (image.closest("a") ?? image).after(button);
    button.addEventListener("click", () => open(image));
    image.addEventListener("click", (event) => {
      event.preventDefault();                         // some images link to their file
      open(image);
    });
  });
});
