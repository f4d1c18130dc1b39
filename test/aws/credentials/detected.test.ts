/** The AWS credentials of a server: which source its environment names, what it is told, and their renewal. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { detectedCredentials, RenewedCredentials } from "../../../src/aws/credentials/detected.ts";
import type { ExpiringCredentials } from "../../../src/aws/sigv4.ts";
import { Secret } from "../../../src/base/secret.ts";
import { rejection } from "../../rejection.ts";
import { createDeveloperAccount } from "../../sandbox/aws/developer-account.ts";
import { serveAws } from "../../sandbox/aws/serve.ts";
import { createIssuer, type Issuer } from "../../sandbox/aws/sts/issuer.ts";
import { serveContainerCredentials, serveInstanceMetadata } from "../../sandbox/ci/metadata.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const region = "us-east-1";
const account = createDeveloperAccount();
const [role] = account.roles;
const folder = tempFolderUntil(afterAll);
const tokenFile = join(folder, "token");
const keys = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "x" };
let issuer: Issuer;
let aws: ReturnType<typeof serveAws>;
let instance: ReturnType<typeof serveInstanceMetadata>;
let container: ReturnType<typeof serveContainerCredentials>;
beforeAll(async () => {
  issuer = await createIssuer();
  aws = serveAws(account, issuer.fetch);
  instance = serveInstanceMetadata(account, role);
  container = serveContainerCredentials(account, role!, "Basic sandbox");
  writeFileSync(tokenFile, `${await issuer.token()}\n`);
});
afterAll(async () => {
  await aws.stop();
  await instance[Symbol.asyncDispose]();
  await container[Symbol.asyncDispose]();
});

/** A home whose files of AWS have these contents, with an `aws` that names the profile it was asked for. */
function home(files: Record<string, string>): Record<string, string> {
  const made = tempFolderUntil(onTestFinished);
  mkdirSync(join(made, ".aws"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, ".aws", name), text);
  const answer = { Version: 1, AccessKeyId: "ASIAPROFILE0000000000", SecretAccessKey: "x", SessionToken: "y" };
  const expiration = "2099-01-01T00:00:00Z";
  writeFileSync(
    join(made, "aws"),
    `#!/bin/sh\necho "$*" > ${made}/asked\necho '${JSON.stringify({ ...answer, Expiration: expiration })}'\n`,
  );
  chmodSync(join(made, "aws"), 0o755);
  return { HOME: made, PATH: `${made}:/usr/bin:/bin` };
}
const everything = () => ({
  ...keys,
  AWS_PROFILE: "server",
  AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  AWS_ROLE_ARN: `arn:aws:iam::${account.id}:role/${role!.name}`,
  AWS_ENDPOINT_URL_STS: aws.stsUrl,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/v1/credentials`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: "Basic sandbox",
  AWS_EC2_METADATA_SERVICE_ENDPOINT: instance.url,
});
/** Which source gave them. */
function sourceOf({ accessKeyId }: ExpiringCredentials): string {
  if (accessKeyId === keys.AWS_ACCESS_KEY_ID) return "variables";
  if (accessKeyId === "ASIAPROFILE0000000000") return "profile";
  return account.credentials(accessKeyId)!.sessionName;
}
const withDefault = { credentials: "[default]\naws_access_key_id = AKIA\n" };

describe("the credentials of a server are taken from", () => {
  test.each<[string, string[], Record<string, string>, string]>([
    ["variables before all else", [], withDefault, "variables"],
    ["AWS_PROFILE before what the platform gives", ["AWS_ACCESS_KEY_ID"], withDefault, "profile"],
    [
      "web identity (IRSA) before the default profile",
      ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"],
      withDefault,
      "vouch-server",
    ],
    [
      "the default profile before the container's role",
      ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"],
      { config: "[profile other]\nregion = x\n\n[default]\nregion = us-east-1\ncredential_process = x\n" },
      "profile",
    ],
    [
      "the container's role where the default profile has a region alone",
      ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"],
      { config: "[default]\nregion = us-east-1\n[profile other]\nrole_arn = x\n" },
      "i-0abcdef1234567890",
    ],
    [
      "the instance's role where there is nothing else",
      ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"],
      {},
      "i-0abcdef1234567890",
    ],
  ])("%s", async (_title, without, files, source) => {
    const env = Object.fromEntries(Object.entries(everything()).filter(([name]) => !without.includes(name)));
    const before = { container: container.asked.length, instance: instance.asked.length };
    expect(sourceOf(await detectedCredentials({ ...env, ...home(files) }, region))).toBe(source);
    const isContainer = source.startsWith("i-") && !without.includes("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    expect(container.asked.length > before.container).toBe(isContainer);
    expect(instance.asked.length > before.instance).toBe(source.startsWith("i-") && !isContainer);
  });

  test("the token file as it is at that time, with the session's name of the environment", async () => {
    const file = join(folder, "replaced");
    const { AWS_ROLE_ARN, AWS_ENDPOINT_URL_STS } = everything();
    const env = { AWS_ROLE_ARN, AWS_ENDPOINT_URL_STS, AWS_WEB_IDENTITY_TOKEN_FILE: file };
    expect((await rejection(detectedCredentials(env, region))).message).toContain("cannot be read: it does not exist");
    writeFileSync(file, "no token");
    expect((await rejection(detectedCredentials(env, region))).message).toContain(
      "Expected an OpenID Connect ID token",
    );
    writeFileSync(file, await issuer.token());
    expect(sourceOf(await detectedCredentials({ ...env, AWS_ROLE_SESSION_NAME: "replica-1" }, region))).toBe(
      "replica-1",
    );
  });
});

test.each<[string, Record<string, string>]>([
  ["half of a key", { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE" }],
  ["a profile without the AWS CLI", { AWS_PROFILE: "server", PATH: "/nonexistent" }],
  ["a token file without a role", { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }],
  ["nothing at all", { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" }],
])("a server with %s is told what a server can do", async (_title, env) => {
  const { code, message, hint } = await rejection(detectedCredentials(env, region));
  expect(code).toBe("identity_unavailable");
  expect(hint).toMatch(/AWS_WEB_IDENTITY_TOKEN_FILE|service account/);
  expect(`${message} ${hint}`).not.toMatch(/identity aws-|another identity|--identity/i);
});

test("a role that does not trust the server's token is refused in a server's words", async () => {
  const env = { ...everything(), AWS_ROLE_ARN: `arn:aws:iam::${account.id}:role/none` };
  const { AWS_ACCESS_KEY_ID: _key, AWS_PROFILE: _profile, ...rest } = env;
  const { code, hint } = await rejection(detectedCredentials(rest, region));
  expect(code).toBe("access_denied");
  expect(hint).toContain("run `vouch server check`");
  expect(hint).not.toMatch(/vouch login|TagSession/);
});

describe("kept credentials", () => {
  const next = (name: string, expiration: number) => ({
    accessKeyId: name,
    secretAccessKey: new Secret("x"),
    expiration,
  });

  test("are fetched once for all who wait, and again after a failure when they have ended", async () => {
    let time = 1000;
    let fetched = 0;
    let isAway = false;
    const kept = new RenewedCredentials(
      async () => {
        fetched += 1;
        if (isAway) throw new Error("away");
        return next(`key-${fetched}`, time + 3600);
      },
      () => time,
    );
    const first = await Promise.all([kept.get(), kept.get(), kept.get()]);
    expect(first.map(({ accessKeyId }) => accessKeyId)).toEqual(["key-1", "key-1", "key-1"]);
    time += 3200;
    expect((await kept.get()).accessKeyId).toBe("key-1");
    isAway = true;
    time += 390;
    expect(await kept.get().catch((error: unknown) => (error as Error).message)).toBe("away");
    isAway = false;
    expect((await kept.get()).expiration).toBe(time + 3600);
  });

  test("are given without a wait while they are good, and renewed meanwhile", async () => {
    let time = 1000;
    const fetches: PromiseWithResolvers<ExpiringCredentials>[] = [];
    const kept = new RenewedCredentials(
      () => {
        fetches.push(Promise.withResolvers());
        return fetches.at(-1)!.promise;
      },
      () => time,
    );
    const first = kept.get();
    fetches[0]!.resolve(next("first", 4600));
    await first;
    time = 4400;
    for (let asked = 0; asked < 3; asked++) expect((await kept.get()).accessKeyId).toBe("first");
    expect(fetches).toHaveLength(2);
    // A source that is away is not asked at every request.
    fetches[1]!.reject(new Error("away"));
    await Bun.sleep(0);
    expect((await kept.get()).accessKeyId).toBe("first");
    expect(fetches).toHaveLength(2);
    time += 10;
    expect((await kept.get()).accessKeyId).toBe("first");
    expect(fetches).toHaveLength(3);
    fetches[2]!.resolve(next("second", 8000));
    await Bun.sleep(0);
    expect((await kept.get()).accessKeyId).toBe("second");
  });
});
