/* Runs before the first paint, so that neither the theme nor the folded navigation flickers. */
(function () {
  "use strict";
  const root = document.documentElement;
  let theme = null;
  let fold = null;
  try {
    theme = localStorage.getItem("q-theme");
    fold = localStorage.getItem("q-nav");
  } catch {
    // Storage is blocked: the system's theme and an open navigation will do.
  }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.bsTheme = theme || system;
  root.classList.toggle("nav-mini", fold === "mini");
})();
