/** The sandbox's Swift registry, by the sections of the "Swift Package Registry Service Specification". */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { zip } from "../packages.ts";
import { origin, startVisitor, type Visitor } from "./visitor.ts";

const json = "application/vnd.swift.registry.v1+json";
const archive = zip({ "LinkedList/Package.swift": "// swift-tools-version:5.9\n" });

let visitor: Visitor;

beforeEach(async () => {
  visitor = await startVisitor();
});
afterEach(() => visitor.sandbox.stop());

async function ask(method: string, path: string, { accept = json, ...init }: RequestInit & { accept?: string } = {}) {
  const headers = { authorization: `Bearer ${visitor.token}`, accept };
  return visitor.sandbox.fetch(`${origin}/swift/my-repo/${path}`, { method, headers, ...init });
}

function publish(
  parts: Record<string, string | Uint8Array<ArrayBuffer>> = { "source-archive": archive },
  version = "1.1.1",
) {
  const body = new FormData();
  for (const [name, part] of Object.entries(parts)) {
    body.append(name, typeof part === "string" ? part : new File([part], "archive.zip", { type: "application/zip" }));
  }
  return ask("PUT", `mona/LinkedList/${version}`, { body });
}

test("a Swift release of the sandbox is published once, listed, described and downloaded", async () => {
  const published = await publish();
  expect([published.status, published.headers.get("location")]).toEqual([
    201,
    `${origin}/swift/my-repo/mona/LinkedList/1.1.1`,
  ]);
  expect((await publish()).status).toBe(409);
  const list = await ask("GET", "MONA/linkedlist");
  expect([list.headers.get("content-type"), list.headers.get("content-version")]).toEqual(["application/json", "1"]);
  expect(Object.keys(((await list.json()) as { releases: object }).releases)).toEqual(["1.1.1"]);
  const checksum = new Bun.CryptoHasher("sha256").update(archive).digest("hex");
  const described = await ask("GET", "mona/LinkedList/1.1.1");
  expect(await described.json()).toMatchObject({ resources: [{ name: "source-archive", checksum }] });
  const file = await ask("GET", "mona/LinkedList/1.1.1.zip", { accept: "application/vnd.swift.registry.v1+zip" });
  expect(await file.bytes()).toEqual(archive);
  const manifest = await ask("GET", "mona/LinkedList/1.1.1/Package.swift");
  expect([manifest.headers.get("content-type"), await manifest.text()]).toEqual([
    "text/x-swift",
    "// swift-tools-version:5.9\n",
  ]);
});

// 3.5. Not checked, for want of an account: whether CodeArtifact refuses a request that names no version, as it may.
test.each([
  ["application/vnd.swift.registry.v1+json", 200],
  ["application/vnd.swift.registry", 200],
  ["application/vnd.swift.registry.v2+json", 415],
  ["application/vnd.swift.registry.one+json", 400],
  ["*/*", 400],
])("the sandbox's Swift registry answers the Accept header %s with %p", async (accept, status) => {
  await publish();
  const answer = await ask("GET", "mona/LinkedList", { accept });
  expect(answer.status).toBe(status);
  // 3.3: an error is a "problem details" object.
  if (status === 200) return;
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toEqual({ detail: expect.any(String) });
});

test.each([
  ["no archive (4.6.1)", { metadata: "{}" }, "1.0.0", 422],
  ["an archive without a manifest (4.6.1)", { "source-archive": zip({ "a/b.swift": "" }) }, "1.0.0", 422],
  ["metadata that is no JSON (4.6.2)", { "source-archive": archive, metadata: "{" }, "1.0.0", 422],
  ["a version that is none", { "source-archive": archive }, "one", 422],
])("the sandbox refuses a Swift release with %s", async (_, parts, version, status) => {
  expect((await publish(parts, version)).status).toBe(status);
});

test.each([
  ["GET", "mona/Missing", 404],
  ["GET", "mo--na/LinkedList", 404],
  ["GET", "identifiers", 404],
  ["DELETE", "mona/LinkedList", 405],
  ["POST", "login", 200],
])("the sandbox's Swift registry answers %s %s with %p", async (method, path, status) => {
  expect((await ask(method, path)).status).toBe(status);
});

test("the sandbox's Swift registry wants a token for its log-in, and the right to publish", async () => {
  const login = await visitor.sandbox.fetch(`${origin}/swift/my-repo/login`, { method: "POST" });
  expect([login.status, login.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
  visitor.account.deniedActions.add("codeartifact:PublishPackageVersion");
  const answer = await publish();
  expect([answer.status, await answer.text()]).toEqual([
    403,
    expect.stringContaining("package/my-domain/my-repo/swift/mona/LinkedList"),
  ]);
});
