/** The rules of the Cargo registry that cargo does not run into by itself. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { seedPackage } from "../packages.ts";
import { startVisitor, type Visitor } from "./visitor.ts";

const crate = { name: "my-crate", version: "1.0.0", files: { "src/lib.rs": "" } };

let visitor: Visitor;

beforeEach(async () => {
  visitor = await startVisitor();
  await seedPackage(visitor.sandbox.registries, "cargo", crate);
});
afterEach(() => visitor.sandbox.stop());

async function indexEntry(): Promise<Record<string, unknown>> {
  return JSON.parse(await (await visitor.get("/cargo/my-repo/my/-c/my-crate")).text());
}

test("the sandbox's Cargo index has a crate at its path only, by its lower-case name", async () => {
  expect(await indexEntry()).toMatchObject({ name: "my-crate", vers: "1.0.0", yanked: false, deps: [], v: 1 });
  for (const path of ["my/-c/my_crate", "my/-c/My-Crate", "my/xx/my-crate", "ot/he/other"]) {
    expect((await visitor.get(`/cargo/my-repo/${path}`)).status).toBe(404);
  }
});

test("the checksum of the sandbox's Cargo index is that of the file", async () => {
  const file = await visitor.get("/cargo/my-repo/api/v1/crates/my-crate/1.0.0/download");
  const cksum = new Bun.CryptoHasher("sha256").update(await file.bytes()).digest("hex");
  expect(await indexEntry()).toMatchObject({ cksum });
});

test.each(["my-crate", "my_crate", "MY-CRATE"])("a second %s 1.0.0 is refused by the sandbox", async (name) => {
  const refusal: unknown = await seedPackage(visitor.sandbox.registries, "cargo", { ...crate, name }).catch(
    (error) => error,
  );
  expect(refusal).toMatchObject({ status: 409 });
});

const malformed: [what: string, body: Uint8Array<ArrayBuffer>][] = [
  ["empty", new Uint8Array()],
  ["no metadata", new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0])],
  ["a length beyond the end", new Uint8Array([255, 255, 255, 255, 1])],
  ["metadata without a crate", new Uint8Array([2, 0, 0, 0, 0x7b, 0x7d])],
];
test.each(malformed)("the sandbox refuses a malformed publish body of Cargo: %s", async (_, body) => {
  const answer = await visitor.send("PUT", "/cargo/my-repo/api/v1/crates/new", body);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errors: [{ detail: expect.any(String) }] });
});

test("yank and unyank change the sandbox's Cargo index, and need an action of their own", async () => {
  const yank = "/cargo/my-repo/api/v1/crates/my-crate/1.0.0/yank";
  expect((await visitor.send("DELETE", yank)).status).toBe(403);
  visitor.role.permissions.push({ Effect: "Allow", Action: "codeartifact:UpdatePackageVersionsStatus", Resource: "*" });
  expect((await visitor.send("DELETE", yank)).status).toBe(200);
  expect(await indexEntry()).toMatchObject({ yanked: true });
  expect((await visitor.send("PUT", yank.replace("yank", "unyank"))).status).toBe(200);
  expect(await indexEntry()).toMatchObject({ yanked: false });
});
