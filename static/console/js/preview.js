/* The phone preview follows the message as it is typed; variables show a sample person's values. */

import { $, arrived, on, onArrival } from "./dom.js";

function mirror(field) {
  const target = $(field.dataset.mirror);
  if (!target) return;
  const sample = JSON.parse(target.dataset.sample || field.dataset.sample || "{}");
  target.textContent = field.value.replace(/\{([^{}]+)\}/g, (whole, name) => sample[name.trim()] ?? whole);
  target.closest(".msg").hidden = field.value.trim() === "";
}

on("input", "[data-mirror]", (event, field) => mirror(field));
onArrival((root) => arrived(root, "[data-mirror]").forEach(mirror));

// data-insert="{昵称}" data-into="#id": put a variable where the cursor stands.
on("click", "[data-insert]", (event, button) => {
  const field = $(button.dataset.into);
  if (!field) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
});
