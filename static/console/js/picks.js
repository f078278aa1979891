/* Lists to tick in whose offer changes with a search: [data-picks]. What is ticked stays.

   The answer knows only the ticks that went with the question. So rows that stay are never replaced
   (a press or the focus on one is not lost either), and a ticked row that no longer fits moves up. */

import { $, $$ } from "./dom.js";

const tick = (row) => $("input", row);

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target: list, shouldSwap, serverResponse } = event.detail;
  if (!shouldSwap || !list.matches?.("[data-picks]")) return;
  const answer = $("[data-picks]", new DOMParser().parseFromString(serverResponse, "text/html"));
  if (!answer) return;
  event.detail.shouldSwap = false;
  renew(list, answer);
});

function renew(list, answer) {
  const there = new Map($$("label", list).map((row) => [tick(row).value, row]));
  const offered = Array.from(answer.children, (row) => there.get(tick(row)?.value) ?? row);
  const ticked = [...there.values()].filter((row) => tick(row).checked && !offered.includes(row));
  const rows = [...ticked, ...offered];
  for (const row of Array.from(list.children)) if (!rows.includes(row)) row.remove();
  rows.forEach((row, place) => {
    const here = list.children[place] ?? null;
    if (here !== row) list.insertBefore(row, here);
  });
}
