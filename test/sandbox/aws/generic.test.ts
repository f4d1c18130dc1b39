/** What the sandbox's CodeArtifact takes in as a generic package, by the service model 2018-09-22. */
import { beforeEach, expect, test } from "bun:test";
import { signRequest } from "../../../src/aws/sigv4.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { Account, IssuedCredentials } from "./account.ts";
import { handleCodeArtifact } from "./codeartifact.ts";
import { createDeveloperAccount } from "./developer-account.ts";

const region = "us-east-1";
const content = "an asset\n";
const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
const version = {
  domain: "my-domain",
  repository: "my-repo",
  format: "generic",
  namespace: "my-ns",
  package: "my-package",
  version: "1.0.0",
};

let account: Account;
let issued: IssuedCredentials;
beforeEach(() => {
  account = createDeveloperAccount({ repositories: ["my-repo"] });
  const [role] = account.roles;
  role!.permissions.push({ Effect: "Allow", Action: "codeartifact:*", Resource: "*" });
  issued = account.issueCredentials(role!, "dev@example.com", 3600);
});

type Query = Record<string, string | undefined>;

async function ask(method: "GET" | "POST", path: string, asked: Query, headers: Record<string, string> = {}) {
  const query = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  const credentials = {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: new Secret(issued.secretAccessKey),
    sessionToken: new Secret(issued.sessionToken),
  };
  const body = method === "POST" ? { body: content } : {};
  const signed = await signRequest(
    { method, endpoint: `https://codeartifact.${region}.amazonaws.com`, path, query, headers, ...body },
    { service: "codeartifact", region, credentials, date: new Date() },
  );
  const request = new Request(signed.url, {
    method,
    headers: { ...signed.headers, host: new URL(signed.url).host },
    ...body,
  });
  const answer = await handleCodeArtifact(request, { account, region });
  return { status: answer.status, code: answer.headers.get("x-amzn-errortype")?.split(":")[0], answer };
}

const publish = (change: Query = {}, headers: Record<string, string> = { "x-amz-content-sha256": sha256 }) =>
  ask("POST", "/v1/package/version/publish", { ...version, asset: "asset.tar.gz", ...change }, headers);
const get = (change: Query = {}) =>
  ask("GET", "/v1/package/version/asset", { ...version, asset: "asset.tar.gz", ...change });

// The rules without a source of their own are those of the service model; that the namespace is required is in
// "Generic packages overview" of the user guide and in GetPackageVersionAsset of the API reference. Not checked, for
// want of an account: the code with which a missing namespace is refused, and the quotas (assets, bytes).
const refused: [what: string, change: Query, status: number, code: string][] = [
  ["no namespace", { namespace: undefined }, 400, "ValidationException"],
  ["an empty namespace", { namespace: "" }, 400, "ValidationException"],
  ["a namespace with a slash", { namespace: "my/ns" }, 400, "ValidationException"],
  ["a package name with a blank", { package: "my package" }, 400, "ValidationException"],
  ["no version", { version: undefined }, 400, "ValidationException"],
  ["a version with a hash sign", { version: "1#0" }, 400, "ValidationException"],
  ["an asset name with a control character", { asset: "a\u0007" }, 400, "ValidationException"],
  ["an asset name with a slash", { asset: "a/b" }, 400, "ValidationException"],
  ["an asset name that is too long", { asset: "a".repeat(256) }, 400, "ValidationException"],
  ["another format", { format: "npm" }, 400, "ValidationException"],
  ["a malformed repository", { repository: "../x" }, 400, "ValidationException"],
  ["an unknown repository", { repository: "other-repo" }, 404, "ResourceNotFoundException"],
  ["an unknown domain", { domain: "other-domain" }, 404, "ResourceNotFoundException"],
];
test.each(refused)("the sandbox neither takes nor gives a generic package with %s", async (_, change, status, code) => {
  expect(await publish(change)).toMatchObject({ status, code });
  expect(await get(change)).toMatchObject({ status, code });
});

test.each([
  ["a namespace with signs", { namespace: "@my:ns!" }],
  ["an asset name with a blank and a letter of another script", { asset: "größe 模型 (1).bin" }],
])("the sandbox takes a generic package with %s", async (_, change: Query) => {
  expect((await publish(change)).status).toBe(200);
  expect(await (await get(change)).answer.text()).toBe(content);
});

test("a generic asset comes with its SHA-256, and a flag is true or false", async () => {
  expect(await publish({}, {})).toMatchObject({ status: 400, code: "ValidationException" });
  const { status, code, answer } = await publish({ unfinished: "yes" });
  expect([status, code]).toEqual([400, "ValidationException"]);
  expect(await answer.json()).toMatchObject({ reason: "FIELD_VALIDATION_FAILED" });
});

test("a generic asset is given for its own revision only, with the headers of the service model", async () => {
  const { versionRevision } = (await (await publish()).answer.json()) as { versionRevision: string };
  const { answer } = await get({ revision: versionRevision });
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "x-assetname": "asset.tar.gz",
    "x-packageversion": "1.0.0",
    "x-packageversionrevision": versionRevision,
  });
  expect(await get({ revision: "another" })).toMatchObject({ status: 409, code: "ConflictException" });
});
