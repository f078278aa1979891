/* Keeps "3 minutes ago" true while the page stays open; older times stand still by themselves. */

import { $$ } from "./dom.js";

const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "zh-Hans", {
  numeric: "always",
});

/** As the server writes it: Chinese gets a space between digits and words. */
function spoken(amount, unit) {
  const text = words.format(-amount, unit);
  return text.replace(/(\d)(?=\p{Script=Han})/u, "$1 ");
}

function refresh() {
  const now = Date.now();
  const today = new Date(now).toDateString();
  for (const time of $$("time[data-rel]")) {
    const at = new Date(time.dateTime);
    const seconds = (now - at.getTime()) / 1000;
    if (seconds < 60 || at.toDateString() !== today) continue;
    const text =
      seconds < 3600
        ? spoken(Math.floor(seconds / 60), "minute")
        : spoken(Math.floor(seconds / 3600), "hour");
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(refresh, 30000);
