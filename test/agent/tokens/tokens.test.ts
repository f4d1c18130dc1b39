import { describe, expect, test } from "bun:test";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { routes } from "../../../src/agent/protocol.ts";
import { AgentHarness, cargoUrl, repository, until } from "../harness.ts";
import { rejection } from "../../rejection.ts";
import { accessDenied, sessionSeconds } from "../upstream.ts";

const down = () => new Response("down", { status: 503 });
const chain = ({ idToken, sts, token }: AgentHarness["upstream"]["counts"]) => ({ idToken, sts, token });
const once = { idToken: 1, sts: 1, token: 1 };

/** A second domain, served through the same role. */
const other = {
  ...repository,
  domain: "other-domain",
  endpoints: { cargo: "https://other-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/" },
};

/** Tokens that last an hour, whatever was asked. */
function giveHourlyTokens({ upstream, clock }: AgentHarness): void {
  let count = 0;
  upstream.answer("token", () =>
    Response.json({ authorizationToken: `hourly-${++count}`, expiration: clock.now() / 1000 + 3600 }),
  );
}

describe("requests for tokens are merged", () => {
  test("so that a hundred at once on a cold agent are one chain", async () => {
    await using harness = new AgentHarness();
    const held = harness.upstream.hold("sts");
    await harness.login();
    const asks = Array.from({ length: 100 }, () => harness.token());
    await held.arrived;
    held.release();
    const tokens = new Set((await Promise.all(asks)).map(({ token }) => token));
    expect([...tokens]).toEqual(["my-domain-token-1"]);
    expect(chain(harness.upstream.counts)).toEqual(once);
  });

  test("so that two domains behind one role share ID token and role credentials", async () => {
    await using harness = new AgentHarness([repository, other]);
    await harness.login();
    const replies = await Promise.all([harness.token(), harness.token(other.endpoints.cargo)]);
    expect(replies.map(({ token }) => token.replace(/\d+$/, ""))).toEqual(["my-domain-token-", "other-domain-token-"]);
    expect(chain(harness.upstream.counts)).toEqual({ idToken: 1, sts: 1, token: 2 });
  });

  test("and one that is aborted takes nothing from the others", async () => {
    await using harness = new AgentHarness();
    const held = harness.upstream.hold("token");
    await harness.login();
    await held.arrived;
    const gone = await rejection(askAgent(routes.token, { url: cargoUrl }, { timeoutMs: 1 }));
    expect(gone.code).toBe("agent_unavailable");
    const asked = harness.token();
    held.release();
    expect((await asked).token).toBe("my-domain-token-1");
    expect(chain(harness.upstream.counts)).toEqual(once);
  });

  test("so that a storm against a failing upstream is one request, and a second later one more", async () => {
    await using harness = new AgentHarness([]);
    harness.upstream.answer("idToken", () => Response.json({ error: "invalid_target" }, { status: 400 }));
    await harness.login();
    harness.configure({ repositories: [repository] });
    const ask = () => rejection(harness.token());
    const failures = await Promise.all(Array.from({ length: 20 }, ask));
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(["server_error"]));
    await ask();
    expect(harness.upstream.counts.idToken).toBe(1);
    harness.clock.pass(1);
    await ask();
    expect(harness.upstream.counts.idToken).toBe(2);
  });
});

