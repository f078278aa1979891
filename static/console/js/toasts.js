/* Toasts: what just happened, with a way back. Errors stay until they are dismissed. */

import { $, $$, on } from "./dom.js";

const SHORT = 4500;
const LONG = 10000; // there is something to press

/** Show a sentence. `undo` is an address that takes the act back by POST. */
export function toast(text, { tone = "ok", undo = "" } = {}) {
  const holder = dock();
  const item = $("#toast-template").content.firstElementChild.cloneNode(true);
  item.dataset.tone = tone;
  $("[data-text]", item).textContent = text;
  if (undo) {
    const button = $("[data-undo-toast]", item);
    button.hidden = false;
    button.addEventListener("click", () => {
      window.htmx.ajax("POST", undo, { swap: "none", source: button });
      item.remove();
    });
  }
  holder.append(item);
  if (tone !== "bad") fade(item, undo ? LONG : SHORT);
}

function fade(item, wait) {
  let timer = setTimeout(() => item.remove(), wait);
  // Reading takes as long as it takes.
  item.addEventListener("pointerenter", () => clearTimeout(timer));
  item.addEventListener("pointerleave", () => {
    timer = setTimeout(() => item.remove(), SHORT);
  });
}

/** A modal dialog makes everything outside it inert, so toasts move into it while it is open. */
function dock() {
  const holder = $("#toasts");
  const dialog = $$("dialog:modal").at(-1);
  const place = dialog ?? document.body;
  if (holder.parentElement !== place) place.append(holder);
  return holder;
}

document.addEventListener(
  "close",
  (event) => {
    const holder = $("#toasts", event.target);
    if (holder) document.body.append(holder);
  },
  // Captured on the window's side first: before dialogs.js removes the dialog.
  { capture: true },
);

on("click", "[data-dismiss-toast]", (event, button) => button.closest(".toastx").remove());
on("click", "[data-toast]", (event, button) => toast(button.dataset.toast));

// From the server: HX-Trigger {"toast": {"text": …, "tone": …, "undo": …}}.
document.addEventListener("toast", (event) => {
  const { text, value, tone, undo } = event.detail ?? {};
  toast(text ?? value ?? "", { tone, undo });
});

for (const item of $$(".toastx[data-fades]")) fade(item, SHORT);
