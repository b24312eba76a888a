/* On a first visit the theme learns of dark mode only when the page is read: code changes its height. */
document.documentElement.dataset.theme ||=
  matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
