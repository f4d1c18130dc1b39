import { afterAll, describe, expect, test } from "bun:test";
import { routes } from "../../../../src/agent/protocol.ts";
import type { ServerSession } from "../../../../src/agent/wire/reply-parts.ts";
import { type Access, type Ask, checkAccess } from "../../../../src/cli/commands/doctor/access.ts";
import { readSmallFile } from "../../../../src/tools/checks/small-files.ts";
import { clockFinding } from "../../../../src/cli/commands/doctor/machine/machine.ts";
import { checkSession } from "../../../../src/cli/commands/doctor/session.ts";
import { VouchError } from "../../../../src/base/errors.ts";
import { brief, makeMachine, removeMachines, said } from "./machine.ts";
import { requires } from "../../../requires.ts";

afterAll(removeMachines);

const healthy = makeMachine();
const agent = healthy.agent!;
const { session: _, ...withoutSession } = agent;

/** The session, or none, at the server of the profile client. */
const theirs = (its: Partial<ServerSession>): ServerSession => ({
  server: "https://vouch.client.example",
  profiles: ["client"],
  ...its,
});

describe("the doctor judges the session", () => {
  test.each([
    ["a session", agent, ["ok session", "ok token"], "lasts until"],
    ["no agent", undefined, ["fail session"], "vouch login"],
    ["no session", withoutSession, ["fail session"], "without a session"],
    [
      "an expired one",
      { ...withoutSession, ended: "expired" as const },
      ["fail session"],
      "The session has ended. vouch login",
    ],
    [
      "a revoked one",
      { ...withoutSession, ended: "revoked" as const },
      ["fail session"],
      "The server has ended the session",
    ],
    [
      "one that ends soon",
      { ...agent, session: { user: "dev@example.com", expiration: healthy.now + 600 } },
      ["warn session", "ok token"],
      "10 min",
    ],
    [
      "a token that ended",
      { ...agent, repositories: [{ ...agent.repositories[0]!, tokenExpiration: healthy.now - 60 }] },
      ["ok session", "warn token"],
      "has not been renewed",
    ],
    [
      "another one at a profile's server",
      { ...agent, sessions: [theirs({ user: "dev@client.example", expiration: healthy.now + 7200 })] },
      ["ok session", "ok token", "ok session"],
      "The session of dev@client.example at https://vouch.client.example lasts until",
    ],
    [
      "another one at a profile's server that ends soon",
      { ...agent, sessions: [theirs({ user: "dev@client.example", expiration: healthy.now + 600 })] },
      ["ok session", "ok token", "warn session"],
      "vouch login --for client",
    ],
    [
      "none at a profile's server",
      { ...agent, sessions: [theirs({ ended: "expired" })] },
      ["ok session", "ok token", "warn session"],
      "There is no session at https://vouch.client.example (profile client).",
    ],
  ])("with %s", (_name, found, expected, words) => {
    const machine = { ...healthy, agent: found };
    expect(brief(checkSession(machine))).toEqual(expected);
    expect(said(checkSession(machine), machine)).toContain(words);
  });

  test("a session that was opened with another machine's settings is in order although this file knows no server", () => {
    const machine = { ...healthy, settings: { version: 1 as const, repositories: [] } };
    expect(brief(checkSession(machine))).toEqual(["ok session", "ok token"]);
  });

  test("without an enrolled key the doctor names `vouch enroll`", () => {
    const machine = { ...healthy, agent: undefined, settings: { version: 1 as const, repositories: [] } };
    expect(said(checkSession(machine), machine)).toContain("vouch enroll --server URL");
  });
});

