/* The controls of a condition's value: one per kind of input. Each has elements, read() → an object
   of named values ({} while nothing is filled in), and focusable. */

import { makePicker } from "./picker.js";

function element(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== "") made.setAttribute(name, value);
  }
  return made;
}

function text(className, content) {
  const made = element("span", className);
  made.textContent = content;
  return made;
}

const option = (value, label) => new Option(label, value);

/** A number; `scale` is 100 for money, typed in yuan and kept in fen. With `spec.places` it has so
    many digits behind its point and is kept as it is typed. */
function makeNumber(spec, value, words, scale = 1) {
  const places = spec.places ?? 0;
  const step = scale === 1 ? 10 ** -places : 0.01;
  const field = element("input", "form-control s num", {
    type: "number",
    inputmode: step === 1 ? "numeric" : "decimal",
    min: String((spec.low ?? 0) / scale),
    max: spec.high === undefined ? undefined : String(spec.high / scale),
    step: String(step),
    "aria-label": spec.label || words.value,
  });
  const start = value ?? spec.default;
  if (start !== undefined && start !== null) field.value = String(start / scale);
  return {
    field,
    number() {
      const typed = field.valueAsNumber;
      if (!Number.isFinite(typed) || !field.validity.valid) return undefined;
      return places > 0 ? typed : Math.round(typed * scale);
    },
  };
}

function numeric(spec, values, words, { scale = 1, before = "", after = "" } = {}) {
  const { field, number } = makeNumber(spec, values[spec.name], words, scale);
  const elements = [];
  if (before) elements.push(text("unit", before));
  elements.push(field);
  if (spec.unit || after) elements.push(text("unit", spec.unit || after));
  return {
    elements,
    focusable: field,
    read() {
      const read = number();
      return read === undefined ? {} : { [spec.name]: read };
    },
  };
}

/** "at least" or "at most" a number: fills in min or max. */
function bound(spec, values, words) {
  const start = values.max === undefined ? "min" : "max";
  const which = element("select", "form-select s cmp", { "aria-label": words.bound });
  which.append(option("min", words.atLeast), option("max", words.atMost));
  which.value = start;
  const { field, number } = makeNumber(spec, values[start], words);
  const elements = [which, field];
  if (spec.unit) elements.push(text("unit", spec.unit));
  return {
    elements,
    focusable: field,
    read() {
      const read = number();
      return read === undefined ? {} : { [which.value]: read };
    },
  };
}

function choice(spec, values, words) {
  const field = element("select", "form-select s", { "aria-label": spec.label || words.value });
  const known = new Map();
  field.append(option("", words.choose));
  for (const { value, label } of spec.options ?? []) {
    known.set(String(value), value);
    field.append(option(String(value), label));
  }
  const chosen = values[spec.name] ?? spec.default ?? "";
  field.value = String(Array.isArray(chosen) ? (chosen[0] ?? "") : chosen);
  return {
    elements: [field],
    focusable: field,
    read: () => (field.value === "" ? {} : { [spec.name]: known.get(field.value) }),
  };
}

function typed(spec, values, words, type) {
  const field = element("input", "form-control s", {
    type,
    "aria-label": spec.label || words.value,
    maxlength: type === "text" ? "80" : undefined,
  });
  field.value = values[spec.name] ?? spec.default ?? "";
  return {
    elements: [field],
    focusable: field,
    read: () => (field.value.trim() === "" ? {} : { [spec.name]: field.value.trim() }),
  };
}

const KINDS = {
  number: (spec, values, words) => numeric(spec, values, words),
  decimal: (spec, values, words) => numeric(spec, values, words),
  money: (spec, values, words) => numeric(spec, values, words, { scale: 100, before: "¥" }),
  days: (spec, values, words) => numeric(spec, values, words, { before: words.last, after: words.days }),
  bound,
  choice,
  choices: makePicker,
  date: (spec, values, words) => typed(spec, values, words, "date"),
  text: (spec, values, words) => typed(spec, values, words, "text"),
};

/** Build the control of one input. `values` are the condition's values so far. */
export function makeInput(spec, values, words, parts) {
  const make = KINDS[spec.kind] ?? KINDS.text;
  return { spec, ...make(spec, values, words, parts) };
}
