/** What the sandbox's CodeArtifact lists, to whom, and page by page. */
import { beforeEach, expect, test } from "bun:test";
import { signRequest } from "../../../src/aws/sigv4.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { Account, IssuedCredentials } from "./account.ts";
import { handleCodeArtifact } from "./codeartifact.ts";
import { createDeveloperAccount } from "./developer-account.ts";

const region = "us-east-1";
let account: Account;
let issued: IssuedCredentials;
beforeEach(() => {
  account = createDeveloperAccount({ repositories: ["a-repo", "b-repo", "b-second"] });
  account.domains[0]!.descriptions = { "a-repo": "Ours" };
  issued = account.issueCredentials(account.roles[0]!, "dev@example.com", 3600);
});

async function ask(path: string, { query = {}, body }: { query?: Record<string, string>; body?: string } = {}) {
  const credentials = {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: new Secret(issued.secretAccessKey),
    sessionToken: new Secret(issued.sessionToken),
  };
  const endpoint = `https://codeartifact.${region}.amazonaws.com`;
  const signed = { method: "POST" as const, endpoint, path, query, ...(body === undefined ? {} : { body }) };
  const scope = { service: "codeartifact", region, credentials, date: new Date() };
  const { url, headers } = await signRequest(signed, scope);
  const init = {
    method: "POST",
    headers: { ...headers, host: new URL(url).host },
    ...(body === undefined ? {} : { body }),
  };
  const response = await handleCodeArtifact(new Request(url, init), { account, region });
  const code = response.headers.get("x-amzn-errortype")?.split(":")[0];
  return { status: response.status, code, body: (await response.json()) as Record<string, unknown> };
}

const domains = (body?: unknown) => ask("/v1/domains", body === undefined ? {} : { body: JSON.stringify(body) });
const repositories = (query: Record<string, string>) =>
  ask("/v1/domain/repositories", { query: { domain: "my-domain", ...query } });
const namesIn = ({ body }: { body: Record<string, unknown> }, list: string) =>
  (body[list] as { name: string }[]).map(({ name }) => name);

test("the account's own domains of the region are listed, with an empty body too", async () => {
  account.domains.push({ name: "elsewhere", region: "eu-west-1", repositories: [] });
  const answer = await domains();
  expect(answer.body["domains"]).toEqual([
    expect.objectContaining({
      name: "my-domain",
      owner: "123456789012",
      arn: "arn:aws:codeartifact:us-east-1:123456789012:domain/my-domain",
      status: "Active",
    }),
  ]);
  expect(account.trail.at(-1)).toMatchObject({ operation: "ListDomains", status: 200, role: "vouch-developer" });
});

test("a domain that was deleted is listed as that, and its repositories are not found", async () => {
  account.domains[0]!.status = "Deleted";
  expect((await domains()).body["domains"]).toEqual([
    expect.objectContaining({ name: "my-domain", status: "Deleted" }),
  ]);
  expect(await repositories({})).toMatchObject({ status: 404, code: "ResourceNotFoundException" });
});

test("a domain's repositories are listed with their descriptions, all or those that begin with a prefix", async () => {
  const all = await repositories({});
  expect(all.body["repositories"]).toContainEqual(
    expect.objectContaining({
      name: "a-repo",
      description: "Ours",
      domainName: "my-domain",
      domainOwner: "123456789012",
    }),
  );
  expect(namesIn(all, "repositories")).toEqual(["a-repo", "b-repo", "b-second"]);
  expect(namesIn(await repositories({ "repository-prefix": "b-" }), "repositories")).toEqual(["b-repo", "b-second"]);
});

test("pages follow each other by their tokens, and the last one names none", async () => {
  const first = await repositories({ "max-results": "2" });
  const { nextToken } = first.body as { nextToken: string };
  const last = await repositories({ "max-results": "2", "next-token": nextToken });
  expect([...namesIn(first, "repositories"), ...namesIn(last, "repositories")]).toEqual([
    "a-repo",
    "b-repo",
    "b-second",
  ]);
  expect(last.body).not.toHaveProperty("nextToken");
  account.domains.push({ name: "second", region, repositories: [] });
  const one = await domains({ maxResults: 1 });
  expect(namesIn(await domains({ maxResults: 1, nextToken: one.body["nextToken"] }), "domains")).toEqual(["second"]);
});

test.each<[string, () => ReturnType<typeof ask>, string]>([
  ["no number of results", () => domains({ maxResults: "ten" }), "SerializationException"],
  ["too many results", () => domains({ maxResults: 1001 }), "ValidationException"],
  ["a token that it has not given", () => domains({ nextToken: "x" }), "ValidationException"],
  ["a body that is no JSON", () => ask("/v1/domains", { body: "maxResults=1" }), "SerializationException"],
  ["no results", () => repositories({ "max-results": "0" }), "ValidationException"],
  ["a prefix that begins no name", () => repositories({ "repository-prefix": "-" }), "ValidationException"],
  ["a malformed domain", () => repositories({ domain: "My_Domain" }), "ValidationException"],
  ["a domain that there is not", () => repositories({ domain: "no-domain" }), "ResourceNotFoundException"],
  ["another account's domain", () => repositories({ "domain-owner": "210987654321" }), "ResourceNotFoundException"],
])("a request with %s is refused", async (_, asked, code) => {
  // Every domain of every account: what is not there is not a question of permission.
  account.roles[0]!.permissions.push({ Effect: "Allow", Action: "codeartifact:List*", Resource: "*" });
  expect((await asked()).code).toBe(code);
});

test.each([
  ["ListDomains", () => domains()],
  ["ListRepositoriesInDomain", () => repositories({})],
])("%s needs its own permission", async (operation, asked) => {
  const [role] = account.roles;
  role!.permissions = role!.permissions.filter(({ Action }) => ![Action].flat().includes(`codeartifact:${operation}`));
  expect(await asked()).toMatchObject({ status: 403, code: "AccessDeniedException" });
});

test("ListDomains knows no resource: permission on a domain does not allow it", async () => {
  const [role] = account.roles;
  role!.permissions = [
    {
      Effect: "Allow",
      Action: "codeartifact:ListDomains",
      Resource: "arn:aws:codeartifact:us-east-1:123456789012:domain/*",
    },
  ];
  expect((await domains()).code).toBe("AccessDeniedException");
});
