/* Light and dark: the choice is remembered; without one the system decides, also while we run. */

import { memory, on } from "./dom.js";

const root = document.documentElement;

function show(theme) {
  root.dataset.bsTheme = theme;
  document.dispatchEvent(new CustomEvent("themechange"));
}

on("click", "[data-theme-toggle]", () => {
  const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  memory.set("q-theme", theme);
  show(theme);
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  if (!memory.get("q-theme")) show(event.matches ? "dark" : "light");
});
