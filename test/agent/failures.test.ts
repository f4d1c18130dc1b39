/** What could not be had: how long it is remembered, by whom it is waited for, and what is refused. */
import { describe, expect, test } from "bun:test";
import { askAgent } from "../../src/agent/wire/client.ts";
import { routes } from "../../src/agent/protocol.ts";
import { RenewingCache } from "../../src/agent/tokens/cache/renewing-cache.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness, repository, until } from "./harness.ts";
import { ManualClock } from "./manual-clock.ts";

const unreachable = {
  ...repository,
  domain: "other-domain",
  endpoints: { npm: "https://other.example/npm/my-repo/", cargo: "https://other.example/cargo/my-repo/" },
};
const denial = () =>
  Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } });
const denyOther = (form: URLSearchParams) => (form.get("domain") === "other-domain" ? denial() : undefined);
const environment = async () => askAgent(routes.environment, { format: "npm", failures: "all" });

describe("a domain that fails beside one that does not", () => {
  test("is waited for once; then its failure is remembered and retried in the background", async () => {
    await using harness = new AgentHarness([repository, unreachable]);
    harness.upstream.answer("token", denyOther);
    await harness.login();
    expect((await environment()).failed).toHaveLength(1);
    harness.clock.pass(60);
    // Nothing comes from the domain now: who waited for it would wait for ever.
    const held = harness.upstream.hold("token");
    expect((await environment()).failed).toHaveLength(1);
    await held.arrived;
    const { failed, variables } = await environment();
    expect(failed).toMatchObject([{ endpoint: unreachable.endpoints.npm, error: { code: "access_denied" } }]);
    // One of either host name.
    expect(Object.keys(variables)).toHaveLength(2);
    held.release();
  });

  test("is reported as recovered, in the environment and in the status, once it has recovered", async () => {
    await using harness = new AgentHarness([repository, unreachable]);
    harness.upstream.answer("token", denyOther);
    await harness.login();
    await environment();
    const errors = async () => (await askAgent(routes.status)).repositories.map(({ error }) => error?.code);
    expect(await errors()).toEqual([undefined, "access_denied"]);
    harness.upstream.answer("token", undefined);
    harness.clock.pass(60);
    await until(async () => (await environment()).failed === undefined);
    expect(await errors()).toEqual([undefined, undefined]);
  });

  test.each<[string, (harness: AgentHarness) => Promise<unknown> | undefined]>([
    ["minutes have passed", async ({ clock }) => clock.pass(5 * 60)],
    ["the settings have changed", async (harness) => harness.configure({ repositories: [unreachable, repository] })],
    ["a new login", (harness) => harness.login()],
  ])("is waited for again once %s", async (_, happen) => {
    await using harness = new AgentHarness([repository, unreachable]);
    harness.upstream.answer("token", denyOther);
    await harness.login();
    await environment();
    harness.upstream.answer("token", undefined);
    await happen(harness);
    expect((await environment()).failed).toBeUndefined();
  });

  test("is retried while the caller waits when it is asked for by itself", async () => {
    await using harness = new AgentHarness([repository, unreachable]);
    harness.upstream.answer("token", denyOther);
    await harness.login();
    await environment();
    harness.upstream.answer("token", undefined);
    harness.clock.pass(1);
    expect((await harness.token(unreachable.endpoints.cargo)).token).toStartWith("other-domain-token");
  });

  test("is retried while the caller waits where every domain fails", async () => {
    await using harness = new AgentHarness([repository, unreachable]);
    harness.upstream.answer("token", denial);
    await harness.login();
    expect((await rejection(environment())).code).toBe("access_denied");
    harness.upstream.answer("token", undefined);
    harness.clock.pass(1);
    expect((await environment()).failed).toBeUndefined();
  });

  test("is not asked where its format is not wanted", async () => {
    const cargoOnly = { ...unreachable, endpoints: { cargo: unreachable.endpoints.cargo } };
    await using harness = new AgentHarness([]);
    await harness.login();
    harness.configure({ repositories: [repository, cargoOnly] });
    const asked: (string | null)[] = [];
    harness.upstream.answer("token", (form) => void asked.push(form.get("domain")));
    await environment();
    expect(asked).toEqual(["my-domain"]);
  });
});

test("an upstream that does not answer ends with the limit on the whole chain, and the next caller is told at once", async () => {
  await using harness = new AgentHarness([], { tokenLimits: { limitMs: 2_000 } });
  await harness.login();
  harness.configure({ repositories: [repository] });
  const held = harness.upstream.hold("sts");
  const failure = await rejection(harness.token());
  expect(failure).toMatchObject({
    code: "timeout",
    message: "There was no token for the domain my-domain within 2 seconds.",
  });
  expect((await rejection(harness.token())).message).toBe(failure.message);
  expect(harness.upstream.counts.sts).toBe(1);
  held.release();
});

