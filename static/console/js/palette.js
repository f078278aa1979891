/* The command palette: Ctrl K or /, arrows, Enter. The server answers what is typed. */

import { $, $$, on } from "./dom.js";
import { open } from "./dialogs.js";

const TYPING = "input, textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  const palette = $("[data-palette]");
  if (!palette || palette.open) return;
  const shortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  const slash = event.key === "/" && !event.target.closest?.(TYPING) && !$("dialog:modal");
  if (!shortcut && !slash) return;
  event.preventDefault();
  open(palette);
  $("input", palette).select();
});

function mark(palette, index) {
  const options = $$('[role="option"]', palette);
  const input = $("input", palette);
  options.forEach((option, at) => {
    option.id = `palette-option-${at}`;
    option.classList.toggle("on", at === index);
    option.setAttribute("aria-selected", String(at === index));
  });
  if (options[index]) {
    input.setAttribute("aria-activedescendant", options[index].id);
    options[index].scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

on("keydown", "[data-palette] input", (event, input) => {
  const palette = input.closest("[data-palette]");
  const options = $$('[role="option"]', palette);
  const at = options.findIndex((option) => option.classList.contains("on"));
  if (event.key === "Enter") {
    event.preventDefault();
    options[Math.max(at, 0)]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const from = at < 0 && step < 0 ? 0 : at;
    if (options.length) mark(palette, (from + step + options.length) % options.length);
  }
});

// New answers: the first one is what Enter would open.
document.addEventListener("htmx:afterSwap", (event) => {
  const palette = event.target.closest?.("[data-palette]");
  if (palette) mark(palette, 0);
});
