/* What cannot be undone asks for the name: the button stays off until it matches. */

import { $, arrived, on, onArrival } from "./dom.js";

onArrival((root) => {
  // Locked by script, so that the page also works without: the server checks the name anyway.
  for (const button of arrived(root, "button[data-locked]")) button.disabled = true;
});

on("input", "[data-must]", (event, field) => {
  const button = $(field.dataset.unlock);
  if (button) button.disabled = field.value.trim() !== field.dataset.must;
});
