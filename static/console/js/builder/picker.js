/* Choosing several values: what is picked shows as tags, the list opens below, with a search. */

import { $ } from "../dom.js";

const SHOWN = 200;
const SEARCH_FROM = 9;

/** Build a picker from its template. Values keep their type: the server may use numbers. */
export function makePicker(spec, values, words, parts) {
  const picker = parts.picker();
  const box = $("[data-options]", picker);
  const search = $("input[type=search]", picker);
  const start = values[spec.name] ?? spec.default ?? [];
  const picked = new Map((Array.isArray(start) ? start : [start]).map((value) => [String(value), value]));
  const labels = new Map();
  let options = [];

  function learn(more) {
    for (const { value, label } of more) labels.set(String(value), label);
    options = more;
  }

  function showPicked() {
    const summary = $("summary", picker);
    const tags = [...picked.keys()].map((key) => {
      const tag = document.createElement("span");
      tag.className = "tag";
      tag.textContent = labels.get(key) ?? key;
      return tag;
    });
    if (!tags.length) {
      const hint = document.createElement("span");
      hint.className = "placeholder-text";
      hint.textContent = words.choose;
      tags.push(hint);
    }
    summary.replaceChildren(...tags);
    const names = [...picked.keys()].map((key) => labels.get(key) ?? key).join(", ");
    summary.setAttribute("aria-label", `${spec.label || words.value}: ${names || words.choose}`);
  }

  function showOptions() {
    const wanted = search.value.trim().toLowerCase();
    const found = options.filter(({ label }) => !wanted || spec.options_url || label.toLowerCase().includes(wanted));
    // What is picked stays in reach, whatever is searched.
    found.sort((a, b) => picked.has(String(b.value)) - picked.has(String(a.value)));
    const rows = found.slice(0, SHOWN).map(({ value, label }) => {
      const row = document.createElement("label");
      const tick = document.createElement("input");
      tick.type = "checkbox";
      tick.checked = picked.has(String(value));
      tick.addEventListener("change", () => {
        if (tick.checked) picked.set(String(value), value);
        else picked.delete(String(value));
        showPicked();
      });
      const name = document.createElement("span");
      name.textContent = label;
      row.append(tick, name);
      return row;
    });
    if (!rows.length) {
      const none = document.createElement("p");
      none.className = "none";
      none.textContent = words.noMatch;
      rows.push(none);
    }
    box.replaceChildren(...rows);
  }

  async function fetchOptions() {
    const address = new URL(spec.options_url, location.href);
    address.searchParams.set("q", search.value.trim());
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const body = await response.json();
    learn(body.options ?? body);
    showOptions();
  }

  let waiting;
  search.addEventListener("input", (event) => {
    // Searching changes nothing in the tree.
    event.stopPropagation();
    clearTimeout(waiting);
    if (spec.options_url) waiting = setTimeout(fetchOptions, 200);
    else showOptions();
  });
  search.addEventListener("change", (event) => event.stopPropagation());
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  picker.addEventListener("toggle", () => {
    if (!picker.open) return;
    if (spec.options_url) fetchOptions();
    else showOptions();
    (search.hidden ? $("input[type=checkbox]", box) : search)?.focus();
  });

  learn([...(spec.known ?? []), ...(spec.options ?? [])]);
  search.hidden = !spec.options_url && options.length < SEARCH_FROM;
  showPicked();
  return {
    elements: [picker],
    focusable: $("summary", picker),
    read: () => (picked.size ? { [spec.name]: [...picked.values()] } : {}),
  };
}
