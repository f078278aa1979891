/* The segment builder: edits a tree of conditions, keeps it as JSON in its text area, and asks the
   server to count 400 ms after the last change. Without script the text area itself is the editor. */

import { $, arrived, on, onArrival } from "./dom.js";
import { readCriteria } from "./builder/criteria.js";
import { Group } from "./builder/nodes.js";

const builders = new WeakMap();

class Builder {
  constructor(element) {
    this.element = element;
    this.field = $("[data-tree]", element);
    this.words = { ...$("[data-words]", element).dataset };
    this.fields = readCriteria($('script[type="application/json"]', element));
    this.parts = this.readParts();
    this.numbers = new Intl.NumberFormat("en-US");
    this.root = new Group(this, null, this.readTree());
    const canvas = $("[data-canvas]", element);
    canvas.replaceChildren(this.root.element);
    canvas.hidden = false;
    $("[data-plain-editor]", element).hidden = true;
    for (const type of ["input", "change"]) canvas.addEventListener(type, () => this.changed());
    this.write();
    this.countFirst();
  }

  /** Ask for the first count, once htmx listens: on the first page it starts after us. */
  countFirst() {
    const ask = () => this.field.dispatchEvent(new CustomEvent("tree-changed"));
    if (document.readyState === "complete") ask();
    else addEventListener("load", ask, { once: true });
  }

  /** Functions that stamp out a template each. */
  readParts() {
    const stamp = (name) => () =>
      $(`template[data-part="${name}"]`, this.element).content.firstElementChild.cloneNode(true);
    return { group: stamp("group"), exclusion: stamp("exclusion"), row: stamp("row"), picker: stamp("picker") };
  }

  readTree() {
    let tree = null;
    try {
      tree = JSON.parse(this.field.value || "null");
    } catch {
      // Typed by hand and broken: the server has said so above; start afresh from nothing.
    }
    if (!tree) return { op: "all", items: [{}] };
    if (!tree.op || tree.op === "not") return { op: "all", items: [tree] };
    return tree;
  }

  /** Bring the text area up to date and remember which row is which leaf. */
  write() {
    this.sent = this.root.rows().filter((row) => row.isComplete);
    const json = JSON.stringify(this.root.json());
    const same = this.field.value === json;
    this.field.value = json;
    return !same;
  }

  changed() {
    for (const row of this.root.rows()) row.showProblem(null);
    if (!this.write()) return;
    this.field.dispatchEvent(new CustomEvent("tree-changed", { bubbles: true }));
    // The form around it knows that it was changed.
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  people(count) {
    return this.words.people.replace("{n}", this.numbers.format(count));
  }

  /** The server's answer: counts in reading order, problems by JSON pointer. */
  show(counts, problems) {
    this.sent.forEach((row, at) => row.showCount(counts?.[at]));
    const places = new Map();
    pointers(this.root, "", places);
    for (const [pointer, text] of Object.entries(problems ?? {})) {
      for (const [place, row] of places) {
        if (pointer === place || pointer.startsWith(`${place}/`)) row.showProblem(text);
      }
    }
  }

  /** The first condition that was begun but not finished, marked and focused. */
  refuseUnfinished() {
    const [first, ...more] = this.root.rows().filter((row) => !row.isComplete);
    for (const row of [first, ...more]) row?.showProblem(this.words.unfinished);
    first?.focusValue();
    return first !== undefined;
  }
}

/** Where each complete row stands in the JSON that was sent. */
function pointers(group, at, places) {
  let index = 0;
  for (const item of group.items) {
    if (item.json() === null) continue;
    const here = `${at}/items/${index}`;
    index += 1;
    if (item instanceof Group) pointers(item, here, places);
    else places.set(here, item);
  }
}

onArrival((root) => {
  for (const element of arrived(root, "[data-builder]")) {
    if (!builders.has(element)) builders.set(element, new Builder(element));
  }
});

// The count was swapped in: it brings the numbers of the single conditions along.
document.addEventListener("htmx:afterSettle", () => {
  for (const answer of document.querySelectorAll("[data-counts-for]:not([data-seen])")) {
    answer.dataset.seen = "";
    const builder = builders.get($(answer.dataset.countsFor));
    builder?.show(JSON.parse(answer.dataset.counts || "[]"), JSON.parse(answer.dataset.problems || "{}"));
  }
});

// A condition that was begun but not finished must not be dropped silently on saving.
document.addEventListener(
  "submit",
  (event) => {
    for (const element of event.target.querySelectorAll("[data-builder]")) {
      if (builders.get(element)?.refuseUnfinished()) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
    }
  },
  true,
);

// Enter in a condition's value counts; it does not save the form around it.
on("keydown", "[data-builder] input", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
