/** The rules of the NuGet repository that a client does not run into by itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { buildNugetPackage, seedPackage } from "../../packages.ts";
import { normalizeVersion } from "./nuget-package.ts";
import { origin, startVisitor, type Visitor } from "../visitor.ts";

const source = { name: "My.Package", version: "1.0.0", files: {} };

let visitor: Visitor;

beforeAll(async () => {
  visitor = await startVisitor();
  await seedPackage(visitor.sandbox.registries, "nuget", source);
});
afterAll(() => visitor.sandbox.stop());

const get = (path: string) => visitor.get(`/nuget/my-repo/v3/${path}`);

async function push(...files: Uint8Array<ArrayBuffer>[]): Promise<number> {
  const form = new FormData();
  for (const [index, file] of files.entries()) form.append(`package${index}`, new File([file], "package.nupkg"));
  return (await visitor.send("PUT", "/nuget/my-repo/v3/package", form)).status;
}

test("the sandbox's service index leads to the package, by its name in lower case", async () => {
  const { resources } = (await (await get("index.json")).json()) as { resources: { "@id": string; "@type": string }[] };
  const base = resources.find((resource) => resource["@type"] === "PackageBaseAddress/3.0.0")!["@id"];
  expect(base).toStartWith(`${origin}/nuget/my-repo/`);
  const path = new URL(base).pathname;
  expect(await (await visitor.get(`${path}my.package/index.json`)).json()).toEqual({ versions: ["1.0.0"] });
  const file = await visitor.get(`${path}my.package/1.0.0/my.package.1.0.0.nupkg`);
  expect(await file.bytes()).toEqual(buildNugetPackage(source));
  expect(await (await visitor.get(`${path}my.package/1.0.0/my.package.nuspec`)).text()).toContain(
    "<id>My.Package</id>",
  );
  for (const wrong of [
    "My.Package/index.json",
    "my.package/1.0.0/My.Package.1.0.0.nupkg",
    "my.package/2.0.0/my.package.2.0.0.nupkg",
  ]) {
    expect((await visitor.get(`${path}${wrong}`)).status).toBe(404);
  }
});

test("the sandbox's registration of a package names its versions and files", async () => {
  const { items } = (await (await get("registrations/my.package/index.json")).json()) as {
    items: { items: object[] }[];
  };
  expect(items[0]!.items).toMatchObject([{ catalogEntry: { id: "My.Package", version: "1.0.0" } }]);
});

test("a version of NuGet's is pushed once, however it is spelled, and not without the action", async () => {
  expect(await push(buildNugetPackage({ ...source, name: "MY.package", version: "1.00.0.0+build" }))).toBe(409);
  expect(await push(buildNugetPackage({ ...source, version: "1.1.0" }))).toBe(201);
  visitor.role.permissions.push({ Effect: "Deny", Action: "codeartifact:PublishPackageVersion", Resource: "*" });
  expect(await push(buildNugetPackage({ ...source, version: "1.2.0" }))).toBe(403);
  visitor.role.permissions.pop();
});

// https://learn.microsoft.com/nuget/api/package-publish-resource: the key is a header of its own. CodeArtifact's user
// guide has Basic authentication only. Not checked, for want of an account: that it passes over the header.
test("a push with the token as an API key alone is challenged, and a key besides the token is passed over", async () => {
  const { sandbox, token } = visitor;
  const pushed = async (headers: Record<string, string>, version: string) => {
    const form = new FormData();
    form.append("package", new File([buildNugetPackage({ ...source, version })], "package.nupkg"));
    return (await sandbox.fetch(`${origin}/nuget/my-repo/v3/package`, { method: "PUT", headers, body: form })).status;
  };
  expect(await pushed({ "x-nuget-apikey": token }, "4.0.0")).toBe(401);
  const authorization = `Basic ${Buffer.from(`aws:${token}`).toString("base64")}`;
  expect(await pushed({ authorization, "x-nuget-apikey": "az" }, "4.0.0")).toBe(201);
});

test("the sandbox refuses what is no package", async () => {
  const good = buildNugetPackage({ ...source, version: "3.0.0" });
  expect(await push()).toBe(400);
  expect(await push(good, good)).toBe(400);
  expect(await push(new Uint8Array([1, 2, 3]))).toBe(400);
  expect(await push(good.slice(0, -10))).toBe(400);
  expect(await push(buildNugetPackage({ ...source, name: "../x" }))).toBe(400);
  expect(await push(buildNugetPackage({ ...source, version: "one" }))).toBe(400);
});

// https://docs.aws.amazon.com/codeartifact/latest/ug/nuget-name-normalization.html
test.each([
  ["1.00", "1.0.0"],
  ["1.01.1", "1.1.1"],
  ["1.00.0.1", "1.0.0.1"],
  ["1.0.01.0", "1.0.1"],
  ["1.0.7+r3456", "1.0.7"],
  ["1.0.0-beta.1+x", "1.0.0-beta.1"],
])("the version %s is normalized to %s", (version, normalized) => {
  expect(normalizeVersion(version)).toBe(normalized);
});
