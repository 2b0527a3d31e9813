/** Arguments of actions as rows that can be read, compared and edited. */
import type { Action, ArgumentType, Tool } from "../services/wire";

/** What a value is, in a word; a text that looks like a number is still a text. */
export function typeWord(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "list";
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "number";
    case "boolean":
      return "yes or no";
    default:
      return "object";
  }
}

/** A value as it is read: a text as itself, everything else as JSON. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

export interface Difference {
  position: number;
  name: string;
  /** Undefined where the argument was not there. */
  before: unknown;
  after: unknown;
}

/** Every argument that differs, in the order of the actions; tools do not change in an edit. */
export function differences(before: readonly Action[], after: readonly Action[]): Difference[] {
  const found: Difference[] = [];
  after.forEach((action, position) => {
    const earlier = before[position]?.arguments ?? {};
    for (const name of new Set([...Object.keys(earlier), ...Object.keys(action.arguments)])) {
      const was = earlier[name];
      const is = action.arguments[name];
      if (canonical(was) !== canonical(is)) found.push({ position, name, before: was, after: is });
    }
  });
  return found;
}

/** Keys in order, so that equal values give equal texts. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
        : inner,
    ) ?? "absent"
  );
}

/** How one argument is edited. */
export interface ArgumentField {
  name: string;
  type: ArgumentType;
  required: boolean;
  /** The policy does not know it. */
  unknown: boolean;
  /** Given now; an optional one that is not given is left out. */
  given: boolean;
  text: string;
}

/** The fields of an action: what the policy lists of its tool, then whatever else is there. */
export function fieldsOf(action: Action, tool: Tool | null): ArgumentField[] {
  const rules = tool?.arguments ?? null;
  const listed = Object.entries(rules ?? {}).map(([name, { type, required }]) => ({ name, type, required, unknown: false }));
  const others = Object.keys(action.arguments)
    .filter((name) => rules?.[name] === undefined)
    .map((name) => ({ name, type: typeOf(action.arguments[name]), required: false, unknown: rules !== null }));
  return [...listed, ...others].map((field) => {
    const value = action.arguments[field.name];
    // Where anything goes, what is there says how it is written.
    const type = field.type === "any" && value !== undefined ? typeOf(value) : field.type;
    const given = value !== undefined;
    const fits = !given || field.type === "any" || accepts(type, value);
    return { ...field, type: fits ? type : "any", given: given || field.required, text: given ? textFor(fits ? type : "any", value) : "" };
  });
}

export type Parsed = { ok: true; value: unknown } | { ok: false; error: string };

/** The value that a field stands for, or what is wrong with it. */
export function parseField({ type, text }: Pick<ArgumentField, "type" | "text">): Parsed {
  switch (type) {
    case "string":
      return { ok: true, value: text };
    case "bool":
      return text === "true" || text === "false" ? { ok: true, value: text === "true" } : { ok: false, error: "Choose yes or no." };
    case "number":
    case "integer":
      return parseNumber(text, type === "integer");
    default:
      return parseJson(text, type);
  }
}

/** The action that the fields stand for; null where one of them is wrong. */
export function actionOf(action: Action, fields: readonly ArgumentField[]): Action | null {
  const values: Action["arguments"] = {};
  for (const field of fields) {
    if (!field.given) continue;
    const parsed = parseField(field);
    if (!parsed.ok) return null;
    values[field.name] = parsed.value;
  }
  // What is known of the tool goes on with it: an edit is of arguments alone.
  return { ...action, arguments: values };
}

function typeOf(value: unknown): ArgumentType {
  if (typeof value === "string") return "string";
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "list" : value === null ? "any" : "object";
}

function accepts(type: ArgumentType, value: unknown): boolean {
  const actual = typeOf(value);
  return type === "any" || type === actual || (type === "integer" && Number.isSafeInteger(value));
}

function textFor(type: ArgumentType, value: unknown): string {
  return type === "string" && typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** The form that JSON has for numbers, and nothing that would be read as another number than it says. */
function parseNumber(text: string, whole: boolean): Parsed {
  const trimmed = text.trim();
  if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(trimmed)) return { ok: false, error: "Write a number such as 4200 or 19.90, without signs between the digits." };
  const value = Number(trimmed);
  if (whole && !Number.isInteger(value)) return { ok: false, error: "Write a whole number." };
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return { ok: false, error: "This number is too large." };
  return { ok: true, value };
}

function parseJson(text: string, type: ArgumentType): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, error: 'This is not JSON. Texts stand in quotes: "like this".' };
  }
  if (type === "list" && !Array.isArray(value)) return { ok: false, error: "A list is needed: [ … ]." };
  if (type === "object" && typeOf(value) !== "object") return { ok: false, error: "An object is needed: { … }." };
  if (type === "any" && value === null) return { ok: false, error: "It may not be empty: give a value." };
  return { ok: true, value };
}
