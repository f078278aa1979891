/* The Chinese web font, after everything else: machines with a Chinese font never download it. */

import { $ } from "./dom.js";

function declare() {
  const address = $('meta[name="font-css"]')?.content;
  if (!address) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  document.head.append(link);
}

if (document.readyState === "complete") declare();
else addEventListener("load", declare, { once: true });
