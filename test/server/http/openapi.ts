/** docs/openapi.yaml, and whether an answer of the server is as it says. */
import { expect } from "bun:test";

interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  oneOf?: Schema[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  items?: Schema;
}

interface DocumentedResponse {
  $ref?: string;
  content?: Record<string, { schema: Schema }>;
}

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, DocumentedResponse> }>>;
}

export const openapi = Bun.YAML.parse(
  await Bun.file(new URL("../../../docs/openapi.yaml", import.meta.url)).text(),
) as OpenApi;

/** Fails the test when a documented operation answers with a status or a body that is not documented for it. */
export function expectDocumented(method: string, path: string, status: number, body: unknown): void {
  const operation = openapi.paths[path.split("?", 1)[0]!]?.[method.toLowerCase()];
  if (!operation) return;
  const documented = resolve(operation.responses[String(status)]);
  if (!documented) throw new Error(`${method} ${path} answered ${status}, which docs/openapi.yaml does not know`);
  const schema = documented.content?.["application/json"]?.schema;
  if (body !== undefined)
    expect({ method, path, status, body, faults: faults(schema ?? {}, body) }).toMatchObject({ faults: [] });
}

/** Where a value departs from the schema; knows the words of JSON Schema that the document uses. */
function faults(given: Schema, value: unknown, place = "$"): string[] {
  const schema = resolve(given) ?? {};
  if (schema.oneOf) {
    const matching = schema.oneOf.filter((option) => faults(option, value, place).length === 0);
    return matching.length === 1 ? [] : [`${place}: fits ${matching.length} of oneOf`];
  }
  const wrong: string[] = [];
  const check = (fits: boolean, what: string) => fits || wrong.push(`${place}: expected ${what}`);
  if ("const" in schema) check(value === schema.const, JSON.stringify(schema.const));
  if (schema.enum) check(schema.enum.includes(value), schema.enum.join("|"));
  if (schema.type === "string") check(typeof value === "string", "a string");
  if (schema.type === "integer") check(Number.isInteger(value), "an integer");
  if (schema.pattern) check(new RegExp(schema.pattern, "u").test(String(value)), schema.pattern);
  if (schema.minimum !== undefined) check(Number(value) >= schema.minimum, `at least ${schema.minimum}`);
  if (schema.maximum !== undefined) check(Number(value) <= schema.maximum, `at most ${schema.maximum}`);
  if (schema.type === "array") {
    if (!Array.isArray(value)) return [`${place}: expected an array`];
    wrong.push(...value.flatMap((item, index) => faults(schema.items ?? {}, item, `${place}[${index}]`)));
  }
  if (schema.type === "object") {
    if (typeof value !== "object" || value === null) return [`${place}: expected an object`];
    for (const name of schema.required ?? []) check(name in value, `the member ${name}`);
    for (const [name, member] of Object.entries(value)) {
      const property = schema.properties?.[name];
      if (property) wrong.push(...faults(property, member, `${place}.${name}`));
      else check(schema.additionalProperties !== false, `no member ${name}`);
    }
  }
  return wrong;
}

function resolve<Value extends { $ref?: string }>(value: Value | undefined): Value | undefined {
  if (value?.$ref === undefined) return value;
  const found = value.$ref
    .slice(2)
    .split("/")
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], openapi);
  if (found === undefined) throw new Error(`docs/openapi.yaml has no ${value.$ref}`);
  return found as Value;
}
