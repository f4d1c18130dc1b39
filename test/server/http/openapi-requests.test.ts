/** Requests that are made from the schemas of docs/openapi.yaml are never refused for their form. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import Ajv from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { DpopKey } from "../oauth/dpop-key.ts";
import { openapi } from "./openapi.ts";
import { newPerson } from "../person.ts";
import { scimClient, type ScimTestClient } from "../scim/scim-client.ts";
import { startTestServer, type TestServer } from "../test-server.ts";

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  oneOf?: Schema[];
  pattern?: string;
  minLength?: number;
  minItems?: number;
  maxLength?: number;
  maxItems?: number;
  required?: string[];
  /** False: no such member. */
  properties?: Record<string, Schema | false>;
  items?: Schema;
  uniqueItems?: boolean;
  contains?: Schema;
  contentSchema?: Schema;
}

const document = openapi as unknown as {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
};
const operations = Object.entries(document.paths).flatMap(([path, { post }]) =>
  Object.entries(post?.requestBody?.content ?? {}).map(([type, { schema }]) => ({ path, type, schema })),
);

let server: TestServer;
let scim: ScimTestClient;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  scim = await scimClient(server);
});
afterAll(() => server.stop());

function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  const found = $ref
    .slice(2)
    .split("/")
    .reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], openapi) as Schema;
  return { ...resolved(found), ...beside };
}

/** Values of the schema, by the words that the requests' schemas use. */
function values(given: Schema): fc.Arbitrary<unknown> {
  const schema = resolved(given);
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.oneOf) return fc.oneof(...schema.oneOf.map(values));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => values({ ...schema, type })));
  switch (schema.type) {
    case "object": {
      const possible = Object.entries(schema.properties ?? {}).filter(
        (entry): entry is [string, Schema] => entry[1] !== false,
      );
      const members = possible.map(([name, member]) => [name, values(member)]);
      return fc.record(Object.fromEntries(members), { requiredKeys: (schema.required ?? []) as never[] });
    }
    case "array": {
      const lengths = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 8) };
      const item = values(schema.items ?? {});
      const items = schema.uniqueItems === true ? fc.uniqueArray(item, lengths) : fc.array(item, lengths);
      const { contains } = schema;
      if (contains === undefined) return items;
      return fc.tuple(values(contains), items).map(([one, others]) => [one].concat(others));
    }
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer();
    case "string":
      return strings(schema);
    default:
      throw new Error(`no generator for ${JSON.stringify(schema)}`);
  }
}

function strings(schema: Schema): fc.Arbitrary<string> {
  if (schema.contentSchema) return values(schema.contentSchema).map((value) => JSON.stringify(value));
  const { minLength = 0, maxLength = 200, pattern } = schema;
  if (pattern === undefined) return fc.string({ minLength, maxLength, unit: "binary" });
  const expression = new RegExp(pattern, "u");
  const fits = (text: string) =>
    expression.test(text) && Array.from(text).length <= maxLength && text.length >= minLength;
  const base64url = fc
    .uint8Array({ minLength: 1, maxLength: Math.floor((Math.min(maxLength, 400) * 3) / 4) })
    .map((bytes) => Buffer.from(bytes).toString("base64url"));
  if (fits("AAAA") && !fits("A A")) return base64url.filter(fits);
  // The library does not make all that the pattern of a key's name has.
  if (!expression.test("é")) return fc.stringMatching(expression).filter(fits);
  // The server counts a name in Unicode's form NFC, which a few characters are longer in.
  return fc
    .string({ minLength, maxLength, unit: "grapheme" })
    .filter((text) => fits(text) && fits(text.normalize("NFC")));
}

test("docs/openapi.yaml has operations with a body", () => {
  expect(operations.length).toBeGreaterThan(7);
});

test.each(operations.map(({ path, type, schema }) => [path, type, schema] as const))(
  "POST %s accepts every %s of its schema",
  async (path, type, schema) => {
    const ajv = new Ajv({ strict: false, formats: { "idn-email": true, uri: true, uuid: true } });
    const valid = ajv.compile({ ...schema, components: (openapi as unknown as { components: object }).components });
    const person = await newPerson(server);
    const user = await server.store.accounts.findUser(person.email);
    await server.store.roles.setRole(user!.id, "administrator");
    const dpop = await DpopKey.generate();
    await fc.assert(
      fc.asyncProperty(values(schema), async (value) => {
        expect({ value, faults: valid(value) ? [] : valid.errors }).toMatchObject({ faults: [] });
        if (type === "application/scim+json") {
          const { status, body } = await scim.send("POST", path.replace("/scim/v2", ""), value);
          const isMember = body.detail === "A member is no User here.";
          expect({ value, body, status: isMember ? 201 : status === 409 ? 201 : status }).toMatchObject({
            status: 201,
          });
          return;
        }
        const answer =
          type === "application/x-www-form-urlencoded"
            ? await server.form(path, value as Record<string, string | string[]>, { dpop: await server.proof(dpop) })
            : /^\/v1\/(admin|credentials|sessions)/.test(path)
              ? await server.inSession(person, "POST", path, value)
              : await server.post(path, value);
        const error = answer.body?.error?.code ?? answer.body?.error;
        expect({ value, status: answer.status, error, answer: answer.body }).not.toMatchObject({
          error: "protocol_error",
        });
        expect(error).not.toBe("invalid_request");
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 100 },
    );
  },
);
