/** Fields of the pages' forms and queries: their labels, their check, and what a person reads when one is wrong. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";

/** What the pages call the fields that people fill in; every other field is hidden, and sent by the page itself. */
export const labels = {
  email: "Email address",
  event: "Event",
  group: "Name of the group",
  issuer: "Issuer",
  name: "Name",
  profile: "Name of the profile",
  role: "Role",
  scim: "SCIM",
  search: "Address or name",
  since: "Since",
  state: "State",
  subject: "Subject (sub)",
  text: "What it announces: TOML or JSON",
  token: "What the audit log calls the provider",
  until: "Until",
  who: "Who",
} as const;

export type LabelledField = keyof typeof labels;

/** Parses the fields of a form or a query by its schema. Throws `protocol_error`, with a sentence for people. */
export function parseFields<Schema extends v.GenericSchema>(schema: Schema, fields: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, fields, { abortEarly: true });
  if (parsed.success) return parsed.output;
  throw wrongField(parsed.issues[0]);
}

function wrongField(issue: v.BaseIssue<unknown>): VouchError {
  const [name = ""] = (v.getDotPath(issue) ?? "").replace(/^change\./, "").split(".");
  const shown = name.slice(0, 64);
  if (issue.expected === "never") return wrong(`The form has no field "${shown}".`);
  const isMissing = issue.received === "undefined";
  if (Object.hasOwn(labels, name)) {
    const label = labels[name as LabelledField];
    return isMissing ? wrong(`The field "${label}" is empty.`) : wrong(`Expected ${inWords(issue)} in "${label}".`);
  }
  const place = shown === "" ? "the form" : `the hidden field "${shown}"`;
  return wrong(isMissing ? `Expected ${place}, got none.` : `Expected ${inWords(issue)} in ${place}.`, {
    hint: "The page itself sends it: reload the page, and try again.",
  });
}

function wrong(message: string, rest: { hint?: string } = {}): VouchError {
  return new VouchError("protocol_error", message, rest);
}

/** What was expected, without the names of types and the regular expressions of a schema. */
function inWords(issue: v.BaseIssue<unknown>): string {
  const { message, type, requirement, expected } = issue;
  if (message.startsWith("expected ")) return message.slice("expected ".length).replace(/^: /, "");
  // Of a union the last is what a field that is not empty is to be.
  const inner = issue.issues?.at(-1);
  if (inner !== undefined) return inWords(inner);
  if (/^max_(?:length|code_points)$/.test(type)) return `at most ${String(requirement)} characters`;
  if (/^min_(?:length|code_points)$/.test(type)) return `at least ${String(requirement)} characters`;
  if (type === "picklist" || type === "variant" || type === "literal") return alternatives(expected ?? "");
  if (type === "string") return "text";
  return type.endsWith("_transform") ? (expected ?? "another value") : "another value";
}

/** `("a" | "b" | "c")` as `a, b or c`. */
function alternatives(expected: string): string {
  const names = [...expected.matchAll(/"([^"]*)"/g)].map(([, name = ""]) => name);
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((part) => part !== "").join(" or ");
}
