/* The tree on the page: groups and rows that know their element and can write themselves as JSON. */

import { $, $$ } from "../dom.js";
import { byGroup, gather, spread } from "./criteria.js";
import { makeInput } from "./inputs.js";

const MAX_DEPTH = 3;

/** One condition: a field, a comparison, its value; and how many people it matches alone. */
export class Row {
  constructor(builder, parent, leaf = {}) {
    this.builder = builder;
    this.parent = parent;
    this.element = builder.parts.row();
    this.fieldSelect = $("[data-field]", this.element);
    this.cmpSelect = $("[data-cmp]", this.element);
    this.inputs = [];
    this.fillFields();
    this.fieldSelect.value = leaf.field ?? builder.fields[0]?.field ?? "";
    this.fillOperators(leaf.cmp);
    this.fillInputs(leaf.value);
    this.fieldSelect.addEventListener("change", () => {
      this.fillOperators();
      this.fillInputs();
    });
    this.cmpSelect.addEventListener("change", () => this.fillInputs(this.values()));
    $("[data-remove]", this.element).addEventListener("click", () => parent.remove(this));
  }

  get field() {
    return this.builder.fields.find((field) => field.field === this.fieldSelect.value);
  }

  get operator() {
    return this.field?.operators.find((operator) => operator.cmp === this.cmpSelect.value);
  }

  fillFields() {
    for (const [name, fields] of byGroup(this.builder.fields)) {
      const options = fields.map((field) => new Option(field.label, field.field));
      if (!name) {
        this.fieldSelect.append(...options);
        continue;
      }
      const group = document.createElement("optgroup");
      group.label = name;
      group.append(...options);
      this.fieldSelect.append(group);
    }
  }

  fillOperators(chosen) {
    const operators = this.field?.operators ?? [];
    this.cmpSelect.replaceChildren(...operators.map(({ cmp, label }) => new Option(label, cmp)));
    if (operators.some(({ cmp }) => cmp === chosen)) this.cmpSelect.value = chosen;
  }

  /** Draw the controls; values that still have a place are kept. */
  fillInputs(value) {
    const specs = this.operator?.inputs ?? [];
    const values = spread(value, specs);
    this.inputs = specs.map((spec) => makeInput(spec, values, this.builder.words, this.builder.parts));
    const drawn = (input, index) => {
      const own = input.elements;
      // Only the first control speaks for itself; the others are led in by their label.
      if (index === 0 || !input.spec.label || input.spec.kind === "days") return own;
      const lead = document.createElement("span");
      lead.className = "unit";
      lead.textContent = input.spec.label;
      return [lead, ...own];
    };
    const elements = [];
    const folded = [];
    this.inputs.forEach((input, index) => {
      const away = input.spec.advanced && Object.keys(input.read()).length === 0;
      (away ? folded : elements).push(...drawn(input, index));
    });
    if (folded.length) elements.push(this.fold(folded));
    $("[data-value]", this.element).replaceChildren(...elements);
    this.showCount(null);
  }

  /** What few conditions need stays out of sight until it is asked for. */
  fold(elements) {
    const more = document.createElement("details");
    more.className = "rule-more";
    const summary = document.createElement("summary");
    summary.textContent = this.builder.words.more;
    const inside = document.createElement("div");
    inside.className = "rule-v";
    inside.append(...elements);
    more.append(summary, inside);
    return more;
  }

  values() {
    return Object.assign({}, ...this.inputs.map((input) => input.read()));
  }

  get isComplete() {
    return (
      this.operator !== undefined &&
      this.inputs.every((input) => !input.spec.required || Object.keys(input.read()).length > 0)
    );
  }

  /** The condition as JSON, or null while it is not filled in. */
  json() {
    if (!this.isComplete) return null;
    const leaf = { field: this.field.field, cmp: this.operator.cmp };
    const value = gather(this.values(), this.operator.inputs);
    return value === undefined ? leaf : { ...leaf, value };
  }

  rows() {
    return [this];
  }

  showCount(count) {
    const place = $("[data-count-of]", this.element);
    place.textContent = count === null || count === undefined ? "" : this.builder.people(count);
  }

  showProblem(text) {
    this.element.classList.toggle("wrong", Boolean(text));
    const place = $("[data-problem]", this.element);
    place.hidden = !text;
    $("[data-problem-text]", place).textContent = text ?? "";
  }

  focus() {
    this.fieldSelect.focus();
  }

  focusValue() {
    const empty = this.inputs.find((input) => Object.keys(input.read()).length === 0);
    (empty?.focusable ?? this.fieldSelect).focus();
  }
}

/** Conditions and groups joined by "all" or "any", or left out by "not". */
export class Group {
  constructor(builder, parent, node = { op: "all", items: [] }, depth = 0) {
    this.builder = builder;
    this.parent = parent;
    this.depth = depth;
    this.items = [];
    this.element = builder.parts[node.op === "not" ? "exclusion" : "group"]();
    this.foot = $(":scope > .rule-f", this.element);
    this.list = $(":scope > .rule-items", this.element);
    this.setOp(node.op);
    for (const item of node.items ?? []) this.add(item);
    this.listen();
  }

  listen() {
    const head = $(":scope > .rule-h", this.element);
    for (const button of $$("[data-op]", head)) {
      button.addEventListener("click", () => {
        this.setOp(button.dataset.op);
        this.builder.changed();
      });
    }
    const remove = $("[data-remove-group]", head);
    if (this.parent) remove.addEventListener("click", () => this.parent.remove(this));
    else remove.remove();
    $("[data-add-row]", this.foot).addEventListener("click", () => this.add({}).focus());
    for (const [selector, op] of [["[data-add-group]", "any"], ["[data-add-exclusion]", "not"]]) {
      const button = $(selector, this.foot);
      if (!button) continue;
      if (this.depth + 1 >= MAX_DEPTH) button.remove();
      else button.addEventListener("click", () => this.add({ op, items: [{}] }).focus());
    }
  }

  setOp(op) {
    this.op = op;
    this.element.setAttribute("aria-label", this.builder.words[op]);
    for (const button of $$(":scope > .rule-h [data-op]", this.element)) {
      button.setAttribute("aria-pressed", String(button.dataset.op === op));
    }
    const joint = $(":scope > .rule-h [data-joint]", this.element);
    if (joint) joint.textContent = op === "any" ? joint.dataset.or : joint.dataset.and;
  }

  add(node) {
    const item = node.op
      ? new Group(this.builder, this, node, this.depth + 1)
      : new Row(this.builder, this, node);
    this.items.push(item);
    this.list.append(item.element);
    return item;
  }

  remove(item) {
    const at = this.items.indexOf(item);
    this.items.splice(at, 1);
    item.element.remove();
    const next = this.items[at] ?? this.items[at - 1];
    if (next) next.focus();
    else $("[data-add-row]", this.foot).focus();
    this.builder.changed();
  }

  focus() {
    const first = this.items[0];
    if (first) first.focus();
    else $("[data-add-row]", this.foot).focus();
  }

  /** The group as JSON; what is not filled in stays out, and so does a group left empty by it. */
  json() {
    const items = this.items.map((item) => item.json()).filter((item) => item !== null);
    return items.length || !this.parent ? { op: this.op, items } : null;
  }

  /** Every row, in reading order. */
  rows() {
    return this.items.flatMap((item) => item.rows());
  }
}
