/* Native <dialog>: the focus trap and Esc come from the browser; this opens, closes and tidies. */

import { $, $$, arrived, on, onArrival } from "./dom.js";
import { forget, mayLeave } from "./forms.js";

const DISMISSIBLE = "dialog.drawer, dialog.cmdk";

export function open(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const first =
    $("[data-focus]", dialog) ??
    $("[autofocus], .dlg-b :is(input:not([type=hidden]), select, textarea), .cmdk-in input", dialog);
  first?.focus();
}

export function close(dialog) {
  if (dialog?.open && mayLeave(dialog)) dialog.close();
}

on("click", "[data-open]", (event, button) => {
  // One layer at a time: a dialog that leads to another one gives way to it.
  const current = button.closest("dialog[open]");
  if (current) close(current);
  open($(button.dataset.open));
});

on("click", "[data-close]", (event, button) => close(button.closest("dialog")));

// A press beside the drawer closes it, but only one that also began there: marking text may not.
let pressedOn = null;
document.addEventListener("pointerdown", (event) => {
  pressedOn = event.target;
});
on("click", DISMISSIBLE, (event, dialog) => {
  if (event.target !== dialog || pressedOn !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  if (!inside) close(dialog);
});

// Esc. "cancel" and "close" do not bubble, but they can be captured.
document.addEventListener(
  "cancel",
  (event) => {
    if (event.target.matches?.("dialog") && !mayLeave(event.target)) event.preventDefault();
  },
  true,
);
document.addEventListener(
  "close",
  (event) => {
    const dialog = event.target;
    if (!dialog.matches?.("dialog")) return;
    for (const form of $$("form", dialog)) forget(form);
    if (dialog.closest("#layer")) dialog.remove();
  },
  true,
);

// The server brought a dialog: show it.
onArrival((root) => {
  for (const dialog of arrived(root, "dialog[data-autoopen]")) open(dialog);
});

// The server says the job of the dialog is done.
document.addEventListener("close-layer", (event) => {
  const dialogs = event.target.closest?.("dialog[open]")
    ? [event.target.closest("dialog[open]")]
    : $$("#layer dialog[open]");
  for (const dialog of dialogs) {
    for (const form of $$("form", dialog)) forget(form);
    dialog.close();
  }
});