describe("the durations of tokens", () => {
  test("end with the session, for role credentials and token alike", async () => {
    await using harness = new AgentHarness();
    const { expiration } = await harness.login();
    const token = await harness.token();
    expect(token.expiration).toBeLessThanOrEqual(expiration);
    expect(token.expiration).toBeGreaterThan(expiration - 10);
    const [sts] = harness.upstream.durations.sts;
    expect(sts).toBeLessThanOrEqual(sessionSeconds);
    expect(sts).toBeGreaterThan(sessionSeconds - 10);
  });

  test("are cut at the session's end", async () => {
    await using harness = new AgentHarness();
    harness.upstream.answer("token", () =>
      Response.json({ authorizationToken: "long", expiration: harness.clock.now() / 1000 + 43_200 }),
    );
    const { expiration } = await harness.login();
    expect((await harness.token()).expiration).toBe(expiration);
  });

  test("need 15 minutes of the session: with less left nothing new is fetched, and what is held is given out", async () => {
    await using harness = new AgentHarness();
    const { expiration } = await harness.login();
    await harness.token();
    harness.configure({ repositories: [repository, other] });
    harness.clock.pass(sessionSeconds - 10 * 60);
    const failure = await rejection(askAgent(routes.token, { url: other.endpoints.cargo }));
    expect(failure).toMatchObject({ code: "login_needed", hint: expect.stringContaining("vouch login") });
    expect(failure.message).toBe("AWS issues no token for less than 15 minutes, and this session ends in 10 minutes.");
    expect((await harness.token()).expiration).toBeLessThanOrEqual(expiration);
    expect(chain(harness.upstream.counts)).toEqual(once);
  });

  test("need a minute: a token with less left is not given out", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const { expiration } = await harness.token();
    harness.clock.pass(expiration - harness.clock.now() / 1000 - 59);
    expect((await rejection(harness.token())).code).toBe("login_needed");
  });
});

describe("the renewal of a token", () => {
  test("is done ahead of need, while the old one is still given out", async () => {
    await using harness = new AgentHarness();
    giveHourlyTokens(harness);
    await harness.login();
    expect((await harness.token()).token).toBe("hourly-1");
    harness.clock.pass(3600 - 300);
    expect((await harness.token()).token).toBe("hourly-1");
    await until(async () => (await harness.token()).token === "hourly-2");
  });

  test("is done without a request", async () => {
    await using harness = new AgentHarness();
    giveHourlyTokens(harness);
    await harness.login();
    await harness.token();
    harness.clock.pass(3600 - 300);
    harness.agent.watch();
    // Nobody asks meanwhile: an ask would fetch it too.
    await until(() => harness.upstream.counts.token === 2);
    await until(async () => (await harness.token()).token === "hourly-2");
    expect(harness.upstream.counts.token).toBe(2);
  });

  test("is not tried after a denial until somebody asks", async () => {
    await using harness = new AgentHarness();
    harness.upstream.answer("token", () =>
      Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } }),
    );
    await harness.login();
    expect((await rejection(harness.token())).code).toBe("access_denied");
    harness.clock.pass(60);
    await harness.agent.renew();
    expect(harness.upstream.counts.token).toBe(1);
  });

  test("that fails leaves the held token in use, and the failure is in the status", async () => {
    await using harness = new AgentHarness();
    giveHourlyTokens(harness);
    await harness.login();
    await harness.token();
    harness.clock.pass(3600 - 300);
    harness.upstream.answer("token", () =>
      Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } }),
    );
    expect((await harness.token()).token).toBe("hourly-1");
    await until(async () => (await askAgent(routes.status)).repositories[0]?.error !== undefined);
    expect((await harness.token()).token).toBe("hourly-1");
  });

  test("gets new role credentials, once, when AWS has ended the old ones", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await harness.token();
    harness.configure({ repositories: [other] });
    let refused = 0;
    harness.upstream.answer("token", () =>
      refused++ === 0
        ? Response.json(
            { message: "expired" },
            { status: 403, headers: { "x-amzn-errortype": "ExpiredTokenException" } },
          )
        : undefined,
    );
    const { token } = await askAgent(routes.token, { url: other.endpoints.cargo });
    expect(token).toStartWith("other-domain-token");
    expect(harness.upstream.counts.sts).toBe(2);
  });
});

