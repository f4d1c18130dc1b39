import { describe, expect, test } from "bun:test";
import { statusJson, statusLines } from "../../../src/cli/commands/status.ts";

const roleArn = "arn:aws:iam::123456789012:role/developer";

test("status shows the region that was set up with the role", () => {
  const lines = statusLines({ version: 1, aws: { roleArn, region: "eu-central-1" }, repositories: [] }, undefined, 0);
  expect(lines).toContain("Region      eu-central-1");
});

test("status names both flags where no role is set", () => {
  const lines = statusLines({ version: 1, repositories: [] }, undefined, 0);
  expect(lines).toContain("Role        none (`vouch setup aws --role ARN --region REGION`)");
});

/** The line without blanks around it and without what becomes colour on a terminal. */
const plain = (line: string) => line.replaceAll(/\u{e000}[0-9a-f-]{36}:\d+;/gu, "").trim();

describe("status says which role and token serve which purpose", () => {
  const acme = "arn:aws:iam::210987654321:role/acme";
  const repository = {
    domain: "acme",
    domainOwner: "210987654321",
    region: "eu-west-1",
    repository: "their-repo",
    endpoints: { cargo: "https://acme.example/cargo/their-repo/" },
  };
  const settings = {
    version: 1 as const,
    aws: { roleArn, region: "us-east-1" },
    profiles: { acme: { roleArn: acme, region: "eu-west-1", via: [roleArn], folders: ["/home/dev/acme"] } },
    repositories: [
      { ...repository, publishRoleArn: `${acme}-publisher` },
      { ...repository, repository: "other", profile: "acme" },
      { ...repository, repository: "plain" },
    ],
  };

  test("without an agent, by the settings", () => {
    const lines = statusLines(settings, undefined, 0).map(plain);
    expect(lines).toEqual(
      expect.arrayContaining([
        `Profile     acme  ${roleArn} → ${acme} (eu-west-1)`,
        "in /home/dev/acme",
        "Repository  acme/other (210987654321, eu-west-1, profile acme)",
        `read by ${roleArn}`,
        `publish by ${acme}-publisher, after a touch`,
        `read by ${roleArn} → ${acme}`,
      ]),
    );
    // The third repository is read by the role of the settings, which is said above.
    expect(lines.filter((line) => line.startsWith("read by"))).toHaveLength(2);
  });

  test("with the tokens that the agent holds, and why one is missing", () => {
    const error = { code: "access_denied", message: "AWS refused." };
    const tokens = [
      { purpose: "read" as const, roleArn, via: [], expiration: 3600 },
      { purpose: "publish" as const, roleArn: acme, via: [], error },
    ];
    const agent = { version: "1", pid: 1, startedAt: 0, repositories: [{ ...repository, tokens }] };
    const lines = statusLines(settings, agent, 0).map(plain);
    expect(lines).toContainEqual(expect.stringMatching(/^read token +until /));
    expect(lines).toContain("publish token  AWS refused.");
  });
});

test("status lists a proxy variable once where both spellings say the same", () => {
  const network = {
    HTTPS_PROXY: "http://one:1",
    https_proxy: "http://one:1",
    NO_PROXY: "a",
    no_proxy: "b",
    http_proxy: "http://two:2",
    SSL_CERT_FILE: "/ca.pem",
  };
  const agent = { version: "1", pid: 1, startedAt: 0, repositories: [], network };
  const lines = statusLines({ version: 1, repositories: [] }, agent, 0).map(plain);
  expect(lines.filter((line) => line.includes("=")).map((line) => line.trim())).toEqual([
    "HTTPS_PROXY and https_proxy=http://one:1",
    "NO_PROXY=a",
    "no_proxy=b",
    "http_proxy=http://two:2",
    "SSL_CERT_FILE=/ca.pem",
  ]);
  expect(statusJson({ version: 1, repositories: [] }, agent)).toMatchObject({ agent: { network } });
});

test("status has a line for the session at the server of each profile that names one", () => {
  const profile = (server: string) => ({ roleArn, region: "us-east-1", server });
  const settings = {
    version: 1 as const,
    server: { url: "https://vouch.example.com", credentialIds: [] },
    profiles: { client: profile("https://vouch.client.example"), other: profile("https://vouch.other.example") },
    repositories: [],
  };
  const without = statusLines(settings, undefined, 0).map(plain);
  expect(without).toContain(
    "https://vouch.client.example (profile client)  not logged in (`vouch login --for client`)",
  );
  const agent = {
    version: "1",
    pid: 1,
    startedAt: 0,
    repositories: [],
    sessions: [
      { server: "https://vouch.example.com", profiles: [] },
      { server: "https://vouch.client.example", profiles: ["client"], user: "dev@client.example", expiration: 3600 },
      { server: "https://vouch.other.example", profiles: ["other"], ended: "revoked" as const },
    ],
  };
  expect(statusLines(settings, agent, 0).map(plain)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /^https:\/\/vouch\.client\.example \(profile client\) {2}logged in as dev@client\.example until /,
      ),
      "https://vouch.other.example (profile other)  not logged in: the server has ended the session (`vouch login --for other`)",
    ]),
  );
});

describe("status says which settings the agent reads", () => {
  const settings = { version: 1 as const, repositories: [] };
  const agent = {
    version: "1",
    pid: 1,
    startedAt: 0,
    repositories: [],
    settings: "/home/dev/.config/vouch/config.json",
  };

  test("where those of the shell are others, with what to do", () => {
    const lines = statusLines(settings, agent, 0, "/other/config.json").map(plain);
    expect(lines.join("\n")).toContain(
      "The running agent reads its settings from /home/dev/.config/vouch/config.json, this shell's are /other/config.json.",
    );
    expect(lines).toContainEqual(expect.stringContaining("vouch agent stop, then vouch login in this shell"));
    expect(statusJson(settings, agent, true, "/other/config.json")).toMatchObject({
      settings: "/other/config.json",
      agent: { settings: agent.settings, readsOtherSettings: true },
    });
  });

  test("not where they are the same", () => {
    expect(statusLines(settings, agent, 0, agent.settings).join("\n")).not.toContain("reads its settings");
    expect(statusJson(settings, agent, true, agent.settings)).toMatchObject({ agent: { readsOtherSettings: false } });
  });

  test("not of an agent that does not say", () => {
    const { settings: _, ...silent } = agent;
    expect(statusLines(settings, silent, 0, "/x").join("\n")).not.toContain("reads its settings");
    expect(statusJson(settings, silent, true, "/x")).toMatchObject({
      agent: { settings: null, readsOtherSettings: false },
    });
  });
});

test("status has the end of the role's credentials under the role, before the region", () => {
  const role = { arn: roleArn, expiration: 3600 };
  const agent = { version: "1", pid: 1, startedAt: 0, repositories: [], role };
  const settings = { version: 1 as const, aws: { roleArn, region: "us-east-1" }, repositories: [] };
  const lines = statusLines(settings, agent, 0, "/x").map(plain);
  const at = lines.findIndex((line) => line.startsWith("Role"));
  expect(lines.slice(at, at + 3)).toEqual([
    `Role        ${roleArn}`,
    expect.stringMatching(/^credentials until /),
    "Region      us-east-1",
  ]);
});
