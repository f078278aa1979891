/* Folds the side navigation and remembers it; "back" on error pages. */

import { memory, on } from "./dom.js";

const root = document.documentElement;

on("click", "[data-fold]", () => {
  const folded = root.classList.toggle("nav-mini");
  memory.set("q-nav", folded ? "mini" : "full");
});

on("click", "[data-back]", () => history.back());
