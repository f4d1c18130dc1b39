/** Who gets in to the registries, and what the others are told. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { names } from "../main.ts";
import { seedPackage } from "../packages.ts";
import { origin, startVisitor, type Visitor } from "./visitor.ts";

let visitor: Visitor;

beforeEach(async () => {
  visitor = await startVisitor();
});
afterEach(() => visitor.sandbox.stop());

const minimalPom =
  "<project><groupId>com.example</groupId><artifactId>my-artifact</artifactId><version>1.0.0</version></project>";

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

const everywhere = (status: number) => ({ cargo: status, maven: status, npm: status, pypi: status });

// "AWS CodeArtifact authentication and tokens" of the user guide has both schemes, and says that a token is good for
// the repositories of its domain. Not checked, for want of an account: whether Basic takes another user than `aws`, and
// whether a live token of another domain or region is answered 401 or 403.
const headers: [what: string, header: () => string, statuses: ReturnType<typeof everywhere>][] = [
  ["a Bearer token", () => `Bearer ${visitor.token}`, everywhere(200)],
  ["the user aws", () => basic("aws", visitor.token), everywhere(200)],
  ["the token alone", () => visitor.token, { ...everywhere(401), cargo: 200 }],
  ["another user", () => basic("root", visitor.token), everywhere(401)],
  ["another scheme", () => `Digest ${visitor.token}`, everywhere(401)],
  ["a token with a letter more", () => `Bearer ${visitor.token}x`, everywhere(401)],
  ["a token of another domain", () => `Bearer ${visitor.issueToken("other-domain")}`, everywhere(401)],
  [
    "a token of the same domain in another region",
    () => `Bearer ${visitor.issueToken(names.domain, undefined, "eu-west-1")}`,
    everywhere(401),
  ],
  ["a Bearer token in two parts", () => `Bearer aws ${visitor.token}`, everywhere(401)],
  ["a user without a password", () => basic("aws", ""), everywhere(401)],
  ["the token as the user", () => basic(visitor.token, ""), everywhere(401)],
  ["a token that has ended", () => `Bearer ${visitor.issueToken(names.domain, Date.now() / 1000)}`, everywhere(401)],
];

test.each(headers)("the sandbox's registries accept or challenge a request with %s", async (_, header, statuses) => {
  const authorization = header();
  await seedPackage(visitor.sandbox.registries, "pypi", { name: "my-package", version: "1.0.0", files: {} });
  const pom = "/maven/my-repo/com/example/my-artifact/1.0.0/my-artifact-1.0.0.pom";
  await visitor.send("PUT", pom, minimalPom);
  expect({
    maven: (await visitor.get(pom, { authorization })).status,
    cargo: (await visitor.get("/cargo/my-repo/config.json", { authorization })).status,
    npm: (await visitor.get("/npm/my-repo/-/ping", { authorization })).status,
    pypi: (await visitor.get("/pypi/my-repo/simple/my-package/", { authorization })).status,
  }).toEqual(statuses);
});

// npm's was seen at CodeArtifact (confluentinc/mcp-confluent#150). Not checked, for want of an account: the others'.
test.each([
  ["/cargo/my-repo/config.json", 'Bearer realm="my-domain/my-repo", Basic realm="my-domain/my-repo"'],
  ["/npm/my-repo/lodash", 'Bearer realm="my-domain/my-repo", Basic realm="my-domain/my-repo"'],
  ["/npm/other-repo/lodash", 'Bearer realm="my-domain/other-repo", Basic realm="my-domain/other-repo"'],
  ["/nuget/my-repo/v3/index.json", 'Basic realm="my-domain/my-repo"'],
  ["/pypi/my-repo/simple/my-package/", 'Basic realm="my-domain/my-repo"'],
  ["/maven/my-repo/com/example/my-artifact/maven-metadata.xml", 'Basic realm="my-domain/my-repo"'],
  ["/ruby/my-repo/info/my-gem", 'Basic realm="my-domain/my-repo"'],
])("a request without a token to %s is challenged with %s", async (path, challenge) => {
  const answer = await visitor.sandbox.fetch(`${origin}${path}`);
  expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, challenge]);
});

test("the sandbox counts requests and refusals by format", async () => {
  await visitor.get("/cargo/my-repo/config.json");
  await visitor.get("/cargo/my-repo/config.json", { authorization: "wrong" });
  await visitor.get("/npm/my-repo/-/ping", { authorization: "wrong" });
  expect(visitor.sandbox.counters()).toMatchObject({
    cargo: { requests: 2, unauthorized: 1, forbidden: 0 },
    npm: { requests: 1, unauthorized: 1, forbidden: 0 },
    pypi: { requests: 0, unauthorized: 0, forbidden: 0 },
  });
});

test("a token of the sandbox ends by the account's clock", async () => {
  visitor.account.clockOffsetMs = 2 * 3_600_000;
  expect((await visitor.get("/cargo/my-repo/config.json")).status).toBe(401);
});

const places: [url: string, status: number][] = [
  [`https://${names.packageHost}/npm/my-repo/-/ping`, 200],
  ["https://my-domain-123456789012.codeartifact.us-east-1.on.aws/npm/my-repo/-/ping", 200],
  ["https://vpce-0f1-ab.d.codeartifact.us-east-1.vpce.amazonaws.com/npm/d/my-domain-123456789012/my-repo/-/ping", 200],
  ["https://vpce-0f1-ab.d.codeartifact.us-east-1.vpce.amazonaws.com/npm/my-repo/-/ping", 404],
  ["https://my-domain-210987654321.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/-/ping", 401],
  ["https://other-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/-/ping", 401],
  [`https://${names.packageHost}/npm/other-repo/-/ping`, 404],
  [`https://${names.packageHost}/nuget/my-repo/`, 404],
  [`https://${names.packageHost}/npm/my-repo/%zz`, 400],
];

test.each(places)("with a token of my-domain, the sandbox answers %s with %p", async (url, status) => {
  const { sandbox, token } = visitor;
  expect((await sandbox.fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(status);
});

test("a role that lacks the action is told which one, and on what", async () => {
  visitor.account.deniedActions.add("codeartifact:ReadFromRepository");
  const read = await visitor.get("/cargo/my-repo/config.json");
  expect(read.status).toBe(403);
  expect(await read.text()).toContain(
    "codeartifact:ReadFromRepository on resource: arn:aws:codeartifact:us-east-1:123456789012:repository/my-domain/my-repo",
  );
  visitor.account.deniedActions.clear();
  visitor.account.deniedActions.add("codeartifact:PublishPackageVersion");
  expect((await visitor.get("/cargo/my-repo/config.json")).status).toBe(200);
  const publish = await visitor.send("PUT", "/npm/my-repo/@acme%2fmy-lib", "{}");
  expect(publish.status).toBe(403);
  expect(await publish.text()).toContain(
    "codeartifact:PublishPackageVersion on resource: arn:aws:codeartifact:us-east-1:123456789012:package/my-domain/my-repo/npm/acme/my-lib",
  );
  expect(visitor.sandbox.counters()).toMatchObject({ cargo: { forbidden: 1 }, npm: { forbidden: 1 } });
});
