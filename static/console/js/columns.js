/* Which columns a list shows; remembered in this browser, kept over swaps. */

import { $$, arrived, memory, on, onArrival } from "./dom.js";

const keyOf = (menu) => `q-cols-${menu.dataset.columns}`;

const hiddenOf = (menu) => new Set((memory.get(keyOf(menu)) ?? "").split(" ").filter(Boolean));

function apply(menu) {
  const hidden = hiddenOf(menu);
  const list = menu.closest("[data-list]") ?? document;
  for (const box of $$("[data-col]", menu)) {
    const shown = !hidden.has(box.dataset.col);
    box.checked = shown;
    for (const cell of $$(`table .${CSS.escape(box.dataset.col)}`, list)) cell.hidden = !shown;
  }
}

on("change", "[data-columns] [data-col]", (event, box) => {
  const menu = box.closest("[data-columns]");
  const hidden = hiddenOf(menu);
  if (box.checked) hidden.delete(box.dataset.col);
  else hidden.add(box.dataset.col);
  memory.set(keyOf(menu), [...hidden].join(" "));
  apply(menu);
});

onArrival((root) => arrived(root, "[data-columns]").forEach(apply));
