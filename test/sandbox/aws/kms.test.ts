/** The sandbox's KMS against the API reference: every documented member, kinds and states of keys, no other member. */
import { beforeEach, describe, expect, test } from "bun:test";
import { signRequest } from "../../../src/aws/sigv4.ts";
import { Secret } from "../../../src/base/secret.ts";
import { Account } from "./account.ts";
import { Kms } from "./kms.ts";
import type { KmsOperation } from "./kms-model.ts";

const region = "us-east-1";
const account = new Account({
  id: "123456789012",
  roles: [
    {
      name: "server",
      maxSessionDuration: 3600,
      trustPolicy: { Version: "2012-10-17", Statement: [] },
      permissions: [{ Effect: "Allow", Action: ["kms:*"], Resource: "*" }],
    },
  ],
});
let kms: Kms;
let symmetric: string;
let signing: string;
beforeEach(() => {
  kms = new Kms(account, region);
  symmetric = kms.createKey("SYMMETRIC_DEFAULT");
  signing = kms.createKey("ECC_NIST_P256");
});

async function ask(operation: KmsOperation, message: object) {
  const issued = account.issueCredentials(account.roles[0]!, "server", 3600);
  const credentials = {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: new Secret(issued.secretAccessKey),
    sessionToken: new Secret(issued.sessionToken),
  };
  const body = JSON.stringify(message);
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${operation}` };
  const signed = await signRequest(
    { method: "POST", endpoint: `https://kms.${region}.amazonaws.com`, path: "/", headers, body },
    { service: "kms", region, credentials, date: new Date() },
  );
  const request = new Request(signed.url, {
    method: "POST",
    headers: { ...signed.headers, host: new URL(signed.url).host },
    body,
  });
  const response = await kms.handle(request);
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer, code: answer["__type"] };
}

const Plaintext = Buffer.from("secret").toString("base64");
const Message = Buffer.alloc(32, 1).toString("base64");
const sign = (more: object) =>
  ask("Sign", { KeyId: signing, Message, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256", ...more });

test("takes every member that the reference has, and the key by its id too", async () => {
  const EncryptionContext = { "vouch:kid": "kid" };
  const more = { EncryptionContext, EncryptionAlgorithm: "SYMMETRIC_DEFAULT", GrantTokens: [], DryRun: false };
  const encrypted = await ask("Encrypt", { KeyId: symmetric.split("/")[1], Plaintext, ...more });
  expect(encrypted).toMatchObject({
    status: 200,
    answer: { KeyId: symmetric, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" },
  });
  const { CiphertextBlob } = encrypted.answer;
  expect(await ask("Decrypt", { CiphertextBlob, ...more })).toMatchObject({
    status: 200,
    answer: { KeyId: symmetric, Plaintext, KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect((await sign({ GrantTokens: [], DryRun: false })).status).toBe(200);
  expect((await ask("GetPublicKey", { KeyId: signing, GrantTokens: [] })).status).toBe(200);
});

describe("refuses", () => {
  test.each<[string, object, string]>([
    ["a dry run that would succeed", { DryRun: true }, "DryRunOperationException"],
    ["a grant token, for there are no grants", { GrantTokens: ["token"] }, "InvalidGrantTokenException"],
    ["eleven grant tokens", { GrantTokens: Array.from({ length: 11 }, () => "token") }, "ValidationException"],
    ["an algorithm that there is not", { SigningAlgorithm: "ECDSA_SHA_1" }, "ValidationException"],
    ["an algorithm of other keys", { SigningAlgorithm: "ECDSA_SHA_384" }, "InvalidKeyUsageException"],
    ["a message of ML-DSA", { MessageType: "EXTERNAL_MU" }, "ValidationException"],
    ["an empty message", { Message: "" }, "ValidationException"],
    ["a member that there is not", { KeyID: "x" }, "ValidationException"],
  ])("%s", async (_title, more, code) => {
    expect(await sign(more)).toMatchObject({ status: 400, code });
  });

  test("what a key is not for", async () => {
    const agreement = kms.createKey("ECC_NIST_P256", "KEY_AGREEMENT");
    expect(await sign({ KeyId: agreement })).toMatchObject({ status: 400, code: "InvalidKeyUsageException" });
    const rsa = kms.createKey("RSA_2048", "ENCRYPT_DECRYPT");
    expect(await ask("Encrypt", { KeyId: rsa, Plaintext })).toMatchObject({ code: "InvalidKeyUsageException" });
    expect(() => kms.createKey("SYMMETRIC_DEFAULT", "SIGN_VERIFY")).toThrow("no key of");
  });
});

test.each([
  ["ECC_NIST_P256", "SIGN_VERIFY", { SigningAlgorithms: ["ECDSA_SHA_256"] }],
  ["ECC_NIST_P256", "KEY_AGREEMENT", { KeyAgreementAlgorithms: ["ECDH"] }],
  ["RSA_2048", "ENCRYPT_DECRYPT", { EncryptionAlgorithms: ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"] }],
] as const)("names what a key of %s for %s can do", async (spec, usage, algorithms) => {
  const { answer } = await ask("GetPublicKey", { KeyId: kms.createKey(spec, usage) });
  expect(answer).toMatchObject({ KeySpec: spec, KeyUsage: usage, ...algorithms });
  expect(Object.keys(answer).filter((member) => member.endsWith("Algorithms"))).toEqual(Object.keys(algorithms));
});

test("a key that is disabled or waits for its deletion does nothing until it is enabled again", async () => {
  const code = async () => (await sign({})).code;
  kms.setState(signing, "Disabled");
  expect(await sign({})).toMatchObject({ status: 400, code: "DisabledException" });
  kms.setState(signing, "PendingDeletion");
  expect(await code()).toBe("KMSInvalidStateException");
  kms.pendingDeletionCode = "DisabledException";
  expect(await code()).toBe("DisabledException");
  kms.setState(signing, "Enabled");
  expect(await code()).toBeUndefined();
});
