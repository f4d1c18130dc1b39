/** The rules of the npm registry that npm does not run into by itself. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { seedPackage } from "../packages.ts";
import { origin, startVisitor, type Visitor } from "./visitor.ts";

const library = { name: "@acme/my-lib", version: "1.0.0", files: { "index.js": "" } };

let visitor: Visitor;

beforeEach(async () => {
  visitor = await startVisitor();
  await seedPackage(visitor.sandbox.registries, "npm", library);
});
afterEach(() => visitor.sandbox.stop());

test.each(["@acme%2fmy-lib", "@acme%2Fmy-lib", "@acme/my-lib"])(
  "the sandbox serves the packument of %s",
  async (path) => {
    const full = await visitor.get(`/npm/my-repo/${path}`);
    const packument = (await full.json()) as { versions: Record<string, { dist: Record<string, string> }> };
    expect(packument).toMatchObject({ _id: "@acme/my-lib", "dist-tags": { latest: "1.0.0" } });
    const dist = packument.versions["1.0.0"]?.dist ?? {};
    expect(dist["tarball"]).toBe(`${origin}/npm/my-repo/@acme/my-lib/-/my-lib-1.0.0.tgz`);
    const tarball = await (await visitor.get(new URL(dist["tarball"] ?? "").pathname)).bytes();
    expect(dist["integrity"]).toBe(`sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`);
  },
);

test("the abbreviated packument has no more than an installation needs", async () => {
  const type = "application/vnd.npm.install-v1+json";
  const answer = await visitor.get("/npm/my-repo/@acme%2fmy-lib", {
    accept: `${type}; q=1.0, application/json; q=0.8`,
  });
  expect(answer.headers.get("content-type")).toBe(type);
  expect(Object.keys((await answer.json()) as object).sort()).toEqual(["dist-tags", "modified", "name", "versions"]);
});

test("dist-tags are set and removed", async () => {
  const tags = "/npm/my-repo/-/package/@acme%2fmy-lib/dist-tags";
  expect((await visitor.send("PUT", `${tags}/beta`, '"1.0.0"')).status).toBe(200);
  expect(await (await visitor.get(tags)).json()).toEqual({ latest: "1.0.0", beta: "1.0.0" });
  expect((await visitor.send("PUT", `${tags}/beta`, '"9.9.9"')).status).toBe(400);
  expect((await visitor.send("DELETE", `${tags}/beta`)).status).toBe(200);
  expect(await (await visitor.get(tags)).json()).toEqual({ latest: "1.0.0" });
});

test.each(["-/whoami", "-/v1/search", "-/npm/v1/security/advisories/bulk"])(
  "%s is not found in the sandbox, as in CodeArtifact",
  async (path) => {
    expect((await visitor.get(`/npm/my-repo/${path}`)).status).toBe(404);
  },
);

const data = Buffer.from("tarball").toString("base64");
const version = { name: "other", version: "1.0.0" };
const document = {
  name: "other",
  "dist-tags": { latest: "1.0.0" },
  versions: { "1.0.0": version },
  _attachments: { "other-1.0.0.tgz": { data, length: 7 } },
};
const malformed: [what: string, change: object][] = [
  ["another name", { name: "another" }],
  ["another length", { _attachments: { "other-1.0.0.tgz": { data, length: 8 } } }],
  ["another integrity", { versions: { "1.0.0": { ...version, dist: { integrity: "sha512-AAAA" } } } }],
  ["a tag on another version", { "dist-tags": { latest: "2.0.0" } }],
  ["no attachment", { _attachments: {} }],
];
test.each(malformed)("the sandbox refuses npm's publish document with %s", async (_, change) => {
  expect((await visitor.send("PUT", "/npm/my-repo/other", JSON.stringify({ ...document, ...change }))).status).toBe(
    400,
  );
});

test("a version of an npm package is published once", async () => {
  expect((await visitor.send("PUT", "/npm/my-repo/other", JSON.stringify(document))).status).toBe(200);
  expect((await visitor.send("PUT", "/npm/my-repo/other", JSON.stringify(document))).status).toBe(409);
});
