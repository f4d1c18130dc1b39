/** A Vouch server whose signing keys AWS KMS encrypts, or keeps: as processes, with the sandbox's KMS. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, spyOn, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { Secret } from "../../../src/base/secret.ts";
import { openKmsSigner, kmsKek, kmsSigningKey } from "../../../src/server/signing/kms.ts";
import { Issuer } from "../../../src/server/oauth/issuer.ts";
import { KeyRing } from "../../../src/server/signing/key-ring.ts";
import { Opening } from "../../../src/server/signing/opening.ts";
import { SigningUnavailableError } from "../../../src/server/signing/unavailable.ts";
import { makeSigningKey, unprotectKey } from "../../../src/server/signing/signing-key.ts";
import { decryptRefreshToken, encryptRefreshToken } from "../../../src/server/sso/recheck/refresh-token.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { rejection } from "../../rejection.ts";
import { Account } from "../../sandbox/aws/account.ts";
import { Kms, serveKms } from "../../sandbox/aws/kms.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const nextTurn = () => new Promise(setImmediate);
const main = new URL("../../../src/main.ts", import.meta.url).pathname;
const folder = tempFolderUntil(afterAll);
const id = "123456789012";
const issuer = "https://vouch.example.com";
const account = new Account({
  id,
  roles: [
    {
      name: "vouch-server",
      maxSessionDuration: 3600,
      trustPolicy: { Version: "2012-10-17", Statement: [] },
      permissions: [
        { Effect: "Allow", Action: ["kms:Sign", "kms:GetPublicKey"], Resource: `arn:aws:kms:us-east-1:${id}:key/*` },
        {
          Effect: "Allow",
          Action: ["kms:Encrypt", "kms:Decrypt"],
          Resource: `arn:aws:kms:us-east-1:${id}:key/*`,
          Condition: { StringEquals: { "kms:EncryptionContext:vouch:issuer": issuer } },
        },
      ],
    },
  ],
});
const kms = new Kms(account, "us-east-1");
let served: ReturnType<typeof serveKms>;
let env: Record<string, string>;
beforeAll(() => {
  served = serveKms(kms);
  const { accessKeyId, secretAccessKey, sessionToken } = account.issueCredentials(account.roles[0]!, "server", 3600);
  env = {
    AWS_ENDPOINT_URL_KMS: served.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
});
afterAll(() => served.stop());
beforeEach(() => {
  kms.outage = undefined;
  account.deniedActions.clear();
});

function start(database: string, args: string[]) {
  const all = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", VOUCH_DATABASE: database, ...env };
  return Bun.spawn([process.execPath, main, "server", ...args], {
    env: all,
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
}
async function vouch(database: string, ...args: string[]) {
  const child = start(database, args);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}
async function run(database: string, ...args: string[]) {
  const child = start(database, ["run", "--listen", "127.0.0.1:0", ...args]);
  const { value } = await child.stdout.getReader().read();
  const address = /listening on (\S+)\n/.exec(Buffer.from(value ?? []).toString())?.[1];
  if (address === undefined) throw new Error(await child.stderr.text());
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
      return await child.stderr.text();
    },
  };
}

test("a refresh token that KMS encrypts is bound to its identity by the encryption context", async () => {
  const kek = kmsKek(kms.createKey("SYMMETRIC_DEFAULT"), env);
  const owner = { server: issuer, issuer: "https://login.example.com", subject: "sub-1" };
  const kept = await encryptRefreshToken(new Secret("token"), owner, kek);
  expect((await decryptRefreshToken(kept, owner, kek)).expose()).toBe("token");
  for (const other of [
    { ...owner, subject: "sub-2" },
    { ...owner, issuer: "https://login.example.org" },
  ]) {
    expect(await rejection(decryptRefreshToken(kept, other, kek))).toMatchObject({ code: "settings_invalid" });
  }
  const asKey = { of: "signing key", issuer, kid: "sub-1" } as const;
  expect(await rejection(kek.unprotect(JSON.parse(kept), asKey))).toMatchObject({ code: "settings_invalid" });
});

describe("a signing key that KMS encrypts", () => {
  test("is bound to the server and its kid by the encryption context, and opened by that KMS key alone", async () => {
    const kek = kmsKek(kms.createKey("SYMMETRIC_DEFAULT"), env);
    const key = await makeSigningKey(issuer, kek);
    expect(JSON.parse(key.jwk)).not.toHaveProperty("d");
    expect(JSON.parse((await unprotectKey(key, issuer, kek)).jwk)).toHaveProperty("d");
    const stranger = await makeSigningKey(issuer, kek);
    const other = kmsKek(kms.createKey("SYMMETRIC_DEFAULT"), env);
    expect(await rejection(unprotectKey({ ...key, kid: stranger.kid }, issuer, kek))).toMatchObject({
      code: "settings_invalid",
    });
    expect(await rejection(unprotectKey(key, issuer, other))).toMatchObject({ code: "settings_invalid" });
    // The role's policy allows this server's keys only.
    expect(await rejection(unprotectKey(key, "https://other.example.com", kek))).toMatchObject({
      code: "access_denied",
      hint: expect.stringContaining("kms:Decrypt"),
    });
  });

  test("is decrypted once when the server starts, which it does not where the role may not", async () => {
    const database = `sqlite:${join(folder, "kek.db")}`;
    const source = ["--key-encryption-key", `aws-kms:${kms.createKey("SYMMETRIC_DEFAULT")}`];
    expect(await vouch(database, "init", "--url", issuer, ...source)).toMatchObject({ code: 0, stderr: "" });
    expect((await vouch(database, "signing-keys", "list")).stdout).toContain("  encrypted by arn:aws:kms:");
    const before = kms.calls.Decrypt;
    const server = await run(database, ...source);
    for (let index = 0; index < 5; index++) expect((await fetch(`${server.address}/readyz`)).status).toBe(200);
    expect(await server.stop()).not.toContain("signing_keys_");
    expect(kms.calls.Decrypt - before).toBe(1);
    account.deniedActions.add("kms:Decrypt");
    const refused = await vouch(database, "run", "--listen", "127.0.0.1:0", ...source);
    expect(refused).toMatchObject({ code: 5, stdout: "", stderr: expect.stringContaining("kms:Decrypt") });
  });
});

describe("a signing key that stays in KMS", () => {
  test("signs tokens that its public key verifies, in the life of keys as any other", async () => {
    const database = `sqlite:${join(folder, "asymmetric.db")}`;
    const first = kms.createKey("ECC_NIST_P256");
    const made = await vouch(database, "init", "--url", issuer, "--signing-key", `aws-kms:${first}`);
    expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: "" });
    expect(made.stdout).not.toContain("in clear text");
    expect((await vouch(database, "signing-keys", "list")).stdout).toEndWith(`  in ${first}\n`);
    expect((await vouch(database, "backup", "kms-copy.db")).stdout).toContain("stay in AWS KMS");
    const server = await run(database, "--rotate-every", "90d");
    expect((await fetch(`${server.address}/readyz`)).status).toBe(200);
    expect(await server.stop()).not.toContain("signing_keys_");

    const plain = await vouch(database, "signing-keys", "rotate");
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 1, stdout: "" });
    expect(plain.stderr).toMatch(/would be in clear text[^]*--signing-key aws-kms:KEY-ARN/);
    const second = kms.createKey("ECC_NIST_P256");
    const rotated = await vouch(database, "signing-keys", "rotate", "--now", "--signing-key", `aws-kms:${second}`);
    expect({ code: rotated.code, stderr: rotated.stderr }).toEqual({ code: 0, stderr: "" });
    const store = await openStore(database, { create: false, now: 0 });
    const now = () => Math.floor(Date.now() / 1000) + 1;
    const keys = (await store.signingKeys.all()).map((key) => JSON.parse(key.protection!).arn);
    expect(keys).toEqual([first, second]);
    for (const [name, value] of Object.entries(env)) process.env[name] = value;
    const ring = await KeyRing.open({ store, issuer, protector: undefined, now });
    const session = {
      user: { id: "00000000-0000-4000-8000-000000000000", email: "dev@example.com", disabled: false },
      credentialId: "key",
      createdAt: now(),
      expiresAt: now() + 1000,
    };
    const { jwt } = await new Issuer(issuer, ring, { tagEmail: false }).issueIdToken(session, {
      audience: "sts.amazonaws.com",
      jti: "id",
      now: now(),
      purpose: "read",
      groups: [],
    });
    for (const name of Object.keys(env)) delete process.env[name];
    await store.close();
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(ring.jwks() as never), { issuer });
    expect(payload.sub).toBe(session.user.id);
    expect(protectedHeader).toEqual({ alg: "ES256", kid: ring.signer().kid, typ: "JWT" });
  });

  test("may follow keys that are encrypted", async () => {
    const database = `sqlite:${join(folder, "from-kek.db")}`;
    const kek = ["--key-encryption-key", `aws-kms:${kms.createKey("SYMMETRIC_DEFAULT")}`];
    expect((await vouch(database, "init", "--url", issuer, ...kek)).code).toBe(0);
    const arn = kms.createKey("ECC_NIST_P256");
    expect(await vouch(database, "signing-keys", "rotate", "--signing-key", `aws-kms:${arn}`)).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  test("is taken only if it is of that kind, exists, and signs", async () => {
    const database = `sqlite:${join(folder, "refused.db")}`;
    expect((await vouch(database, "init", "--url", issuer)).code).toBe(0);
    const rotate = (place: string) => vouch(database, "signing-keys", "rotate", "--signing-key", place);
    for (const [place, code, words] of [
      [`aws-kms:${kms.createKey("RSA_2048")}`, 1, "is no signing key"],
      [`aws-kms:${kms.createKey("ECC_NIST_P256", "KEY_AGREEMENT")}`, 1, "is ECC_NIST_P256 for KEY_AGREEMENT"],
      [`aws-kms:${kms.createKey("SYMMETRIC_DEFAULT")}`, 1, "UnsupportedOperationException"],
      [`aws-kms:arn:aws:kms:us-east-1:${id}:key/none`, 1, "NotFoundException"],
      ["aws-kms:alias/vouch", 2, "Expected the ARN of a KMS key"],
      ["file:/etc/vouch/key", 2, "Expected --signing-key"],
      ["file:/etc/vouch/key", 2, "aws kms create-key"],
    ] as const) {
      const refused = await rotate(place);
      expect({ place, code: refused.code, stdout: refused.stdout }).toEqual({ place, code, stdout: "" });
      expect(refused.stderr).toContain(words);
    }
    account.deniedActions.add("kms:Sign");
    expect((await rotate(`aws-kms:${kms.createKey("ECC_NIST_P256")}`)).stderr).toContain("kms:Sign");
    expect(JSON.parse((await vouch(database, "signing-keys", "list", "--json")).stdout)).toHaveLength(1);
  });

  test("is asked by who wants to know whether it signs, and after a failure, and by no idle server", async () => {
    const arn = kms.createKey("ECC_NIST_P256");
    const key = await kmsSigningKey(arn, env);
    const opened = await openKmsSigner(key, arn, env);
    const opening = new Opening(key.kid);
    opening.begin(async () => opened);
    await opening.settled(60_000);
    const before = kms.calls.Sign;
    let aheadMs = 0;
    const real = performance.now.bind(performance);
    const clock = spyOn(performance, "now").mockImplementation(() => real() + aheadMs);
    onTestFinished(() => clock.mockRestore());
    /** What a server does at intervals. */
    const look = () => {
      aheadMs += 3_600_000;
      opening.begin(async () => opened);
      return opening.failure();
    };
    for (let round = 0; round < 3; round++) expect(look()).toBeUndefined();
    expect(kms.calls.Sign).toBe(before);
    kms.outage = { status: 400, code: "DisabledException", message: "" };
    aheadMs += 3_600_000;
    opening.check();
    while (opening.failure() === undefined) await nextTurn();
    kms.outage = undefined;
    while (look() !== undefined) await nextTurn();
    expect(kms.calls.Sign).toBeGreaterThan(before);
  });

  test("gives no signature and no hang while KMS throttles, fails or is silent, and signs again afterwards", async () => {
    const arn = kms.createKey("ECC_NIST_P256");
    const key = await kmsSigningKey(arn, env);
    const signer = await openKmsSigner(key, arn, env);
    const data = new TextEncoder().encode("data");
    expect(signer.failure()).toBeUndefined();
    for (const outage of [
      { status: 400, code: "ThrottlingException", message: "Rate exceeded" },
      { status: 503, code: "DependencyTimeoutException", message: "" },
      "silent" as const,
    ]) {
      kms.outage = outage;
      expect(await signer.sign(data).catch((error: unknown) => error)).toBeInstanceOf(SigningUnavailableError);
      expect(signer.failure()).toBeInstanceOf(SigningUnavailableError);
      kms.outage = undefined;
      expect(await signer.sign(data)).toHaveLength(64);
      expect(signer.failure()).toBeUndefined();
    }
  });

  test("gives no signature and no hang while the credentials do not come", async () => {
    const role = account.issueCredentials(account.roles[0]!, "server", 3600);
    let isSilent = false;
    // EC2's service: a token, the role's name, then credentials that have nearly ended.
    const metadata = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        if (isSilent) await new Promise(() => {});
        const { pathname } = new URL(request.url);
        if (pathname === "/latest/api/token") return new Response("token");
        if (pathname.endsWith("/security-credentials/")) return new Response("vouch-server");
        return Response.json({
          Code: "Success",
          AccessKeyId: role.accessKeyId,
          SecretAccessKey: role.secretAccessKey,
          Token: role.sessionToken,
          Expiration: new Date(Date.now() + 5_000).toISOString(),
        });
      },
    });
    const onInstance = {
      HOME: folder,
      AWS_ENDPOINT_URL_KMS: served.url,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url.origin,
    };
    const arn = kms.createKey("ECC_NIST_P256");
    const signer = await openKmsSigner(await kmsSigningKey(arn, onInstance), arn, onInstance);
    isSilent = true;
    const failure: unknown = await signer.sign(new Uint8Array(1)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SigningUnavailableError);
    expect((failure as Error).message).toContain("no AWS credentials within 4 s");
    await metadata.stop(true);
  });

  test("that KMS does not sign with is reported, and the server goes on with what needs no signature", async () => {
    const database = `sqlite:${join(folder, "outage.db")}`;
    const arn = kms.createKey("ECC_NIST_P256");
    await vouch(database, "init", "--url", issuer, "--signing-key", `aws-kms:${arn}`);
    const server = await run(database);
    const signing = async (address: string) => {
      const response = await fetch(`${address}/readyz`);
      expect(response.status).toBe(200);
      return ((await response.json()) as { signing: string }).signing;
    };
    expect(await signing(server.address)).toBe("ok");
    kms.setState(arn, "Disabled");
    while ((await signing(server.address)) !== "unavailable") await Bun.sleep(50);
    expect((await fetch(`${server.address}/.well-known/jwks.json`)).status).toBe(200);
    kms.setState(arn, "Enabled");
    while ((await signing(server.address)) !== "ok") await Bun.sleep(50);
    expect(await server.stop()).toContain("DisabledException");

    kms.outage = "silent";
    const started = await run(database);
    expect(await signing(started.address)).toBe("unavailable");
    expect((await fetch(`${started.address}/.well-known/jwks.json`)).status).toBe(200);
    kms.outage = undefined;
    while ((await signing(started.address)) !== "ok") await Bun.sleep(50);
    expect(await started.stop()).not.toContain("Exception");

    // It does not pass by itself.
    kms.setState(arn, "PendingDeletion");
    const refused = await vouch(database, "run", "--listen", "127.0.0.1:0");
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/AWS KMS refused Sign[^]*cancel-key-deletion/);
  });

  test("is lost only if KMS says that it is gone, and not where nobody can tell", async () => {
    const database = `sqlite:${join(folder, "lost.db")}`;
    const arn = kms.createKey("ECC_NIST_P256");
    await vouch(database, "init", "--url", issuer, "--signing-key", `aws-kms:${arn}`);
    writeFileSync(join(folder, "kek-2"), Buffer.alloc(32, 3).toString("base64"), { mode: 0o600 });
    const replaceLost = () =>
      vouch(database, "signing-keys", "replace-lost", "--key-encryption-key", `file:${join(folder, "kek-2")}`);
    account.deniedActions.add("kms:Sign");
    expect(await replaceLost()).toMatchObject({ code: 5, stdout: "", stderr: expect.stringContaining("kms:Sign") });
    account.deniedActions.clear();
    kms.outage = { status: 400, code: "KMSInvalidStateException", message: `${arn} is unavailable.` };
    expect(await replaceLost()).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("unavailable") });
    kms.outage = undefined;
    const secret = env["AWS_SECRET_ACCESS_KEY"]!;
    delete env["AWS_SECRET_ACCESS_KEY"];
    const stranger = await replaceLost().finally(() => (env["AWS_SECRET_ACCESS_KEY"] = secret));
    expect(stranger.code).not.toBe(0);
    const list = async () => JSON.parse((await vouch(database, "signing-keys", "list", "--json")).stdout);
    expect(await list()).toMatchObject([{ state: "signing", protection: { by: "aws-kms-key" } }]);
    kms.setState(arn, "PendingDeletion");
    expect(await replaceLost()).toMatchObject({ code: 0, stderr: "" });
    expect(await list()).toMatchObject([{ state: "signing", protection: { by: "kek" } }]);
  });
});
