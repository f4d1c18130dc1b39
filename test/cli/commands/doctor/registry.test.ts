import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { PackageFormat } from "../../../../src/base/package-format.ts";
import { askEndpoint } from "../../../../src/cli/commands/doctor/registry.ts";
import { VouchError } from "../../../../src/base/errors.ts";

const token = "the-token";
const json = { "content-type": "application/json" };
const html = { "content-type": "text/html; charset=utf-8" };

let server: Bun.Server<undefined>;
let answer: (request: Request) => Response | Promise<Response>;

beforeAll(() => {
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => answer(request) });
});
afterAll(() => server.stop(true));

const ask = (format: PackageFormat, timeoutMs = 10_000) =>
  askEndpoint({ endpoint: `${server.url.origin}/${format}/my-repo/`, format, token }, { timeoutMs });

test.each<[PackageFormat, path: string, authorization: string, body: string]>([
  ["cargo", "/cargo/my-repo/config.json", token, '{"dl":"https://x.example/dl","api":"https://x.example"}'],
  ["npm", "/npm/my-repo/-/ping", `Bearer ${token}`, "{}"],
])("%s is asked %s as its package manager asks, and its answer is understood", async (format, path, header, body) => {
  const seen: [string, string | null][] = [];
  answer = (request) => {
    seen.push([new URL(request.url).pathname, request.headers.get("authorization")]);
    return new Response(body, { headers: json });
  };
  expect(await ask(format)).toEqual({ outcome: "readable" });
  expect(seen).toEqual([[path, header]]);
});

test("pypi is asked for a project that no repository has, as pip asks, and 404 shows that it may read", async () => {
  const seen: (string | null)[] = [];
  answer = (request) => {
    seen.push(request.headers.get("authorization"));
    return new Response("<h1>Not Found</h1>", { status: 404, headers: html });
  };
  expect(await ask("pypi")).toEqual({ outcome: "readable" });
  expect(seen).toEqual([`Basic ${Buffer.from(`aws:${token}`).toString("base64")}`]);
});

test("swift is asked in its registry's own type, without which a server may refuse", async () => {
  answer = ({ headers }) =>
    headers.get("accept") === "application/vnd.swift.registry.v1+json"
      ? Response.json({ releases: {} })
      : new Response("", { status: 400 });
  expect(await ask("swift")).toEqual({ outcome: "readable" });
});

const formats: PackageFormat[] = ["cargo", "npm", "pypi"];
const faults: [what: string, () => Response, outcome: string, words: string][] = [
  ["401", () => new Response("{}", { status: 401, headers: json }), "denied", "HTTP 401"],
  ["403", () => new Response("{}", { status: 403, headers: json }), "denied", "HTTP 403"],
  ["429", () => new Response("{}", { status: 429, headers: json }), "failed", "HTTP 429"],
  ["500", () => new Response("", { status: 500 }), "failed", "HTTP 500"],
  ["503 with a page", () => new Response("<html>", { status: 503, headers: html }), "failed", "HTTP 503"],
  ["400", () => new Response("", { status: 400 }), "failed", "HTTP 400"],
  ["a redirect to a sign-in page", () => Response.redirect("https://portal.example/"), "failed", "redirect"],
  ["a sign-in page in its place", () => new Response("<html>Welcome</html>", { headers: html }), "failed", "HTTP 200"],
];

describe.each(formats)("the doctor's question to %s", (format) => {
  test.each(faults)("does not take this for an answer of the registry: %s", async (_, fault, outcome, words) => {
    answer = fault;
    const found = await ask(format);
    expect(found).toMatchObject({ outcome, found: expect.stringContaining(words) });
    expect(JSON.stringify(found)).not.toContain(token);
  });

  test("an answer of a registry that never comes ends with the limit", async () => {
    answer = () => new Promise(() => {});
    expect(await ask(format, 50)).toMatchObject({ outcome: "failed" });
  });
});

test.each<[PackageFormat, string]>([
  ["cargo", "{}"],
  ["cargo", "null"],
  ["cargo", "[]"],
  ["cargo", "hello"],
  ["npm", "hello"],
])("a body of %s that no such registry sends (%s) is not taken for its answer", async (format, body) => {
  answer = () => new Response(body, { headers: json });
  expect(await ask(format)).toMatchObject({ outcome: "failed" });
});

test.each<PackageFormat>(["cargo", "npm"])("404 of %s says that there is no such repository", async (format) => {
  answer = () => new Response("{}", { status: 404, headers: json });
  expect(await ask(format)).toMatchObject({ outcome: "missing" });
});

test("a failed connection to a registry is reported with a remedy", async () => {
  const send = async (): Promise<never> => {
    throw new VouchError("network", "No connection to x.", { hint: "Check the network." });
  };
  const question = { endpoint: "https://x.example/npm/r/", format: "npm", token } as const;
  expect(await askEndpoint(question, { timeoutMs: 1000, send })).toEqual({
    outcome: "failed",
    found: "No connection to x.",
    remedy: "Check the network.",
  });
});
