/** What a server may announce: nothing but names of AWS, in ASCII; whatever else it says is refused as a whole. */
import { expect, test } from "bun:test";
import { type AnnouncedBody, canonical, digestOf, maxProfiles, maxRepositories } from "../../src/announced/body.ts";
import { parseAnnounced } from "../../src/announced/parse.ts";
import { announcedTools } from "../../src/announced/tool-names.ts";
import type { VouchError } from "../../src/base/errors.ts";
import { settableNames } from "../../src/tools/tools.ts";

const reader = "arn:aws:iam::123456789012:role/vouch-developer";
const publisher = "arn:aws:iam::123456789012:role/vouch-publisher";
const other = "arn:aws:iam::210987654321:role/acme";
const region = "us-east-1";
const place = { domain: "my-domain", domainOwner: "123456789012", region, repository: "my-repo" };

const good: AnnouncedBody = {
  aws: { roleArn: reader, region },
  profiles: [{ name: "acme", roleArn: other, region: "eu-west-1", via: [reader] }],
  repositories: [
    { ...place, publishRoleArn: publisher, tools: ["cargo", "npm"], npmScopes: ["@acme"] },
    { ...place, repository: "theirs", profile: "acme", extra: true },
  ],
};

function refusal(value: unknown): VouchError {
  try {
    parseAnnounced(value);
  } catch (error) {
    return error as VouchError;
  }
  throw new Error("it was accepted");
}

test("what a server may announce is accepted as it is", () => {
  expect(parseAnnounced(structuredClone(good))).toEqual(good);
  expect(parseAnnounced({})).toEqual({});
});

const repository = (more: object) => ({ ...good, repositories: [{ ...place, ...more }] });
const profile = (more: object) => ({ profiles: [{ name: "acme", roleArn: other, region: "eu-west-1", ...more }] });
const role = (roleArn: unknown, more: object = {}) => ({ aws: { roleArn, region, ...more } });
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));
/** U+0430, which looks like an a; a zero-width space; what turns the reading direction; a terminal's code. */
const [cyrillic, invisible, reversing, escape] = ["\u0430", "\u200b", "\u202e", "\u001b[2J"];

