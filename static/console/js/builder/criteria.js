/* What conditions can be about, as the server describes it in <script id="criteria">.

   A field: {field, label, group, operators}. An operator: {cmp, label, inputs} where an input is
   {name, kind, label, unit, required, default, low, high, options, options_url}; kinds are choice,
   choices, number, money, days, date, text and bound. `input: "window"` and its like are short
   for the usual inputs. */

const SHORT = {
  none: () => [],
  choice: (field) => [{ name: "value", kind: "choice", ...choicesOf(field) }],
  multi: (field) => [{ name: "value", kind: "choices", ...choicesOf(field) }],
  number: () => [{ name: "value", kind: "number" }],
  money: () => [{ name: "value", kind: "money" }],
  date: () => [{ name: "value", kind: "date" }],
  days: () => [{ name: "value", kind: "days" }],
  text: () => [{ name: "value", kind: "text" }],
  window: () => [
    { name: "days", kind: "days" },
    { name: "min", kind: "bound" },
  ],
};

const choicesOf = (field) => ({ options: field.choices, options_url: field.choices_url });

function operatorOf(operator, field) {
  const short = SHORT[operator.input] ?? SHORT.none;
  const inputs = operator.inputs ?? short(field);
  return { ...operator, inputs: inputs.map((input) => ({ required: true, ...input })) };
}

/** Read the description; operators come out with their inputs spelled out. */
export function readCriteria(element) {
  const fields = JSON.parse(element?.textContent || "[]");
  return fields.map((field) => ({
    ...field,
    operators: field.operators.map((operator) => operatorOf(operator, field)),
  }));
}

/** Fields by the heading they stand under, in the order the server gave. */
export function byGroup(fields) {
  const groups = new Map();
  for (const field of fields) {
    const name = field.group ?? "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(field);
  }
  return groups;
}

/** A condition's value, one entry per input: a bare value belongs to the first one. */
export function spread(value, inputs) {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  return inputs.length ? { [inputs[0].name]: value } : {};
}

/** The other way round: an object, or a bare value where only the first input is filled in. */
export function gather(values, inputs) {
  const names = Object.keys(values);
  if (names.length === 0) return undefined;
  return names.length === 1 && names[0] === inputs[0].name ? values[names[0]] : values;
}
