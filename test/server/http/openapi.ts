/** docs/openapi.yaml, and whether an answer of the server is as it says. */
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";

interface DocumentedResponse {
  $ref?: string;
  headers?: Record<string, object>;
  content?: Record<string, { schema: object }>;
}

interface Operation {
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, DocumentedResponse>;
}

interface OpenApi {
  info: { description: string };
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, object>>;
}

export const openapi = Bun.YAML.parse(
  await Bun.file(new URL("../../../docs/openapi.yaml", import.meta.url)).text(),
) as OpenApi;

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat("uri", (text) => URL.canParse(text));
ajv.addFormat("uuid", /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/u);
ajv.addFormat("idn-email", /^[^\s@]+@[^\s@]+$/u);
ajv.addSchema(openapi, "openapi.yaml");
const validators = new Map<string, ValidateFunction>();

/**
 * Fails the test when an answer is not as documented (status, content type, headers, body), and when a request whose
 * body is not as documented was granted.
 */
export function expectDocumented(
  { method, path }: { method: string; path: string },
  { ok, status, headers }: Response,
  { sent, body }: { sent: unknown; body: unknown },
): void {
  const [called = ""] = path.split("?");
  const pattern = called.replace(/\/[^/]+$/, "/{id}");
  const pathname = called in openapi.paths || !(pattern in openapi.paths) ? called : pattern;
  const operation = openapi.paths[pathname]?.[method.toLowerCase()];
  if (!operation) {
    if (body !== undefined)
      expectValid(`#/components/schemas/${failureSchema(pathname)}`, `${method} ${pathname}`, body);
    return;
  }
  const place = `${method} ${pathname} ${status}`;
  const documented = operation.responses[status];
  if (!documented) throw new Error(`${place} is an answer that docs/openapi.yaml does not know`);
  const pointer = documented.$ref ?? pointerTo("paths", pathname, method.toLowerCase(), "responses", String(status));
  const { content = {}, headers: documentedHeaders = {} } = at(pointer) as DocumentedResponse;
  for (const name of Object.keys(documentedHeaders)) {
    const { required } = at(pointer, "headers", name) as { required?: boolean };
    if (required === true && !headers.has(name)) throw new Error(`${place} came without ${name}`);
  }
  const [asked] = Object.keys(operation.requestBody?.content ?? {});
  if (ok && asked !== undefined && (typeof sent === "string" || sent instanceof URLSearchParams)) {
    const requestBody = ["paths", pathname, method.toLowerCase(), "requestBody", "content", asked, "schema"];
    expectValid(pointerTo(...requestBody), `the request that was granted by ${place}`, parse(sent));
  }
  const type = headers.get("content-type")?.split(";", 1)[0];
  if (body === undefined) return;
  if (type === undefined || !(type in content)) throw new Error(`${place} is not documented as ${type}`);
  expectValid(`${pointer}/content/${type.replace("/", "~1")}/schema`, place, body);
}

/** Under `pointer`, a reference followed. */
function at(pointer: string, ...names: string[]): unknown {
  const decoded = pointer
    .slice(2)
    .split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const found = [...decoded, ...names].reduce<unknown>((node, name) => {
    const value = (node as Record<string, { $ref?: string }> | undefined)?.[name];
    return value?.$ref === undefined ? value : at(value.$ref);
  }, openapi);
  if (found === undefined) throw new Error(`docs/openapi.yaml has no ${pointer}`);
  return found;
}

function pointerTo(...names: string[]): string {
  return `#/${names.map((name) => name.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
}

function expectValid(pointer: string, place: string, body: unknown): void {
  const $ref = `openapi.yaml${encodeURI(pointer)}`;
  const valid = validators.get(pointer) ?? ajv.compile({ $ref });
  validators.set(pointer, valid);
  valid(body);
  if (valid.errors) throw new Error(`${place} is not as documented: ${JSON.stringify({ errors: valid.errors, body })}`);
}

/** The form of failures outside of documented operations: unknown paths, other methods. */
function failureSchema(pathname: string): string {
  if (pathname.startsWith("/scim/")) return "ScimError";
  return pathname.startsWith("/oauth/") ? "OAuthError" : "Error";
}

function parse(sent: string | URLSearchParams): unknown {
  if (typeof sent === "string") return JSON.parse(sent);
  const names = [...new Set(sent.keys())];
  const values = (name: string) => sent.getAll(name).filter((value) => value !== "");
  return Object.fromEntries(
    names.flatMap((name) =>
      values(name).length === 0 ? [] : [[name, values(name).length > 1 ? values(name) : values(name)[0]]],
    ),
  );
}