test.each<[string, unknown]>([
  ["no object", []],
  ["no object, but null", null],
  ["a text", "profile"],
  ["another server", { ...good, server: "https://evil.example" }],
  ["servers", { ...good, servers: [{ url: "https://evil.example" }] }],
  ["guests", { ...good, guests: { evil: {} } }],
  ["what ends a session", { ...good, session: { endOn: [] } }],
  ["where it asks for the PIN", { ...good, login: { prompt: "never" } }],
  ["what is notified", { ...good, notifications: { touch: false } }],
  ["what is kept of who asked", { ...good, log: { keep: true } }],
  ["an identity of jobs", { ...good, identity: { name: "gitlab" } }],
  ["a repository's endpoint", repository({ endpoints: { npm: "https://evil.example/" } })],
  ["a repository's URL", repository({ endpoint: "https://evil.example/" })],
  ["files to edit", repository({ files: { npm: "/home/dev/.bashrc" } })],
  ["the variable of a token", repository({ tokenVariable: "VOUCH_TOKEN_0000000000000000" })],
  ["the name of a registry", repository({ registryName: "crates-io" })],
  ["mixing with the public registry", repository({ extra: true, allowMixing: true })],
  ["options of a package manager", repository({ options: ["--trusted-host"] })],
  ["a profile's server", profile({ server: "https://evil.example" })],
  ["a profile's folders", profile({ folders: ["/"] })],
  ["a member named as a prototype's", JSON.parse('{"constructor": {}}')],
  ["a domain with a host in it", repository({ domain: "evil.example/x" })],
  ["a domain in capitals", repository({ domain: "My-Domain" })],
  ["a domain with a look-alike", repository({ domain: `my-dom${cyrillic}in` })],
  ["a domain with an invisible character", repository({ domain: `my-${invisible}domain` })],
  ["a domain with a line end", repository({ domain: "my-domain\n" })],
  ["a domain that is too long", repository({ domain: "a".repeat(51) })],
  ["no domain", { repositories: [{ ...place, domain: undefined }] }],
  ["a number as the domain", repository({ domain: 1 })],
  ["an account of 11 digits", repository({ domainOwner: "12345678901" })],
  ["an account in other digits", repository({ domainOwner: "\u0661".repeat(12) })],
  ["a repository that leads up", repository({ repository: "../evil" })],
  ["a repository with a terminal's code", repository({ repository: `repo${escape}` })],
  ["a repository with a query", repository({ repository: "repo?x=y" })],
  ["a region that names a host", repository({ region: "us-east-1.evil.example" })],
  ["a region with a path", repository({ region: "us-east-1/x" })],
  ["no region, but a text", repository({ region: "here" })],
  ["a region of another partition", repository({ region: "cn-north-1" })],
  ["a package manager that is a path", repository({ tools: ["../npm"] })],
  ["a package manager that is a flag", repository({ tools: ["--tool"] })],
  ["package managers in one text", repository({ tools: "npm,pip" })],
  ["no package managers", repository({ tools: [] })],
  ["a package manager twice", repository({ tools: ["npm", "npm"] })],
  ["too many package managers", repository({ tools: many(33, (index) => `tool${index}`) })],
  ["a scope without @", repository({ npmScopes: ["acme"] })],
  ["a scope with a host", repository({ npmScopes: ["@acme:registry=https://evil.example"] })],
  ["a scope with a line end", repository({ npmScopes: ["@acme\n//evil.example/:_authToken=x"] })],
  ["too many scopes", repository({ npmScopes: many(17, (index) => `@scope${index}`) })],
  ["`extra` in words", repository({ extra: "yes" })],
  ["a role and a profile at once", { ...good, repositories: [{ ...place, roleArn: reader, profile: "acme" }] }],
  ["a profile that is not announced", { ...good, repositories: [{ ...place, profile: "mine" }] }],
  ["a role that publishes and reads", repository({ publishRoleArn: reader })],
  ["the same by another path and case", repository({ publishRoleArn: reader.replace("role/v", "role/x/V") })],
  [
    "what one repository publishes with and another reads with",
    {
      ...good,
      repositories: [
        { ...place, publishRoleArn: publisher },
        { ...place, repository: "two", roleArn: publisher },
      ],
    },
  ],
  [
    "what leads to a role that reads",
    {
      aws: { roleArn: reader, region },
      profiles: [{ name: "acme", roleArn: other, region, via: [publisher] }],
      repositories: [
        { ...place, publishRoleArn: publisher },
        { ...place, repository: "two", profile: "acme" },
      ],
    },
  ],
  [
    "what a profile of its own leads to",
    { ...repository({ publishRoleArn: publisher }), ...profile({ roleArn: publisher }) },
  ],
  [
    "what is on the way to a profile",
    { ...repository({ publishRoleArn: publisher }), ...profile({ via: [publisher] }) },
  ],
  [
    "the role without a name, which no repository is read by",
    { aws: { roleArn: publisher, region }, repositories: [{ ...place, roleArn: reader, publishRoleArn: publisher }] },
  ],
  ["a repository twice", { ...good, repositories: [place, { ...place, publishRoleArn: publisher }] }],
  [
    "too many repositories",
    {
      ...good,
      repositories: many(maxRepositories + 1, (index) => ({ ...place, repository: `repo${index}` })),
    },
  ],
  ["a profile with a look-alike", profile({ name: `${cyrillic}cme` })],
  ["a profile that reverses the line", profile({ name: `acme${reversing}` })],
  ["a profile named as a prototype's member", profile({ name: "constructor" })],
  ["a profile named as its prototype", profile({ name: "__proto__" })],
  ["a profile that is a flag", profile({ name: "--server" })],
  ["a profile twice", { profiles: [...profile({}).profiles, ...profile({ roleArn: reader }).profiles] }],
  [
    "too many profiles",
    {
      profiles: many(maxProfiles + 1, (index) => ({ name: `p${index}`, roleArn: other, region })),
    },
  ],
  ["too long a way", profile({ via: many(5, () => reader) })],
  ["a way through another partition", profile({ via: ["arn:aws-cn:iam::123456789012:role/x"] })],
  ["a user instead of a role", role("arn:aws:iam::123456789012:user/dev")],
  ["a role of another partition", role("arn:aws-cn:iam::123456789012:role/dev")],
  ["a role with a blank", role("arn:aws:iam::123456789012:role/a b")],
  ["a role with a look-alike", role(`arn:aws:iam::123456789012:role/${cyrillic}dmin`)],
  ["a role with an invisible character", role(`arn:aws:iam::123456789012:role/x${invisible}/admin`)],
  ["a role with a terminal's code", role(`arn:aws:iam::123456789012:role/${escape}`)],
  ["a role that is too long", role(`arn:aws:iam::123456789012:role/${"p".repeat(2100)}/x`)],
  ["a role of no text", role({ arn: reader })],
  ["a role without a region", { aws: { roleArn: reader } }],
  ["a role with an endpoint of STS", role(reader, { stsEndpoint: "https://evil.example" })],
])("refuses %s", (_, value) => {
  const { code, message } = refusal(value);
  expect(code).toBe("server_error");
  expect(message).toStartWith("What the Vouch server announces to laptops is not accepted: ");
  // Nothing of what was refused for its characters is said again.
  expect(message).toMatch(/^[ -~]{1,700}$/);
  expect(message).not.toContain("evil.example");
});

test("says where, but no name of the server's that is no plain word", () => {
  expect(refusal({ ...good, [`x${escape}`]: 1 }).message).toEndWith("at ?: there is no such key.");
  expect(refusal({ aws: { rolArn: reader, region: "us-east-1" } }).message).toEndWith(
    "at aws.rolArn: there is no such key.",
  );
  expect(refusal(repository({ domain: 1 })).message).toEndWith("at repositories.0.domain: expected text.");
  expect(refusal(profile({ region: undefined })).message).toEndWith("at profiles.0.region: it is missing.");
});

test("one content has one digest, whatever the order of its members; the order of repositories counts", () => {
  const [first, second] = good.repositories!;
  const shuffled: AnnouncedBody = {
    repositories: [
      { extra: false, npmScopes: ["@acme"], tools: ["npm", "cargo"], publishRoleArn: publisher, ...place },
      second!,
    ],
    profiles: good.profiles!,
    aws: { region, roleArn: reader },
  };
  expect(JSON.stringify(canonical(shuffled))).toBe(JSON.stringify(canonical(good)));
  expect(digestOf(shuffled)).toBe(digestOf(good));
  expect(digestOf({ ...good, repositories: [second!, first!] })).not.toBe(digestOf(good));
  expect(digestOf({ profiles: [], repositories: [] })).toBe(digestOf({}));
});

test("the server knows every package manager that can be set up", () => {
  expect(announcedTools.toSorted()).toEqual(settableNames.toSorted());
});
