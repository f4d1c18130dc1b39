/** Which role each token and each credential comes from, by the settings as they are now. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { routes } from "../../../src/agent/protocol.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { AgentHarness, cargoUrl, repository, until } from "../harness.ts";
import { roleArn, user } from "../upstream.ts";

const publisher = "arn:aws:iam::123456789012:role/publisher";
const acme = "arn:aws:iam::210987654321:role/acme";
const hub = "arn:aws:iam::123456789012:role/hub";
const middle = "arn:aws:iam::333333333333:role/middle";

const acmeUrl = "https://acme-210987654321.d.codeartifact.eu-west-1.amazonaws.com/cargo/their-repo/";
const acmeRepository = {
  domain: "acme",
  domainOwner: "210987654321",
  region: "eu-west-1",
  repository: "their-repo",
  endpoints: { cargo: acmeUrl },
};
const profiles = { acme: { roleArn: acme, region: "eu-west-1", via: [hub, middle] } };

/** An agent with a session, and with nothing fetched ahead. */
async function started(settings: Partial<Settings>): Promise<AgentHarness> {
  const harness = new AgentHarness([]);
  await harness.login();
  harness.configure(settings);
  return harness;
}

const cargo = (url: string, operation: string) =>
  askAgent(routes.cargo, { v: 1, kind: "get", registry: { "index-url": `sparse+${url}` }, operation });

describe("a repository", () => {
  test("is read by its own role, another one by that of the settings, at the same time", async () => {
    await using harness = await started({ repositories: [repository, { ...acmeRepository, roleArn: acme }] });
    const tokens = await Promise.all([harness.token(), harness.token(acmeUrl)]);
    expect(tokens.map(({ token }) => token.replace(/-token-.*/, ""))).toEqual(["my-domain", "acme"]);
    expect(harness.upstream.signers.toSorted((a, b) => a.domain!.localeCompare(b.domain!))).toEqual([
      { domain: "acme", by: acme },
      { domain: "my-domain", by: roleArn },
    ]);
    expect(harness.upstream.counts.idToken).toBe(1);
  });

  test("with a role needs none in the settings", async () => {
    await using harness = await started({ aws: undefined, repositories: [{ ...acmeRepository, roleArn: acme }] });
    expect((await harness.token(acmeUrl)).token).toStartWith("acme-token");
  });

  test("has the same domain's token by another role once the settings say so, without a restart", async () => {
    await using harness = await started({ repositories: [repository] });
    const first = await harness.token();
    harness.configure({ repositories: [{ ...repository, roleArn: publisher }] });
    const second = await harness.token();
    expect(second.token).not.toBe(first.token);
    harness.configure({ repositories: [repository] });
    expect((await harness.token()).token).toBe(first.token);
    expect(harness.upstream.signers.map(({ by }) => by)).toEqual([roleArn, publisher]);
  });

  test.each<[string, Partial<Settings>, string, string]>([
    [
      "a role of another partition",
      { repositories: [{ ...acmeRepository, roleArn: acme.replace("aws", "aws-cn") }] },
      "usage",
      "partition",
    ],
    [
      "a role that is no ARN",
      { repositories: [{ ...acmeRepository, roleArn: "acme" }] },
      "usage",
      "Expected a role ARN",
    ],
    [
      "a profile that there is not",
      { profiles, repositories: [{ ...acmeRepository, profile: "acne" }] },
      "settings_missing",
      'no profile "acne"',
    ],
    [
      "a way through another partition",
      {
        profiles: { acme: { ...profiles.acme, via: [hub.replace("aws", "aws-us-gov")] } },
        repositories: [{ ...acmeRepository, profile: "acme" }],
      },
      "usage",
      "partition",
    ],
  ])("with %s gets no token, and STS is not asked", async (_, settings, code, message) => {
    await using harness = await started(settings);
    expect(await rejection(harness.token(acmeUrl))).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(harness.upstream.counts.sts).toBe(0);
  });
});

