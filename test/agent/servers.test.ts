/** Sessions at several Vouch servers: each profile's tokens come from the session at its server, and from no other. */
import { describe, expect, test } from "bun:test";
import { type EnvironmentReply, routes } from "../../src/agent/protocol.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness, repository, until } from "./harness.ts";
import { apiFailure, oauthFailure, roleArn, sessionSeconds, Upstream } from "./upstream.ts";

const acme = "arn:aws:iam::210987654321:role/acme";
const acmeUrl = "https://acme-210987654321.d.codeartifact.eu-west-1.amazonaws.com/cargo/their-repo/";
const acmeRepository = {
  domain: "acme",
  domainOwner: "210987654321",
  region: "eu-west-1",
  repository: "their-repo",
  profile: "acme",
  endpoints: { cargo: acmeUrl, npm: acmeUrl.replace("/cargo/", "/npm/") },
};

/** An agent whose default server is `upstream`, and whose profile acme names the server `theirs`. */
class TwoServers extends AgentHarness {
  readonly theirs = new Upstream(this.clock);
  /** Whose ID token STS was shown, for which role. */
  readonly shown: [role: string, token: string][] = [];
  endings = 0;

  constructor(settings: Partial<Settings> = {}) {
    super([], { onEnd: () => this.endings++ });
    this.theirs.answer("idToken", () =>
      Response.json({
        access_token: "header.payload.their-token",
        issued_token_type: "urn:ietf:params:oauth:token-type:id_token",
        token_type: "N_A",
        expires_in: 300,
      }),
    );
    this.upstream.answer("sts", (form) => {
      this.shown.push([form.get("RoleArn")!, form.get("WebIdentityToken")!]);
      return undefined;
    });
    this.configure({
      profiles: { acme: { roleArn: acme, region: "eu-west-1", server: this.theirs.url } },
      repositories: [acmeRepository, repository],
      ...settings,
    });
  }

  async loginAt(server: string): Promise<void> {
    const { ceremony } = await askAgent(routes.loginStart, { server });
    await askAgent(routes.loginFinish, { ceremony, credential: { id: "AA" } });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.theirs.stop();
  }
}

const status = () => askAgent(routes.status);
const environment = (): Promise<EnvironmentReply> => askAgent(routes.environment, { failures: "all" });

test("each repository's token comes from the session at its profile's server", async () => {
  await using harness = new TwoServers();
  await harness.login();
  await harness.loginAt(harness.theirs.url);
  await Promise.all([harness.token(), harness.token(acmeUrl)]);
  expect(harness.shown.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
    [roleArn, "header.payload.id-token-secret"],
    [acme, "header.payload.their-token"],
  ]);
  expect([harness.upstream.counts.idToken, harness.theirs.counts.idToken]).toEqual([1, 1]);
});

test("the credentials of a profile come from the session at its server", async () => {
  await using harness = new TwoServers({ repositories: [] });
  await harness.login();
  await harness.loginAt(harness.theirs.url);
  await askAgent(routes.roleCredentials, { profile: "acme" });
  expect(harness.shown).toEqual([[acme, "header.payload.their-token"]]);
});

describe("without a session at one server", () => {
  test("its repository has no token, in words that lead there, and no other session's identity is used", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.token();
    const error = await rejection(harness.token(acmeUrl));
    expect(error).toMatchObject({
      code: "login_needed",
      message: `Not logged in at ${harness.theirs.url}.`,
      hint: "Run `vouch login --for acme`.",
    });
    expect(harness.shown.map(([role]) => role)).toEqual([roleArn]);
  });

  test("an environment has the tokens of the others, and names the one that is missing", async () => {
    await using harness = new TwoServers();
    await harness.login();
    const { variables, failed } = await environment();
    expect(Object.values(variables)).toContainEqual(expect.stringContaining("my-domain-token"));
    expect(failed!.map(({ endpoint }) => endpoint)).toEqual(Object.values(acmeRepository.endpoints));
    expect(failed![0]!.error).toMatchObject({ code: "login_needed", hint: "Run `vouch login --for acme`." });
  });

  test("a command gets no other repository in place of the default one: nothing is started", async () => {
    await using harness = new TwoServers();
    await harness.loginAt(harness.theirs.url);
    for (let times = 0; times < 3; times++) {
      expect(await rejection(askAgent(routes.environment, {}))).toMatchObject({
        code: "login_needed",
        message: "Not logged in.",
      });
    }
    // npm goes on without a token for what it may not need.
    expect((await askAgent(routes.environment, { format: "npm", failures: "all" })).failed).toHaveLength(1);
  });
});

