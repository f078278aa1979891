/* data-copy="#id" copies a field's value or an element's text. */

import { $, on } from "./dom.js";
import { toast } from "./toasts.js";

on("click", "[data-copy]", async (event, button) => {
  const source = $(button.dataset.copy);
  if (!source) return;
  const text = source.value ?? source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No permission, or not on https: mark it, so that Ctrl C is one key away.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return;
  }
  if (button.dataset.copied) toast(button.dataset.copied);
});
