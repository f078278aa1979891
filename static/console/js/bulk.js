/* Picking rows: the bulk bar appears with the count; Shift picks a range. */

import { $, $$, on } from "./dom.js";

let last = null;

const rowBoxes = (table) => $$("tbody .pick input[type=checkbox]", table);

function refresh(table) {
  const boxes = rowBoxes(table);
  for (const box of boxes) box.closest("tr").classList.toggle("picked", box.checked);
  const picked = boxes.filter((box) => box.checked).length;
  const bar = $(table.dataset.bulk);
  if (bar) {
    bar.hidden = picked === 0;
    for (const count of $$("[data-n]", bar)) count.textContent = String(picked);
  }
  const head = $("thead input[type=checkbox]", table);
  if (head) {
    head.checked = picked > 0 && picked === boxes.length;
    head.indeterminate = picked > 0 && picked < boxes.length;
  }
}

on("change", "table[data-bulk] input[type=checkbox]", (event, box) => {
  const table = box.closest("table");
  if (box.closest("thead")) for (const row of rowBoxes(table)) row.checked = box.checked;
  refresh(table);
});

on("click", "table[data-bulk] tbody .pick input", (event, box) => {
  const boxes = rowBoxes(box.closest("table"));
  const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) {
    for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    refresh(box.closest("table"));
  }
  last = box;
});

on("click", "[data-unpick]", (event, button) => {
  const bar = button.closest(".bulk");
  for (const table of $$(`table[data-bulk="#${bar.id}"]`)) {
    for (const box of rowBoxes(table)) box.checked = false;
    refresh(table);
    $("thead input, tbody a", table)?.focus();
  }
});

// A list that refreshes by the clock waits while rows are picked: it would forget them.
addEventListener("htmx:beforeRequest", (event) => {
  const byClock = !event.detail.requestConfig?.triggeringEvent;
  if (byClock && event.target.matches?.("[data-list]") && $("tbody .pick input:checked", event.target)) event.preventDefault();
});

// The browser keeps ticks over a reload.
addEventListener("pageshow", () => $$("table[data-bulk]").forEach(refresh));