describe("the end of one session", () => {
  test.each([
    [
      "by the user",
      async (harness: TwoServers) => askAgent(routes.logout, { server: harness.theirs.url }),
      "logged_out",
    ],
    [
      "by its server",
      async (harness: TwoServers) => {
        harness.theirs.answer("keys", () => apiFailure(401, "login_needed", "Not logged in: the session was revoked."));
        await rejection(askAgent(routes.keys, { server: harness.theirs.url }));
      },
      "revoked",
    ],
  ] as const)("%s leaves the other with its tokens, and forgets every remembered answer", async (_, end, reason) => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    expect((await environment()).failed).toBeUndefined();
    const asked = harness.upstream.counts.token;
    await end(harness);
    const { variables, failed } = await environment();
    expect(failed!.map(({ endpoint }) => endpoint)).toEqual(Object.values(acmeRepository.endpoints));
    expect(JSON.stringify(variables)).not.toContain("acme-token");
    expect(harness.upstream.counts.token).toBe(asked);
    expect(harness.endings).toBe(0);
    const { session, sessions } = await status();
    expect(session?.user).toBe("dev@example.com");
    expect(sessions).toEqual([
      { server: harness.upstream.url, profiles: [], user: "dev@example.com", expiration: expect.any(Number) },
      { server: harness.theirs.url, profiles: ["acme"], ended: reason },
    ]);
  });

  test("aborts what waits for it, and nothing else", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.token();
    const held = harness.theirs.hold("idToken");
    await harness.loginAt(harness.theirs.url);
    const waiting = rejection(harness.token(acmeUrl));
    await held.arrived;
    await askAgent(routes.logout, { server: harness.theirs.url });
    expect((await waiting).code).toBe("login_needed");
    held.release();
    expect((await harness.token()).token).toStartWith("my-domain-token");
  });

  test("is not the agent's end: only the last one has its memory cleared", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    expect(await askAgent(routes.logout, { server: harness.upstream.url })).toEqual({
      wasLoggedIn: true,
      revoked: true,
      remaining: 1,
    });
    expect(harness.endings).toBe(0);
    harness.clock.pass(sessionSeconds);
    await status();
    expect(harness.endings).toBe(1);
  });
});

test("a logout that names no server ends every session at its server", async () => {
  await using harness = new TwoServers();
  await harness.login();
  await harness.loginAt(harness.theirs.url);
  expect(await askAgent(routes.logout)).toEqual({ wasLoggedIn: true, revoked: true });
  expect([harness.upstream.counts.revoke, harness.theirs.counts.revoke]).toEqual([1, 1]);
  expect((await status()).sessions?.map(({ ended }) => ended)).toEqual(["logged_out", "logged_out"]);
});

describe("a login", () => {
  test("replaces the session at its own server only", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    await harness.loginAt(harness.theirs.url);
    await until(() => harness.theirs.counts.revoke === 1);
    expect(harness.upstream.counts.revoke).toBe(0);
    await harness.login();
    await until(() => harness.upstream.counts.revoke === 1);
    expect(harness.theirs.counts.revoke).toBe(1);
  });

  test("at a server that no profile names replaces the default one's session", async () => {
    await using harness = new TwoServers({ profiles: {}, repositories: [repository] });
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    await until(() => harness.upstream.counts.revoke === 1);
    await harness.token();
    expect(harness.shown.at(-1)).toEqual([roleArn, "header.payload.their-token"]);
  });
});

