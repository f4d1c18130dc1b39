/** The client of AWS KMS against the sandbox's, and the sandbox's against the AWS CLI. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { createHash, createPublicKey, verify } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { detectedCredentials } from "../../src/aws/credentials/detected.ts";
import { kmsDecrypt, kmsEncrypt, kmsPublicKey, kmsSign, parseKeyArn, type KmsRequest } from "../../src/aws/kms.ts";
import { Secret } from "../../src/base/secret.ts";
import { rejection } from "../rejection.ts";
import { requires } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";
import { Account } from "../sandbox/aws/account.ts";
import { Kms, serveKms } from "../sandbox/aws/kms.ts";

const id = "123456789012";
const region = "us-east-1";
const context = { "vouch:issuer": "https://vouch.example.com", "vouch:kid": "kid" };
const secret = new Uint8Array(32).fill(7);
const all = ["kms:Encrypt", "kms:Decrypt", "kms:Sign", "kms:GetPublicKey"];

let account: Account;
let kms: Kms;
let served: ReturnType<typeof serveKms>;
let symmetric: string;
let asymmetric: string;
let env: Record<string, string>;
beforeAll(() => {
  account = new Account({
    id,
    roles: [
      {
        name: "vouch-server",
        maxSessionDuration: 3600,
        trustPolicy: { Version: "2012-10-17", Statement: [] },
        permissions: [{ Effect: "Allow", Action: all, Resource: `arn:aws:kms:${region}:${id}:key/*` }],
      },
    ],
  });
  kms = new Kms(account, region);
  served = serveKms(kms);
  symmetric = kms.createKey("SYMMETRIC_DEFAULT");
  asymmetric = kms.createKey("ECC_NIST_P256");
});
afterAll(() => served.stop());
beforeEach(() => {
  account.deniedActions.clear();
  const { accessKeyId, secretAccessKey, sessionToken } = account.issueCredentials(account.roles[0]!, "server", 3600);
  env = {
    AWS_ENDPOINT_URL_KMS: served.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
});

const asking = async (keyArn: string): Promise<KmsRequest> => ({
  keyArn,
  env,
  credentials: await detectedCredentials(env, region),
});

describe("KMS", () => {
  test("decrypts what it has encrypted, with the same key and the same context alone", async () => {
    const ciphertext = await kmsEncrypt(await asking(symmetric), secret, context);
    const turned = Object.fromEntries(Object.entries(context).toReversed());
    expect(await kmsDecrypt(await asking(symmetric), ciphertext, turned)).toEqual(secret);
    const otherKey = kms.createKey("SYMMETRIC_DEFAULT");
    const changed = Uint8Array.from(ciphertext);
    changed[changed.length - 1]! ^= 1;
    for (const [key, blob, other] of [
      [otherKey, ciphertext, context],
      [symmetric, ciphertext, { ...context, "vouch:kid": "another" }],
      [symmetric, ciphertext, {}],
      [symmetric, changed, context],
    ] as const) {
      expect(await rejection(kmsDecrypt(await asking(key), blob, other))).toMatchObject({ code: "settings_invalid" });
    }
  });

  test("signs a digest with a key whose public key verifies it", async () => {
    const data = Buffer.from("signed");
    const { spki, spec, usage } = await kmsPublicKey(await asking(asymmetric));
    expect({ spec, usage }).toEqual({ spec: "ECC_NIST_P256", usage: "SIGN_VERIFY" });
    const signature = await kmsSign(await asking(asymmetric), createHash("sha256").update(data).digest());
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    expect(verify("sha256", data, key, signature)).toBe(true);
    const short = kmsSign(await asking(asymmetric), new Uint8Array(31));
    expect(await rejection(short)).toMatchObject({
      code: "aws_error",
      message: expect.stringContaining("Digest is invalid"),
    });
  });

  test("says which permission, key or setting is wrong", async () => {
    account.deniedActions.add("kms:Encrypt");
    expect(await rejection(kmsEncrypt(await asking(symmetric), secret, context))).toMatchObject({
      code: "access_denied",
      hint: expect.stringContaining("kms:Encrypt"),
    });
    account.deniedActions.clear();
    const gone = `arn:aws:kms:${region}:${id}:key/gone`;
    expect(await rejection(kmsEncrypt(await asking(gone), secret, context))).toMatchObject({
      code: "aws_error",
      message: expect.stringContaining("NotFoundException"),
    });
    kms.setState(symmetric, "Disabled");
    onTestFinished(() => kms.setState(symmetric, "Enabled"));
    expect(await rejection(kmsEncrypt(await asking(symmetric), secret, context))).toMatchObject({
      code: "aws_error",
      message: expect.stringContaining("DisabledException"),
      hint: expect.stringContaining(`aws kms enable-key --key-id ${symmetric}`),
    });
    for (const request of [
      kmsEncrypt(await asking(asymmetric), secret, context),
      kmsPublicKey(await asking(symmetric)),
    ]) {
      expect(await rejection(request)).toMatchObject({ code: "aws_error" });
    }
    const wrong = {
      ...(await asking(asymmetric)),
      credentials: { accessKeyId: "A".repeat(20), secretAccessKey: new Secret("x") },
    };
    expect((await rejection(kmsSign(wrong, new Uint8Array(32)))).code).toBe("aws_error");
  });

  test.each<[string, number, string, string]>([
    ["AccessDeniedException", 400, "access_denied", "Allow kms:Sign on the key"],
    ["InvalidCiphertextException", 400, "settings_invalid", "vouch server signing-keys list"],
    ["IncorrectKeyException", 400, "settings_invalid", "vouch server signing-keys list"],
    ["NotFoundException", 400, "aws_error", "aws kms describe-key --key-id arn:aws:kms:"],
    ["DisabledException", 400, "aws_error", "aws kms enable-key --key-id arn:aws:kms:"],
    ["KMSInvalidStateException", 400, "aws_error", "aws kms cancel-key-deletion --key-id arn:aws:kms:"],
    ["InvalidKeyUsageException", 400, "aws_error", "ECC_NIST_P256 for SIGN_VERIFY"],
    ["UnsupportedOperationException", 400, "aws_error", "ECC_NIST_P256 for SIGN_VERIFY"],
    ["ExpiredTokenException", 400, "aws_error", "do not renew themselves"],
    ["UnrecognizedClientException", 400, "aws_error", "a key of another region"],
    ["InvalidSignatureException", 400, "aws_error", "clock of this machine"],
    ["SomethingNewException", 400, "aws_error", "vouch server check"],
    ["SomethingNewException", 403, "access_denied", "vouch server check"],
    ["", 404, "network", "did not come from AWS"],
  ])("that answers %p with %d gives a server the next step", async (awsCode, status, code, hint) => {
    kms.failNext({ status, code: awsCode, message: "said by AWS" });
    const error = await rejection(kmsSign(await asking(asymmetric), new Uint8Array(32)));
    expect({ code: error.code, message: error.message, hint: error.hint }).toEqual({
      code: code as never,
      message: expect.stringMatching(/^AWS KMS \w+( at)? Sign for arn:aws:kms:.*: said by AWS/),
      hint: expect.stringContaining(hint),
    });
    expect(error.hint).not.toMatch(/vouch (doctor|login|setup)|--role|the job/);
  });

  test("is asked again when it throttles or fails for a moment", async () => {
    kms.failNext({ status: 400, code: "ThrottlingException", message: "Rate exceeded" });
    kms.failNext({ status: 500, code: "KMSInternalException", message: "" });
    const before = kms.calls.Sign;
    await kmsSign(await asking(asymmetric), new Uint8Array(32));
    expect(kms.calls.Sign - before).toBe(3);
  });

  test.each([
    "alias/vouch",
    "arn:aws:kms:us-east-1:123456789012:alias/vouch",
    "arn:aws:kms:us-east-1:123456789012:key/a/b",
    "arn:aws:kms:evil.example:123456789012:key/a",
    "arn:aws:iam::123456789012:role/a",
    "",
  ])("is not asked for the key %p, which is no key's ARN", async (arn) => {
    expect((await rejection(() => parseKeyArn(arn))).code).toBe("usage");
    expect((await rejection(kmsSign(await asking(arn), new Uint8Array(32)))).code).toBe("usage");
  });

  test.skipIf(!requires("aws"))("in the sandbox is one to the AWS CLI as well", async () => {
    const folder = tempFolderUntil(onTestFinished);
    writeFileSync(join(folder, "digest"), createHash("sha256").update("signed").digest());
    const aws = async (...args: string[]) => {
      const command = ["aws", "kms", ...args, "--region", region, "--output", "json", "--endpoint-url", served.url];
      const child = Bun.spawn(command, {
        stdio: ["ignore", "pipe", "pipe"],
        cwd: folder,
        env: { PATH: process.env["PATH"], HOME: folder, ...env },
      });
      const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      expect(err).toBe("");
      return JSON.parse(out);
    };
    const { PublicKey } = await aws("get-public-key", "--key-id", asymmetric);
    const how = ["--message-type", "DIGEST", "--signing-algorithm", "ECDSA_SHA_256"];
    const { Signature } = await aws("sign", "--key-id", asymmetric, "--message", "fileb://digest", ...how);
    const key = createPublicKey({ key: Buffer.from(PublicKey, "base64"), format: "der", type: "spki" });
    expect(verify("sha256", Buffer.from("signed"), key, Buffer.from(Signature, "base64"))).toBe(true);
  });
});
