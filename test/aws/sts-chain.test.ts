/** Role chaining, against the sandbox's STS: two accounts, each with its own say. */
import { beforeAll, describe, expect, test } from "bun:test";
import { assumeRole, assumeRoleWithWebIdentity } from "../../src/aws/sts.ts";
import type { ExpiringCredentials } from "../../src/aws/sigv4.ts";
import { Secret } from "../../src/base/secret.ts";
import { Account } from "../sandbox/aws/account.ts";
import { createDeveloperAccount } from "../sandbox/aws/developer-account.ts";
import { createIssuer, type Issuer } from "../sandbox/aws/sts/issuer.ts";
import { handleSts } from "../sandbox/aws/sts/sts.ts";
import { currentVersion, type PolicyDocument, type Statement } from "../sandbox/iam/document.ts";
import { rejection, virtualClock } from "./scripted-service.ts";

const sourceRoleArn = "arn:aws:iam::123456789012:role/vouch-developer";
const roleArn = "arn:aws:iam::210987654321:role/acme";
let issuer: Issuer;
beforeAll(async () => {
  issuer = await createIssuer();
});

interface World extends Disposable {
  own: Account;
  other: Account;
  /** The forms that STS was sent. */
  forms: URLSearchParams[];
  env: Record<string, string>;
  /** Credentials of the own account's role. */
  source(): Promise<ExpiringCredentials>;
  chain(change?: Partial<Parameters<typeof assumeRole>[0]>): Promise<ExpiringCredentials>;
}

const trust = (AWS: string): PolicyDocument => ({
  Version: currentVersion,
  Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole" }],
});
const may = (Resource: string): Statement => ({ Effect: "Allow", Action: "sts:AssumeRole", Resource });

/** Two accounts that allow the chain, unless a test changes them. */
function world(): World {
  const own = createDeveloperAccount();
  own.roles[0]!.permissions.push(may(roleArn));
  const other = new Account({
    id: "210987654321",
    roles: [{ name: "acme", maxSessionDuration: 3600, trustPolicy: trust(sourceRoleArn), permissions: [] }],
  });
  const forms: URLSearchParams[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      forms.push(new URLSearchParams(await request.clone().text()));
      return handleSts(request, { account: own, others: [other], region: "eu-west-1", fetch: issuer.fetch });
    },
  });
  const env = { AWS_ENDPOINT_URL_STS: server.url.origin };
  const common = { region: "eu-west-1", sessionName: "dev@example.com", durationSeconds: 28_800, env };
  const source: World["source"] = async () =>
    assumeRoleWithWebIdentity({
      ...common,
      roleArn: sourceRoleArn,
      webIdentityToken: new Secret(await issuer.token()),
    });
  return {
    own,
    other,
    forms,
    env,
    source,
    async chain(change) {
      const credentials = change?.credentials ?? (await source());
      return assumeRole({ ...common, roleArn, sourceRoleArn, clock: virtualClock(), ...change, credentials });
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

test("a role of another account is assumed with the credentials of the first", async () => {
  using here = world();
  const credentials = await here.chain();
  expect(here.other.credentials(credentials.accessKeyId)).toMatchObject({
    sessionName: "dev@example.com",
    role: { name: "acme" },
  });
  expect(here.other.calls.AssumeRole).toBe(1);
});

test.each([
  [28_800, "3600"],
  [3_600, "3600"],
  [1_800.7, "1800"],
  [60, "900"],
])("%p seconds are asked for as %p: an hour at most", async (durationSeconds, asked) => {
  using here = world();
  await here.chain({ durationSeconds });
  expect(here.forms.at(-1)!.get("DurationSeconds")).toBe(asked);
});

describe("the chain is refused in words", () => {
  const trustHint = `the policy of ${sourceRoleArn} sts:AssumeRole on ${roleArn}, and the trust policy of ${roleArn}`;

  test.each<[string, (here: World) => unknown]>([
    [
      "whose trust policy names another role",
      ({ other }) => (other.roles[0]!.trustPolicy = trust(`${sourceRoleArn}x`)),
    ],
    ["that the first role may not assume", ({ own }) => own.roles[0]!.permissions.pop()],
    ["that does not exist", ({ other }) => other.roles.pop()],
    ["that an organization's policy denies", ({ other }) => other.deniedActions.add("sts:AssumeRole")],
  ])("for a role %s", async (_, change) => {
    using here = world();
    change(here);
    expect(await rejection(here.chain())).toMatchObject({
      code: "access_denied",
      message: expect.stringContaining(`AWS STS refused AssumeRole for ${roleArn}: User: arn:aws:sts::123456789012:`),
      hint: expect.stringContaining(trustHint),
    });
  });

  test("when the first role's credentials have ended", async () => {
    using here = world();
    const credentials = await here.source();
    for (const account of [here.own, here.other]) account.clockOffsetMs = 13 * 3_600_000;
    expect(await rejection(here.chain({ credentials }))).toMatchObject({ code: "session_expired" });
  });

  test.each<[string, object, string]>([
    ["a role of another partition", { roleArn: roleArn.replace("aws", "aws-cn") }, "partition"],
    ["a role that is no ARN", { roleArn: "acme" }, "Expected a role ARN"],
  ])("for %s, before anything is sent", async (_, change, message) => {
    using here = world();
    const credentials = await here.source();
    expect(await rejection(here.chain({ credentials, ...change }))).toMatchObject({
      code: "usage",
      message: expect.stringContaining(message),
    });
    expect(here.forms).toHaveLength(1);
  });
});
