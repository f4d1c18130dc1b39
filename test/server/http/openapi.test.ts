/** docs/openapi.yaml names the routes that are served, and no others. What they answer is checked in every test. */
import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import { routes } from "../../../src/server/routes.ts";
import { expectDocumented, openapi } from "./openapi.ts";

test("every route is documented in docs/openapi.yaml, and every documented operation is served", () => {
  const served = routes.filter(({ refusesAll }) => !refusesAll).map(({ method, path }) => `${method} ${path}`);
  const documented = Object.entries(openapi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.toSorted()).toEqual(served.toSorted());
});

test("the description names the paths that refuse whoever comes", () => {
  const refusing = routes.filter(({ refusesAll }) => refusesAll).map(({ path }) => path);
  expect(refusing.length).toBeGreaterThan(0);
  for (const path of refusing) expect(openapi.info.description).toContain(`\`${path}\``);
});

test.each<[string, Response, { body?: unknown; sent?: unknown }, RegExp]>([
  ["status", new Response(null, { status: 418 }), {}, /418/],
  [
    "content type",
    new Response("ok", { headers: { "content-type": "text/plain" } }),
    { body: { status: "ok" } },
    /text\/plain/,
  ],
  ["body", Response.json({}), { body: { status: "fine" } }, /const/],
  ["member", Response.json({}), { body: { status: "ok", extra: 1 } }, /additionalProperties/],
])("an answer with another %s than documented fails its test", (_, response, bodies, reason) => {
  const at = { method: "GET", path: "/healthz" };
  expect(() => expectDocumented(at, response, { body: undefined, sent: undefined, ...bodies })).toThrow(reason);
});

test("an answer without a header that is always there, and one that grants another request, fail their test", () => {
  const at = { method: "POST", path: "/v1/login/options" };
  const failure = { error: { code: "protocol_error", message: "x" } };
  const busy = Response.json(failure, { status: 429 });
  expect(() => expectDocumented(at, busy, { body: failure, sent: undefined })).toThrow("Retry-After");
  const granted = () => expectDocumented(at, new Response(null), { body: undefined, sent: '{"extra":1}' });
  expect(granted).toThrow("additionalProperties");
  const unknown = { method: "GET", path: "/nothing" };
  expect(() => expectDocumented(unknown, Response.json({}), { body: {}, sent: undefined })).toThrow("required");
});

const uuid = crypto.randomUUID();

test.each<object>([
  { code: "x" },
  { id: uuid, keys: 1 },
  { sessions: -1 },
  { sessions: 1, changed: true },
  { isMember: true },
  { id: uuid, members: 1 },
  { id: "x" },
])("the change of an administrator with the outcome %p fails its test", (outcome) => {
  const at = { method: "POST", path: "/v1/admin/changes" };
  const answer = () => expectDocumented(at, Response.json({ outcome }), { body: { outcome }, sent: undefined });
  expect(answer).toThrow("outcome");
});

test("every reference in docs/openapi.yaml leads somewhere", () => {
  const references = JSON.stringify(openapi).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g);
  const components = (openapi as unknown as { components: Record<string, Record<string, unknown>> }).components;
  const used = [...references].map(([, kind = "", name = ""]) => `${kind}/${name}`);
  // A security requirement names its scheme without a reference.
  for (const [, name = ""] of JSON.stringify(openapi).matchAll(/"security":\[\{"(\w+)":/g))
    used.push(`securitySchemes/${name}`);
  const defined = Object.entries(components).flatMap(([kind, all]) =>
    Object.keys(all).map((name) => `${kind}/${name}`),
  );
  expect([...new Set(used)].toSorted()).toEqual(defined.toSorted());
});

type Document = { info: Record<string, unknown>; paths: Record<string, Record<string, Record<string, unknown>>> };

/** The places in a document that the specification's own schema of OpenAPI 3.1 refuses. */
async function faultyPlaces(document: object): Promise<string[]> {
  const validator = new Validator();
  const { errors = [] } = await validator.validate(structuredClone(document) as Record<string, unknown>);
  // A text says that the document could not be looked at.
  if (!Array.isArray(errors)) throw new Error(errors);
  expect(validator.version).toBe("3.1");
  return errors.map(({ instancePath }) => instancePath);
}

test("docs/openapi.yaml is an OpenAPI 3.1 document by the specification's own schema", async () => {
  expect(await faultyPlaces(openapi)).toEqual([]);
});

test.each<[string, string, (document: Document) => void]>([
  ["title", "/info", ({ info }) => delete info["title"]],
  [
    "responses",
    "/paths/~1oauth~1token/post/responses",
    ({ paths }) => (paths["/oauth/token"]!["post"]!["responses"] = {}),
  ],
  [
    "place of a parameter",
    "/paths/~1healthz/get/parameters/0",
    ({ paths }) => (paths["/healthz"]!["get"]!["parameters"] = [{ name: "a" }]),
  ],
  ["slash of a path", "/paths", ({ paths }) => (paths["healthz"] = {})],
])("the OpenAPI schema is used: it refuses a document without the %s", async (_, place, spoil) => {
  const document = structuredClone(openapi) as unknown as Document;
  spoil(document);
  expect(await faultyPlaces(document)).toContain(place);
});

test("every schema in docs/openapi.yaml is a JSON Schema 2020-12, which the specification's schema does not check", () => {
  const ajv = new Ajv2020();
  const schemas = schemasIn(openapi);
  expect(schemas.length).toBeGreaterThan(20);
  for (const schema of schemas) {
    expect({ schema, errors: (ajv.validateSchema(schema), ajv.errors) }).toEqual({ schema, errors: null });
  }
  expect(ajv.validateSchema({ type: "object", properties: { a: { type: "strng" } } })).toBe(false);
});

/** The outermost schemas: those of the components, and those of parameters, bodies and headers. */
function schemasIn(node: unknown): object[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, value]: [string, unknown]) => {
    if (name === "schema") return typeof value === "object" && value !== null ? [value] : [];
    if (name === "schemas") return Object.values(value as Record<string, object>);
    return schemasIn(value);
  });
}