describe("the doctor tries the access", () => {
  const endpoints = healthy.settings.repositories[0]!.endpoints;
  /** An agent that answers as AWS would: with a token, with an endpoint, or with these errors. */
  const answering =
    (errors: Partial<Record<string, VouchError>> = {}, endpoint?: string): Ask =>
    async <Reply>(route: string, body: unknown) => {
      const error = errors[route];
      if (error) throw error;
      const { format } = body as { format: keyof typeof endpoints };
      return (route === routes.token ? { token: "t" } : { endpoint: endpoint ?? endpoints[format] }) as Reply;
    };
  const readable: Access["askEndpoint"] = async () => ({ outcome: "readable" });
  const denied = new VouchError("access_denied", "AWS refused GetAuthorizationToken.", { hint: "Ask." });
  const missing = new VouchError("aws_not_found", "There is no repository my-repo.", { hint: "Check the name." });

  test.each([
    ["all is well", answering(), ["ok access", "ok read", "ok read", "ok read"], "gives the role a token"],
    [
      "no token",
      answering({ [routes.token]: denied }),
      ["fail access"],
      "needs codeartifact:GetAuthorizationToken, sts:GetServiceBearerToken",
    ],
    [
      "no such repository",
      answering({ [routes.repositoryEndpoint]: missing }),
      ["ok access", "fail names", "fail names", "fail names"],
      "There is no repository my-repo",
    ],
    [
      "another endpoint",
      answering({}, "https://elsewhere.example/"),
      ["ok access", "fail endpoint", "fail endpoint", "fail endpoint"],
      "is https://elsewhere.example/, set up is",
    ],
  ])("with the result: %s", async (_name, ask, expected, words) => {
    const findings = await checkAccess(healthy, { ask, askEndpoint: readable });
    expect(brief(findings)).toEqual(expected);
    expect(said(findings, healthy)).toContain(words);
  });

  test("with a publish role, which is asked for by a touch, gets a token or is named", async () => {
    const publishRoleArn = "arn:aws:iam::123456789012:role/publisher";
    const repositories = healthy.settings.repositories.map((each) => Object.assign({}, each, { publishRoleArn }));
    const machine = { ...healthy, settings: { ...healthy.settings, repositories } };
    const good = await checkAccess(machine, { ask: answering(), askEndpoint: readable });
    expect(brief(good)).toEqual(["ok access", "ok publish", "ok read", "ok read", "ok read"]);
    const refusing =
      (error: VouchError): Ask =>
      async (route, body, options) => {
        if ((body as { purpose?: string }).purpose === "publish") throw error;
        return answering()(route, body, options);
      };
    const untouched = new VouchError("touch_needed", "Publishing to my-domain/my-repo needs a touch.");
    const waiting = await checkAccess(machine, { ask: refusing(untouched), askEndpoint: readable });
    expect(brief(waiting)).toEqual(["ok access", "ok publish", "ok read", "ok read", "ok read"]);
    expect(said(waiting, machine)).toContain("asks for a touch when you publish");
    const findings = await checkAccess(machine, { ask: refusing(denied), askEndpoint: readable });
    expect(brief(findings)).toEqual(["ok access", "fail access", "ok read", "ok read", "ok read"]);
    expect(said(findings, machine)).toContain(`gives the publish role no token`);
    expect(said(findings, machine)).toContain(publishRoleArn);
  });

  test("with a publish role that also reads, which is a fault, also without a session", async () => {
    const { roleArn } = healthy.settings.aws!;
    const repositories = healthy.settings.repositories.map((each) =>
      Object.assign({}, each, { publishRoleArn: roleArn }),
    );
    const machine = { ...healthy, agent: undefined, settings: { ...healthy.settings, repositories } };
    const findings = await checkAccess(machine, { ask: answering(), askEndpoint: readable });
    expect(brief(findings)).toEqual(["fail publish"]);
    expect(said(findings, machine)).toContain("without a touch");
    expect(said(findings, machine)).toContain("--publish-role ARN");
  });

  test("where repositories have roles of their own and the settings have none", async () => {
    const roleArn = "arn:aws:iam::123456789012:role/own";
    const repositories = healthy.settings.repositories.map((each) => Object.assign({}, each, { roleArn }));
    const machine = { ...healthy, settings: { ...healthy.settings, aws: undefined, repositories } };
    const findings = await checkAccess(machine, { ask: answering(), askEndpoint: readable });
    expect(brief(findings)).toEqual(["ok access", "ok read", "ok read", "ok read"]);
    const lost = healthy.settings.repositories.map((each) => Object.assign({}, each, { profile: "gone" }));
    const without = { ...machine, settings: { ...machine.settings, repositories: lost } };
    expect(said(await checkAccess(without, { ask: answering(), askEndpoint: readable }), without)).toContain(
      "There is no profile gone",
    );
  });

  test("and names an endpoint that refuses the role, has no such repository or has a fault, with its remedy", async () => {
    const askEndpoint: Access["askEndpoint"] = async ({ format, token }) => {
      expect(token).toBe("t");
      if (format === "cargo") return { outcome: "denied", found: "it refuses the role (HTTP 403)" };
      if (format === "npm") return { outcome: "missing", found: "it has no such repository (HTTP 404)" };
      return { outcome: "failed", found: "it has a fault (HTTP 500)", remedy: "Try again." };
    };
    const findings = await checkAccess(healthy, { ask: answering(), askEndpoint });
    expect(brief(findings)).toEqual(["ok access", "fail read", "fail read", "fail read"]);
    expect(said(findings, healthy)).toContain("needs codeartifact:ReadFromRepository");
    expect(said(findings, healthy)).toContain("it has a fault (HTTP 500)");
  });

  test("to all repositories at the same time", async () => {
    const [repository] = healthy.settings.repositories;
    const repositories = Array.from({ length: 3 }, () => repository!);
    let waiting = 0;
    const everybodyAsked = Promise.withResolvers<void>();
    const askEndpoint: Access["askEndpoint"] = async () => {
      waiting += 1;
      if (waiting === 9) everybodyAsked.resolve();
      await everybodyAsked.promise;
      return { outcome: "readable" };
    };
    const machine = { ...healthy, settings: { ...healthy.settings, repositories } };
    expect((await checkAccess(machine, { ask: answering(), askEndpoint })).length).toBe(12);
  });

  test("but not without a session", async () => {
    const findings = await checkAccess(
      { ...healthy, agent: undefined },
      { ask: answering({ [routes.token]: denied }), askEndpoint: readable },
    );
    expect(brief(findings)).toEqual(["warn access"]);
  });

  test("and names the setup where role and repository are missing", async () => {
    const findings = await checkAccess(
      { ...healthy, settings: { version: 1, repositories: [] } },
      { ask: answering(), askEndpoint: readable },
    );
    expect(brief(findings)).toEqual(["fail role", "fail repository"]);
  });
});

test.each([
  [0.4, "ok"],
  [-19, "ok"],
  [-30, "warn"],
  [59, "warn"],
  [60, "fail"],
  [-90, "fail"],
] as const)("the doctor judges a clock that is %d seconds ahead: %s", (offset, status) => {
  const finding = clockFinding("https://vouch.example.com", offset);
  expect(finding.status).toBe(status);
  if (status !== "ok") expect(finding.found).toContain(offset > 0 ? "ahead of" : "behind");
});

test.skipIf(!requires("mkfifo"))("the doctor ignores files that are no small regular files", () => {
  const { home } = makeMachine({ small: "text", large: "x".repeat((1 << 20) + 1) });
  Bun.spawnSync(["mkfifo", `${home}/pipe`]);
  expect(readSmallFile(`${home}/small`)).toBe("text");
  for (const name of ["large", "pipe", "project", "missing"]) expect(readSmallFile(`${home}/${name}`)).toBeUndefined();
});
