/* Between htmx and the page: errors become toasts, an ended session leads to sign-in. */

import { word } from "./dom.js";
import { toast } from "./toasts.js";

const SENTENCES = { 403: "forbidden", 404: "missing", 409: "conflict", 410: "missing", 429: "tooMany" };

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  // The layer stays, whatever way of swapping a list around the link has passed on to it.
  if (target?.id === "layer") event.detail.swapOverride = "innerHTML";
  // The session ended: a redirect brought the sign-in page where a fragment should go.
  if (/<body[^>]*data-signed-out/.test(xhr.responseText)) {
    event.detail.shouldSwap = false;
    location.reload();
    return;
  }
  // A whole page where a fragment was expected would nest the shell in itself.
  if (/^\s*<!doctype/i.test(xhr.responseText)) {
    event.detail.shouldSwap = false;
    if (xhr.status < 400) location.assign(xhr.responseURL);
    else if (!xhr.getResponseHeader("HX-Trigger")) complain(xhr.status);
  }
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  // The answer brought its own words.
  if (!xhr.getResponseHeader("HX-Trigger")) complain(xhr.status);
});

function complain(status) {
  toast(word(SENTENCES[status] ?? "broken"), { tone: "bad" });
}

// Polling that fails now and then asks again by itself; only an act of a person complains.
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (/every/.test(event.detail.elt?.getAttribute("hx-trigger") ?? "")) return;
    toast(word("offline"), { tone: "bad" });
  });
}

// A swapped list takes the focus along if what had it is gone, so that Tab goes on from there.
document.addEventListener("htmx:afterSettle", (event) => {
  const list = event.target.closest?.("[data-list]");
  if (!list || document.activeElement !== document.body) return;
  list.tabIndex = -1;
  list.focus({ preventScroll: true });
});

// A list shows that new rows are on their way, whoever in it asked for them.
for (const [name, loading] of [["htmx:beforeRequest", true], ["htmx:afterRequest", false]]) {
  document.addEventListener(name, (event) => {
    const { target } = event.detail;
    if (target?.matches?.("[data-list]")) target.classList.toggle("loading", loading);
  });
}

// The search field of a list keeps its cursor over the swap.
document.addEventListener("htmx:afterSwap", () => {
  const field = document.activeElement;
  if (field?.id === "list-search") field.setSelectionRange(field.value.length, field.value.length);
});
