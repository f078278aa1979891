/* Forms: busy buttons, unsaved changes, the error summary, counters, fields that show others. */

import { $, $$, arrived, on, onArrival, word } from "./dom.js";

const GUARDED = 'form[method="post"]:not([data-plain])';

/* ---- unsaved changes ---- */

function isDirty(within) {
  return $$(`${GUARDED}[data-dirty]`, within).length > 0;
}

/** Ask before changes within an element are lost; true when there are none or they may go. */
export function mayLeave(within) {
  return !isDirty(within) || window.confirm(word("leave"));
}

export function forget(form) {
  delete form.dataset.dirty;
}

for (const type of ["input", "change"]) {
  on(type, GUARDED, (event, form) => {
    if (event.target.name || event.target.closest("[data-builder]")) form.dataset.dirty = "";
  });
}

addEventListener("beforeunload", (event) => {
  if (isDirty(document)) event.preventDefault();
});

/* ---- pressed once ---- */

function setBusy(button, busy) {
  if (!button?.classList) return;
  button.classList.toggle("busy", busy);
  if (busy) button.setAttribute("aria-busy", "true");
  else button.removeAttribute("aria-busy");
}

function pressed(detail) {
  const submitter = detail.requestConfig?.triggeringEvent?.submitter;
  return submitter ?? (detail.elt.matches("button, a.btn") ? detail.elt : null);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const button = pressed(event.detail);
  if (button?.classList.contains("busy")) event.preventDefault();
  else setBusy(button, true);
});

document.addEventListener("htmx:afterRequest", (event) => {
  setBusy(pressed(event.detail), false);
  // What the form or its button sent is kept now; a search or a live count inside it keeps nothing.
  const sender = event.detail.elt;
  const form = sender.matches?.("form, button") ? sender.closest("form") : null;
  if (form && event.detail.successful) forget(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.hasAttribute("hx-post") || form.hasAttribute("hx-get")) return;
  if (form.dataset.sending !== undefined) {
    event.preventDefault();
    return;
  }
  forget(form);
  if (form.target || form.dataset.download !== undefined) return;
  form.dataset.sending = "";
  setBusy(event.submitter, true);
});

// Back through the browser's cache: nothing is under way any more.
addEventListener("pageshow", () => {
  for (const form of $$("form[data-sending]")) delete form.dataset.sending;
  for (const button of $$(".busy[aria-busy]")) if (!button.closest(".kit")) setBusy(button, false);
});

/* ---- after a refusal: the summary takes the focus; its links lead to the fields ---- */

onArrival((root) => {
  arrived(root, "[data-focus]").at(0)?.focus();
});

on("click", ".note.bad[tabindex] a[href^='#']", (event, link) => {
  const field = document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.scrollIntoView({ block: "center" });
});

/* ---- small helps ---- */

on("input", "[data-count]", (event, field) => {
  const counter = $(field.dataset.count);
  if (counter) counter.textContent = String([...field.value].length);
});

// Empty filters stay out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.elt.matches("[data-trim]")) return;
  const kept = event.detail.formData;
  for (const [name, value] of [...kept.entries()]) if (value === "") kept.delete(name);
});

// A choice that shows more fields: data-reveal="#id" on the tick, radio or option.
function reveal(root) {
  for (const control of arrived(root, "[data-reveal]")) {
    const target = $(control.dataset.reveal);
    if (target) target.hidden = !(control.checked ?? control.selected);
  }
}
onArrival(reveal);
document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (form && $("[data-reveal]", form)) reveal(form);
});

/* ---- a file dropped on a field ---- */

on("change", ".drop input[type=file]", (event, input) => {
  const name = $("[data-file-name]", input.closest(".drop"));
  if (name) name.textContent = Array.from(input.files, (file) => file.name).join(", ");
});
on("dragover", ".drop", (event, zone) => {
  event.preventDefault();
  zone.classList.add("over");
});
on("dragleave", ".drop", (event, zone) => zone.classList.remove("over"));
on("drop", ".drop", (event, zone) => {
  event.preventDefault();
  zone.classList.remove("over");
  const input = $("input[type=file]", zone);
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
