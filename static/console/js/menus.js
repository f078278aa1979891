/* Menus are <details>: this closes them again, turns them up at the screen's edge, adds arrow keys. */

import { $, $$, on } from "./dom.js";

const OPEN = "details.menu[open], details.picker[open]";

function closeOthers(target) {
  for (const menu of $$(OPEN)) if (!menu.contains(target)) menu.open = false;
}

document.addEventListener("click", (event) => {
  closeOthers(event.target);
  // An act was chosen: the menu has done its work. Panels and ticks stay open.
  const act = event.target.closest(".menu-l:not(.panel) :is(a, button)");
  if (act) act.closest("details").open = false;
});

document.addEventListener("focusin", (event) => {
  // A press on plain text inside a menu moves the focus to <main> around it: that is not leaving.
  if (!$$(OPEN).some((menu) => event.target.contains(menu))) closeOthers(event.target);
});

// "toggle" does not bubble, but it can be captured.
document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.menu") || !menu.open) return;
    const list = $(".menu-l", menu);
    list.classList.remove("up");
    const box = list.getBoundingClientRect();
    const roomAbove = menu.getBoundingClientRect().top;
    list.classList.toggle("up", box.bottom > innerHeight - 8 && roomAbove > box.height + 16);
    $("input:not([type=hidden]), select, textarea", $(".panel", menu) ?? document.createElement("i"))?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const open = event.target.closest?.(OPEN);
  if (event.key === "Escape" && open) {
    // The menu only, not the dialog it may stand in.
    event.preventDefault();
    open.open = false;
    $("summary", open).focus();
  }
});

on("keydown", "details.menu", (event, menu) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if ($(".menu-l.panel", menu)) return;
  event.preventDefault();
  menu.open = true;
  const choices = $$(".menu-l :is(a, button, input)", menu);
  const at = choices.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  choices[(at + step + choices.length) % choices.length]?.focus();
});
