/** For how long a job asks, and under which name: against a service that keeps what it was asked. */
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/base/clock.ts";
import { type Identity, IdentityCredentials, identityNames } from "../../../src/agent/job/identity-credentials.ts";
import { Tokens } from "../../../src/agent/tokens/tokens.ts";
import { rejection } from "../../rejection.ts";
import { createIssuer } from "../../sandbox/aws/sts/issuer.ts";
import { repository } from "../harness.ts";
import { ManualClock } from "../manual-clock.ts";
import { roleArn, Upstream } from "../upstream.ts";

const settings = { version: 1 as const, aws: { roleArn, region: "us-east-1" }, repositories: [repository] };
const issuer = await createIssuer("https://gitlab.com");

/** What AWS was asked for by a job with this identity and environment. */
async function asked(identity: Identity, env: Record<string, string>) {
  const clock = new ManualClock();
  const upstream = new Upstream(clock);
  const sessionNames: (string | null)[] = [];
  upstream.answer("sts", (form) => {
    sessionNames.push(form.get("RoleSessionName"));
    return undefined;
  });
  try {
    const all = { ...upstream.env, ...env };
    const tokens = new Tokens(new IdentityCredentials(identity, systemClock, all), clock, all);
    await tokens.token(repository, settings);
    return { ...upstream.durations, sessionNames };
  } finally {
    await upstream.stop();
  }
}

describe("the durations of a job's credentials", () => {
  const keys = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };

  test("are those of a person's session for a platform's role session, and the token ends with that session", async () => {
    const { sts, token } = await asked({ name: "gitlab" }, { VOUCH_ID_TOKEN: await issuer.token() });
    expect({ sts, token }).toEqual({ sts: [8 * 3600], token: [0] });
  });

  test("are the rest of their lifetime for temporary credentials", async () => {
    const session = { AWS_SESSION_TOKEN: "x", AWS_CREDENTIAL_EXPIRATION: "2099-01-01T00:00:00Z" };
    expect(await asked({ name: "aws-environment" }, { ...keys, ...session })).toMatchObject({ sts: [], token: [0] });
  });

  test("are those of a person's session for keys that do not end", async () => {
    expect(await asked({ name: "aws-environment" }, keys)).toMatchObject({ sts: [], token: [8 * 3600] });
  });
});

test("the role session is named after the job's subject, unless a name is given", async () => {
  const env = { VOUCH_ID_TOKEN: await issuer.token({ sub: "project_path:my-group/my-app:ref_type:branch:ref:main" }) };
  const own = await asked({ name: "gitlab" }, env);
  expect(own.sessionNames).toEqual(["project_path-my-group-my-app-ref_type-branch-ref-main"]);
  const given = await asked({ name: "gitlab" }, { ...env, AWS_ROLE_SESSION_NAME: "build" });
  expect(given.sessionNames).toEqual(["build"]);
});

describe("the identity of a job", () => {
  test.each([...identityNames])("can be %s", (name) => {
    expect(() => new IdentityCredentials({ name }, systemClock, {})).not.toThrow();
  });

  test.each(["", "GitLab", "constructor", "__proto__", "toString", "aws"])("cannot be %p", (name) => {
    expect(() => new IdentityCredentials({ name }, systemClock, {})).toThrow(`There is no identity "${name}".`);
  });

  test.each<[Identity, string]>([
    [{ name: "circleci", audience: "x" }, "--audience"],
    [{ name: "github-actions", idTokenVariable: "X" }, "--id-token-variable"],
    [{ name: "aws-environment", profile: "x" }, "--profile"],
  ])("is refused with an option that has no meaning for it: %p", (identity, option) => {
    expect(() => new IdentityCredentials(identity, systemClock, {})).toThrow(`does not take ${option}`);
  });

  test("of a platform is refused without a role", async () => {
    const tokens = new Tokens(new IdentityCredentials({ name: "gitlab" }, systemClock, {}), systemClock, {});
    const failure = await rejection(tokens.token(repository, { version: 1, repositories: [repository] }));
    expect(failure).toMatchObject({ code: "settings_missing", hint: expect.stringContaining("--role ARN") });
  });
});