describe("the endpoint of a question", () => {
  test.each([
    "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.evil.example/cargo/my-repo/",
    "http://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/",
    "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repository/",
    "not a url",
  ])("is not configured, with or without a session: %p", async (url) => {
    const onConfiguredHost = URL.parse(url)?.host === new URL(cargoUrl).host;
    await using harness = new AgentHarness();
    expect((await rejection(askAgent(routes.token, { url }))).code).toBe("not_configured");
    await harness.login();
    expect((await rejection(askAgent(routes.token, { url }))).code).toBe("not_configured");
    expect(await askAgent(routes.match, { urls: [url, cargoUrl] })).toEqual({
      configured: [false, true],
      onConfiguredHost: [onConfiguredHost, true],
    });
  });

  test("is that of the repository that was set up last when no URL is given", async () => {
    await using harness = new AgentHarness([other, repository]);
    await harness.login();
    expect(await askAgent(routes.token, {})).toMatchObject({ endpoint: cargoUrl });
  });

  test("is looked up in the settings anew when they change", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    expect((await rejection(harness.token())).code).toBe("not_configured");
    harness.configure({ repositories: [repository] });
    expect((await harness.token()).endpoint).toBe(cargoUrl);
  });

  test("needs a configured role, else the next command is named", async () => {
    await using harness = new AgentHarness();
    harness.configure({ aws: undefined, repositories: [repository] });
    await harness.login();
    const failure = await rejection(harness.token());
    expect(failure).toMatchObject({ code: "settings_missing", hint: expect.stringContaining("vouch setup aws") });
  });
});

test("a domain of another partition than the role's is refused before anyone is asked", async () => {
  const endpoint = "https://my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.com.cn/cargo/my-repo/";
  await using harness = new AgentHarness([{ ...repository, region: "cn-north-1", endpoints: { cargo: endpoint } }]);
  await harness.login();
  const failure = await rejection(harness.token(endpoint));
  expect(failure).toMatchObject({ code: "usage", message: expect.stringContaining("aws-cn") });
  expect(chain(harness.upstream.counts)).toEqual({ idToken: 0, sts: 0, token: 0 });
});

describe("the environment for package managers", () => {
  const npmVariable = `npm_config_${repository.endpoints.npm!.slice("https:".length)}:_authToken`;
  /** Of the same endpoint under AWS's other host. */
  const otherVariable = npmVariable.replace(".d.", ".").replace("amazonaws.com", "on.aws");

  test("has the variables of one format", async () => {
    await using harness = new AgentHarness([repository, other]);
    await harness.login();
    const { variables } = await askAgent(routes.environment, { format: "npm" });
    expect(variables).toEqual({
      [npmVariable]: expect.stringMatching(/^my-domain-token-/),
      [otherVariable]: variables[npmVariable],
    });
  });

  test("has the variables of all formats, with the default's token, until the first of them ends", async () => {
    await using harness = new AgentHarness([other, repository]);
    await harness.login();
    const { variables, expiration, twine } = await askAgent(routes.environment);
    expect(variables).toEqual({
      [npmVariable]: expect.stringMatching(/^my-domain-token-/),
      [otherVariable]: variables[npmVariable],
      CODEARTIFACT_AUTH_TOKEN: variables[npmVariable],
    });
    expect(expiration).toBeLessThanOrEqual((await harness.token()).expiration);
    expect(twine).toBeUndefined();
  });

  test("lacks only the domain that is denied", async () => {
    await using harness = new AgentHarness([other, repository]);
    harness.upstream.answer("token", (form) =>
      form.get("domain") === "other-domain"
        ? Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } })
        : undefined,
    );
    await harness.login();
    const { variables, failed } = await askAgent(routes.environment);
    expect(Object.keys(variables)).toEqual([npmVariable, otherVariable, "CODEARTIFACT_AUTH_TOKEN"]);
    expect(failed).toMatchObject([{ endpoint: other.endpoints.cargo, error: { code: "access_denied" } }]);
  });

  test("has nothing when nothing is configured, for a shim; for `vouch exec` it is an error, also without a session", async () => {
    await using harness = new AgentHarness();
    harness.configure({ repositories: [] });
    expect(await askAgent(routes.environment, { format: "npm" })).toEqual({ variables: {} });
    expect(await rejection(askAgent(routes.environment))).toMatchObject({
      code: "not_configured",
      message: "No repository is configured.",
    });
  });

  test("that could not be made has the reason", async () => {
    await using harness = new AgentHarness();
    expect((await rejection(askAgent(routes.environment))).code).toBe("login_needed");
    harness.upstream.answer("idToken", () => Response.json({ error: "invalid_target" }, { status: 400 }));
    await harness.login();
    expect((await rejection(askAgent(routes.environment))).code).toBe("server_error");
  });
});