describe("a session that nothing in the settings leads to any more", () => {
  const profile = { roleArn: acme, region: "eu-west-1" };

  test.each<[string, (harness: TwoServers) => Partial<Settings>]>([
    ["its profile is gone", () => ({ profiles: {}, repositories: [repository] })],
    ["its profile names no server", () => ({ profiles: { acme: profile } })],
    ["its profile names another server", () => ({ profiles: { acme: { ...profile, server: "https://x.example" } } })],
  ])("is ended here and at its server: %s", async (_, settings) => {
    await using harness = new TwoServers();
    await harness.loginAt(harness.theirs.url);
    harness.configure({ repositories: [repository, acmeRepository], ...settings(harness) });
    const { session, sessions } = await status();
    expect(session).toBeUndefined();
    expect(sessions?.find(({ server }) => server === harness.theirs.url)?.expiration).toBeUndefined();
    await until(() => harness.theirs.counts.revoke === 1);
    expect(await rejection(harness.token())).toMatchObject({ code: "login_needed", message: "Not logged in." });
    expect(harness.shown).not.toContainEqual([roleArn, "header.payload.their-token"]);
  });

  test("so is the default one's, once another server is the default", async () => {
    await using harness = new TwoServers();
    await harness.login();
    harness.configure({
      server: { url: harness.theirs.url, credentialIds: [] },
      profiles: {},
      repositories: [repository],
    });
    expect((await status()).session).toBeUndefined();
    await until(() => harness.upstream.counts.revoke === 1);
  });

  test("never takes the place of the default one, whose session has ended", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    await askAgent(routes.logout, { server: harness.upstream.url });
    expect((await rejection(askAgent(routes.keys, {}))).code).toBe("login_needed");
    expect((await rejection(harness.token())).code).toBe("login_needed");
    expect(harness.theirs.counts.keys).toBe(0);
    expect(harness.shown).not.toContainEqual([roleArn, "header.payload.their-token"]);
  });
});

describe("settings that cannot be read", () => {
  test("hinder neither the status nor a logout", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    harness.configure({ profiles: { acme: { roleArn: acme, region: "eu-west-1", server: "http://x.example" } } });
    expect(await status()).toMatchObject({ settingsFailure: { code: "settings_invalid" }, repositories: [] });
    expect(await askAgent(routes.logout)).toEqual({ wasLoggedIn: true, revoked: true });
  });
});

describe("questions about keys and sessions", () => {
  test("go to the server that they name, else to the default one", async () => {
    await using harness = new TwoServers();
    await harness.login();
    await harness.loginAt(harness.theirs.url);
    await askAgent(routes.keys, { server: harness.theirs.url });
    await askAgent(routes.sessions, {});
    expect([harness.upstream.counts.keys, harness.theirs.counts.keys]).toEqual([0, 1]);
    expect([harness.upstream.counts.sessions, harness.theirs.counts.sessions]).toEqual([1, 0]);
  });

  test("have no answer where that server has no session", async () => {
    await using harness = new TwoServers();
    await harness.login();
    expect(await rejection(askAgent(routes.keys, { server: harness.theirs.url }))).toMatchObject({
      code: "login_needed",
      hint: "Run `vouch login --for acme`.",
    });
    expect(harness.upstream.counts.keys).toBe(0);
  });
});

test("a session that the server of a profile has ended says so", async () => {
  await using harness = new TwoServers();
  harness.theirs.answer("idToken", () => oauthFailure("invalid_grant", "The session was revoked."));
  await harness.loginAt(harness.theirs.url);
  await until(async () => (await status()).sessions?.at(-1)?.ended === "revoked");
  expect(await rejection(harness.token(acmeUrl))).toMatchObject({
    message: `Not logged in at ${harness.theirs.url}: the server ended the session.`,
  });
});
