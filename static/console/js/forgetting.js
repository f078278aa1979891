/* data-forget="30": what was revealed gives way to its mask after so many seconds, and whenever the
   page is left. The mask waits in a template inside, so that no server has to answer. */

import { $, $$, arrived, onArrival } from "./dom.js";

function forget(shown) {
  if (!shown.isConnected) return;
  const mask = $("template", shown).content.firstElementChild.cloneNode(true);
  shown.replaceWith(mask);
  window.htmx?.process(mask);
}

onArrival((root) => {
  for (const shown of arrived(root, "[data-forget]")) {
    setTimeout(() => forget(shown), Number(shown.dataset.forget) * 1000);
  }
});

// A page that the browser keeps for "back" must not keep the value.
addEventListener("pagehide", () => $$("[data-forget]").forEach(forget));