describe("a chain of roles", () => {
  test("leads to the profile's role: each role by the credentials of the one before, for an hour at most", async () => {
    await using harness = await started({ profiles, repositories: [{ ...acmeRepository, profile: "acme" }] });
    await harness.token(acmeUrl);
    expect(harness.upstream.roles).toEqual([
      { roleArn: hub },
      { roleArn: middle, by: hub },
      { roleArn: acme, by: middle },
    ]);
    expect(harness.upstream.signers).toEqual([{ domain: "acme", by: acme }]);
    const [first, ...chained] = harness.upstream.durations.sts;
    expect(first).toBeGreaterThan(3600);
    expect(chained).toEqual([3600, 3600]);
    // The token is not bound to the hour of the credentials that it was fetched with.
    expect(harness.upstream.durations.token[0]).toBeGreaterThan(3600);
  });

  test("is shared as far as two profiles go the same way", async () => {
    const both = { ...profiles, other: { roleArn: publisher, region: "eu-west-1", via: [hub, middle] } };
    await using harness = await started({ profiles: both });
    await Promise.all(["acme", "other"].map((profile) => askAgent(routes.roleCredentials, { profile })));
    expect(harness.upstream.roles.filter(({ roleArn: arn }) => arn === hub || arn === middle)).toHaveLength(2);
    expect(harness.upstream.counts.sts).toBe(4);
  });

  test("begins anew where AWS no longer takes the credentials of the role before", async () => {
    await using harness = await started({
      profiles: { ...profiles, way: { roleArn: middle, region: "eu-west-1", via: [hub] } },
    });
    await askAgent(routes.roleCredentials, { profile: "way" });
    let refused = 0;
    harness.upstream.answer("sts", (form) => {
      if (form.get("RoleArn") !== acme || refused++ > 0) return undefined;
      const error = "<Error><Code>ExpiredToken</Code><Message>over</Message></Error>";
      return new Response(`<ErrorResponse>${error}</ErrorResponse>`, { status: 403 });
    });
    await askAgent(routes.roleCredentials, { profile: "acme" });
    expect(harness.upstream.roles.map(({ roleArn: arn }) => arn)).toEqual([hub, middle, acme, middle, acme]);
  });
});