test("a failure is remembered for as long as it took to come", async () => {
  const clock = new ManualClock();
  const cache = new RenewingCache<{ expiration: number }>(clock, "It", Infinity);
  let fetched = 0;
  const fetch = async () => {
    fetched++;
    clock.pass(20);
    throw new Error("silent");
  };
  const ask = () => cache.get("key", fetch).catch(() => undefined);
  await ask();
  clock.pass(19);
  await ask();
  expect(fetched).toBe(1);
  clock.pass(1);
  await ask();
  expect(fetched).toBe(2);
});

describe("credentials that end at an unusable time", () => {
  const now = () => Math.floor(Date.now() / 1000);
  const token = (expiration: string) => () => new Response(`{"authorizationToken":"t","expiration":${expiration}}`);

  test.each<[string, () => string, RegExp]>([
    ["a token that has ended", () => `${now() - 5}`, /token of AWS CodeArtifact cannot be used: it has ended already/],
    ["a token that ends now", () => `${now() - 0.5}`, /it has ended already/],
    ["a token of a year", () => `${now() + 365 * 86_400}`, /its end cannot be/],
    ["a token in milliseconds", () => `${(now() + 3600) * 1000}`, /unexpected at expiration/],
    ["a token without an end", () => "1e999", /unexpected at expiration/],
    ["a token with words", () => `"${new Date().toISOString()}"`, /unexpected at expiration/],
    ["a token before 1970", () => "-1", /unexpected at expiration/],
    ["a token with null", () => "null", /unexpected at expiration/],
  ])("of AWS are not given out: %s", async (_, expiration, message) => {
    await using harness = new AgentHarness();
    harness.upstream.answer("token", token(expiration()));
    await harness.login();
    const failure = await rejection(harness.token());
    expect(failure).toMatchObject({ code: "aws_error", exitCode: 1 });
    expect(failure.message).toMatch(message);
    expect((await rejection(askAgent(routes.environment))).code).toBe("aws_error");
  });

  test.each([
    ["ended", () => new Date(Date.now() - 5000).toISOString(), /it has ended already/],
    ["a year away", () => new Date(Date.now() + 365 * 86_400_000).toISOString(), /its end cannot be/],
    ["no time", () => "2026-02-31T99:99:99Z", /answer without credentials/],
    ["a number", () => `${now() + 3600}`, /answer without credentials/],
  ])("role credentials whose end is %s are refused", async (_, expiration, message) => {
    await using harness = new AgentHarness();
    harness.upstream.answer("sts", () => stsAnswer(expiration()));
    await harness.login();
    const failure = await rejection(harness.token());
    expect(failure.code).toBe("aws_error");
    expect(failure.message).toMatch(message);
    expect((await rejection(askAgent(routes.roleCredentials, {}))).code).toBe("aws_error");
    expect(harness.upstream.counts.token).toBe(0);
  });
});

describe("a token is bound to its domain, its owner, its region, and its role", () => {
  const url = (host: string) => ({ cargo: `https://${host}/cargo/my-repo/` });

  test.each([
    ["owner", { domainOwner: "210987654321" }],
    ["region", { region: "eu-west-1" }],
    ["domain", { domain: "other-domain" }],
  ])("so that another %s gets another token", async (_, difference) => {
    const other = { ...repository, ...difference, endpoints: url("other.example") };
    await using harness = new AgentHarness();
    // One STS for all, so that the role's region does not tell them apart.
    const aws = { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "us-east-1" };
    harness.configure({ aws, repositories: [repository, other] });
    await harness.login();
    const tokens = [(await harness.token()).token, (await harness.token(other.endpoints.cargo)).token];
    expect(new Set(tokens).size).toBe(2);
    expect([(await harness.token()).token, (await harness.token(other.endpoints.cargo)).token]).toEqual(tokens);
  });

  test.each([
    ["role", { roleArn: "arn:aws:iam::123456789012:role/other" }],
    ["region of STS", { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "eu-west-1" }],
  ])("so that another %s in the middle of the session gets another token and other credentials", async (_, aws) => {
    await using harness = new AgentHarness();
    await harness.login();
    const first = await harness.token();
    harness.configure({ aws, repositories: [repository] });
    const second = await harness.token();
    expect(second.token).not.toBe(first.token);
    expect(harness.upstream.counts).toMatchObject({ sts: 2, token: 2 });
  });

  test("a domain in another partition than the role is refused, wherever STS is asked", async () => {
    const china = { ...repository, region: "cn-north-1", endpoints: url("china.example") };
    await using harness = new AgentHarness([china]);
    harness.configure({
      aws: { roleArn: "arn:aws:iam::123456789012:role/vouch-developer", region: "us-east-1" },
      repositories: [china],
    });
    await harness.login();
    expect(await rejection(harness.token(china.endpoints.cargo))).toMatchObject({
      code: "usage",
      message: expect.stringContaining("cn-north-1 is in the partition aws-cn"),
    });
    expect(harness.upstream.counts).toMatchObject({ sts: 0, token: 0 });
  });
});

function stsAnswer(expiration: string): Response {
  return new Response(
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  );
}