describe("role credentials for other programs", () => {
  test("are those that the tokens are fetched with, and end with the session", async () => {
    await using harness = new AgentHarness();
    const { expiration } = await harness.login();
    await harness.token();
    const credentials = await askAgent(routes.roleCredentials, {});
    expect(Object.keys(credentials)).toEqual(["accessKeyId", "secretAccessKey", "sessionToken", "expiration"]);
    expect(credentials.expiration).toBeLessThanOrEqual(expiration);
    expect(harness.upstream.counts.sts).toBe(1);
    expect(harness.logged.join("\n")).not.toContain(credentials.secretAccessKey);
  });

  test("of another role are fetched with the same identity, and kept beside the others", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await harness.token();
    const roles: (string | null)[] = [];
    harness.upstream.answer("sts", (form) => {
      roles.push(form.get("RoleArn"));
      return undefined;
    });
    const request = { roleArn: "arn:aws:iam::123456789012:role/other", region: "eu-west-1" };
    await askAgent(routes.roleCredentials, request);
    await askAgent(routes.roleCredentials, request);
    expect(roles).toEqual([request.roleArn]);
    expect(harness.upstream.counts.idToken).toBe(1);
  });

  test("are refused without a session and for what is no role", async () => {
    await using harness = new AgentHarness();
    expect((await rejection(askAgent(routes.roleCredentials, {}))).code).toBe("login_needed");
    await harness.login();
    expect((await rejection(askAgent(routes.roleCredentials, { roleArn: "admin" }))).code).toBe("usage");
    harness.configure({ aws: undefined });
    expect((await rejection(askAgent(routes.roleCredentials, {}))).code).toBe("settings_missing");
    await harness.agent.logout();
    expect((await rejection(askAgent(routes.roleCredentials, {}))).code).toBe("login_needed");
  });
});

test("the repository's endpoint comes from CodeArtifact", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { domain, domainOwner, region, repository: name } = repository;
  const request = { domain, domainOwner, region, repository: name, format: "cargo" };
  expect(await askAgent(routes.repositoryEndpoint, request)).toEqual({
    endpoint: "https://packages.example.com/cargo/my-repo/",
  });
});

describe("the names that AWS lists", () => {
  const domain = { domain: "my-domain", domainOwner: "123456789012", region: "us-east-1" };

  test("come from CodeArtifact, by the role of the settings", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    expect(await askAgent(routes.domains, { region: "us-east-1" })).toEqual({
      domains: [{ name: "my-domain", owner: "123456789012" }],
      isCut: false,
    });
    expect(await askAgent(routes.repositories, domain)).toEqual({
      repositories: [
        { name: "a-repo", description: "" },
        { name: "my-repo", description: "Ours" },
      ],
      isCut: false,
    });
  });

  test("are none where the role may not list them, which is no error; that the role is refused is one", async () => {
    await using harness = new AgentHarness();
    expect((await rejection(askAgent(routes.domains, { region: "us-east-1" }))).code).toBe("login_needed");
    await harness.login();
    harness.upstream.answer("domains", accessDenied);
    harness.upstream.answer("repositories", accessDenied);
    const refused = { isCut: false, refused: expect.stringContaining("AWS CodeArtifact refused List") };
    expect(await askAgent(routes.domains, { region: "us-east-1" })).toEqual({ domains: [], ...refused });
    expect(await askAgent(routes.repositories, domain)).toEqual({ repositories: [], ...refused });
    harness.configure({ aws: { roleArn: "arn:aws:iam::123456789012:role/other", region: "us-east-1" } });
    harness.upstream.answer(
      "sts",
      () => new Response("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", { status: 403 }),
    );
    expect((await rejection(askAgent(routes.domains, { region: "us-east-1" }))).code).toBe("access_denied");
  });
});

test("a warm agent works on while the server is down", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  harness.upstream.answer("idToken", down);
  harness.upstream.answer("sts", down);
  harness.upstream.answer("token", down);
  harness.clock.pass(3 * 3600);
  expect((await harness.token()).token).toBe(token);
});