describe("what a token is for", () => {
  const withPublisher = { ...repository, publishRoleArn: publisher };

  test.each([
    ["read", roleArn, { cache: "expires", operation_independent: false }],
    ["publish", publisher, { cache: "never", operation_independent: false }],
    ["yank", publisher, { cache: "never" }],
    ["unyank", publisher, { cache: "never" }],
    ["owners", publisher, { cache: "never" }],
    ["of another day", roleArn, { cache: "expires", operation_independent: false }],
  ])("Cargo's operation %s gets the token of %s", async (operation, by, reply) => {
    await using harness = await started({ repositories: [withPublisher] });
    if (by === publisher) await harness.touch({ url: cargoUrl, holder: "parent" });
    expect(await cargo(cargoUrl, operation)).toMatchObject({ Ok: reply });
    expect(harness.upstream.signers).toEqual([{ domain: "my-domain", by }]);
  });

  test("does not matter where no publish role is set: one token is good for every operation", async () => {
    await using harness = await started({ repositories: [repository] });
    for (const operation of ["read", "publish"]) {
      expect(await cargo(cargoUrl, operation)).toMatchObject({ Ok: { cache: "expires", operation_independent: true } });
    }
    expect(harness.upstream.counts.token).toBe(1);
  });

  test("reading is what everything gets that does not say otherwise, and publishing is not fetched ahead", async () => {
    await using harness = await started({ repositories: [withPublisher] });
    await harness.login();
    await until(() => harness.upstream.counts.token > 0);
    const { variables, hasPublishRole } = await askAgent(routes.environment);
    const { endpoints } = await askAgent(routes.tokens, { format: "npm" });
    const { token } = await harness.token();
    expect(new Set([...Object.values(variables), ...endpoints.map((each) => each.token)])).toEqual(new Set([token]));
    expect(hasPublishRole).toBe(true);
    expect(harness.upstream.signers.map(({ by }) => by)).not.toContain(publisher);
  });

  test("publishing is asked for by each route that gives tokens, and is another token", async () => {
    await using harness = await started({ repositories: [withPublisher] });
    const read = (await harness.token()).token;
    const purpose = "publish";
    await harness.touch();
    const { token } = await askAgent(routes.token, { url: cargoUrl, purpose });
    const { variables, hasPublishRole } = await askAgent(routes.environment, { purpose });
    const { endpoints } = await askAgent(routes.tokens, { format: "cargo", purpose });
    expect(token).not.toBe(read);
    expect(new Set([...Object.values(variables), ...endpoints.map((each) => each.token)])).toEqual(new Set([token]));
    expect(hasPublishRole).toBeUndefined();
  });

  const otherPath = publisher.replace(":role/", ":role/team/");
  test.each<[string, Partial<Settings>]>([
    ["of the settings", { aws: { roleArn: publisher, region: "us-east-1" } }],
    [
      "of the settings, in other letters",
      { aws: { roleArn: publisher.replace("/publisher", "/Publisher"), region: "us-east-1" } },
    ],
    ["of its own", { repositories: [{ ...withPublisher, roleArn: publisher }] }],
    [
      "of its profile, with a path",
      {
        profiles: { acme: { roleArn: otherPath, region: "us-east-1" } },
        repositories: [{ ...withPublisher, profile: "acme" }],
      },
    ],
    ["of another repository", { repositories: [withPublisher, { ...acmeRepository, roleArn: publisher }] }],
  ])(
    "a publish role that is also the role %s is a fault: no token that could publish is given out",
    async (_role, change) => {
      await using _ = await started({ repositories: [withPublisher], ...change });
      const purpose = "publish";
      const reading = change.repositories?.[1] === undefined ? cargoUrl : acmeUrl;
      const fault = { code: "settings_invalid", message: expect.stringContaining("without a touch") };
      for (const asked of [
        askAgent(routes.token, { url: reading }),
        askAgent(routes.token, { url: cargoUrl, purpose }),
        cargo(cargoUrl, "publish"),
        askAgent(routes.publishStart, { url: cargoUrl }),
        askAgent(routes.environment, { purpose }),
        askAgent(routes.tokens, { format: "cargo", purpose }),
      ]) {
        expect(await rejection(asked)).toMatchObject(fault);
      }
    },
  );

  test("a profile's chain leads to the publish role, too", async () => {
    await using harness = await started({
      profiles,
      repositories: [{ ...acmeRepository, profile: "acme", publishRoleArn: publisher }],
    });
    await harness.touch({ holder: "parent" });
    await cargo(acmeUrl, "publish");
    expect(harness.upstream.roles.at(-1)).toEqual({ roleArn: publisher, by: middle });
  });

  test("the status says which role and which token serve which purpose", async () => {
    await using harness = await started({
      repositories: [withPublisher, { ...acmeRepository, profile: "acme" }],
      profiles,
    });
    await harness.token();
    const { repositories } = await askAgent(routes.status);
    expect(repositories.map(({ profile, tokens }) => ({ profile, tokens }))).toEqual([
      {
        profile: undefined,
        tokens: [
          { purpose: "read", roleArn, via: [], expiration: expect.any(Number) },
          { purpose: "publish", roleArn: publisher, via: [] },
        ],
      },
      { profile: "acme", tokens: [{ purpose: "read", roleArn: acme, via: [hub, middle] }] },
    ]);
  });
});

describe("the profile of a command", () => {
  const folders = tempFolder("/tmp");
  const inside = join(folders.path, "clients/acme");
  mkdirSync(join(inside, "deep"), { recursive: true });
  mkdirSync(join(folders.path, "clients/acme-evil"), { recursive: true });
  symlinkSync(inside, join(folders.path, "link"));
  const work = { roleArn: hub, region: "us-east-1", folders: [join(folders.path, "clients")] };
  const known: Settings["profiles"] = {
    work,
    acme: { roleArn: acme, region: "eu-west-1", folders: [join(folders.path, "link")] },
  };

  test.each<[string, object, string]>([
    ["its flag, whatever folder and variable say", { profile: "work", profileVariable: "acme", folder: inside }, hub],
    ["VOUCH_PROFILE", { profileVariable: "acme", folder: "/" }, acme],
    ["its folder", { folder: join(folders.path, "clients") }, hub],
    ["the innermost folder, by a link in the settings", { folder: join(inside, "deep") }, acme],
    ["where a link leads", { folder: join(folders.path, "link/deep") }, acme],
    ["where `..` leads", { folder: `${inside}/../acme-evil/..` }, hub],
    ["no beginning of a folder's name", { folder: join(folders.path, "clients/acme-evil") }, hub],
    ["none where no folder has one", { folder: "/" }, roleArn],
    ["none for a folder that is gone", { folder: join(folders.path, "gone") }, roleArn],
    ["none for a relative folder", { folder: "work" }, roleArn],
  ])("is %s", async (_, choice, arn) => {
    await using harness = await started({ profiles: known, repositories: [repository] });
    await askAgent(routes.roleCredentials, choice);
    expect(harness.upstream.roles).toEqual([{ roleArn: arn }]);
  });

  test("by VOUCH_PROFILE is no other than the folder's: a project's file may have set it", async () => {
    await using harness = await started({ profiles: known });
    const failure = await rejection(askAgent(routes.roleCredentials, { profileVariable: "work", folder: inside }));
    expect(failure).toMatchObject({ code: "project_untrusted", hint: expect.stringContaining("--profile work") });
    expect(harness.upstream.counts.sts).toBe(0);
  });

  test("is not guessed where two have the same folder", async () => {
    const twice = { ...known, other: { ...work, folders: [`${folders.path}/clients/../clients`] } };
    await using _ = await started({ profiles: twice });
    const failure = await rejection(askAgent(routes.roleCredentials, { folder: inside.replace("/acme", "") }));
    expect(failure).toMatchObject({
      code: "settings_invalid",
      message: `${realpathSync(work.folders[0]!)} belongs to two profiles: work and other.`,
    });
  });

  test("has the repository that was set up with it last", async () => {
    await using _ = await started({
      profiles: known,
      repositories: [{ ...acmeRepository, profile: "acme" }, repository],
    });
    expect(await askAgent(routes.token, { profile: "acme" })).toMatchObject({ endpoint: acmeUrl });
    expect(await askAgent(routes.token, { folder: inside })).toMatchObject({ endpoint: acmeUrl });
    expect(await rejection(askAgent(routes.token, { profile: "work" }))).toMatchObject({ code: "not_configured" });
  });
});

test("the session's name at AWS is the ID token's subject in every role of a chain", async () => {
  await using harness = await started({ profiles });
  const subject = "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11";
  const claims = { iss: "https://vouch.example.com", aud: "sts.amazonaws.com", sub: subject };
  harness.upstream.answer("idToken", () =>
    Response.json({
      access_token: ["{}", JSON.stringify(claims), "signature"]
        .map((part) => Buffer.from(part).toString("base64url"))
        .join("."),
      issued_token_type: "urn:ietf:params:oauth:token-type:id_token",
      token_type: "N_A",
      expires_in: 300,
    }),
  );
  const sessionNames: (string | null)[] = [];
  harness.upstream.answer("sts", (form) => {
    sessionNames.push(form.get("RoleSessionName"));
    return undefined;
  });
  await askAgent(routes.roleCredentials, { profile: "acme" });
  expect(sessionNames).toEqual([subject, subject, subject]);
});

test("where the ID token has no subject that can be one, it is made from the user's address", async () => {
  await using harness = await started({ profiles });
  const sessionNames: (string | null)[] = [];
  harness.upstream.answer("sts", (form) => {
    sessionNames.push(form.get("RoleSessionName"));
    return undefined;
  });
  await askAgent(routes.roleCredentials, { profile: "acme" });
  expect(sessionNames).toEqual([user, user, user]);
});
