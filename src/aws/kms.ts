/**
 * AWS KMS, API version 2014-11-01 (JSON 1.1): encrypting a secret of a few bytes, and signing with a key that KMS keeps.
 * https://docs.aws.amazon.com/kms/latest/APIReference/
 */
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import type { HttpResponse } from "../base/net/http.ts";
import { printable } from "../base/words/printable.ts";
import { callAws, type CallOptions } from "./call.ts";
import { controlEndpoint, endpointVariables } from "./endpoints.ts";
import { type AskedOf, whatLeadsElsewhere } from "./error-words.ts";
import { translate } from "./errors.ts";
import { AwsServiceError, waitAfterAwsFailure } from "./service-error.ts";
import { type AwsCredentials, signRequest } from "./sigv4.ts";

export interface KmsRequest extends CallOptions {
  /** `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`: an alias could be led to another key. */
  keyArn: string;
  credentials: AwsCredentials;
}

/** Authenticated with the ciphertext, and needed again to decrypt it; CloudTrail shows it. */
export type EncryptionContext = Readonly<Record<string, string>>;

const Base64 = v.pipe(
  v.string(),
  v.maxLength(16_384),
  v.regex(/^[A-Za-z0-9+/]+={0,2}$/),
  v.transform((text) => new Uint8Array(Buffer.from(text, "base64"))),
);
const EncryptAnswer = v.object({ CiphertextBlob: Base64, KeyId: v.string() });
const DecryptAnswer = v.object({ Plaintext: Base64, KeyId: v.string() });
const SignAnswer = v.object({ Signature: Base64, KeyId: v.string(), SigningAlgorithm: v.literal("ECDSA_SHA_256") });
const PublicKeyAnswer = v.object({
  PublicKey: Base64,
  KeyId: v.string(),
  KeySpec: v.string(),
  KeyUsage: v.string(),
});
const ErrorAnswer = v.object({
  __type: v.optional(v.string(), ""),
  message: v.optional(v.string()),
  Message: v.optional(v.string()),
});

/** Parses the ARN of a key; returns its region. Throws `usage`. */
export function parseKeyArn(arn: string): { region: string } {
  const match = /^arn:aws(?:-[a-z]+)*:kms:([a-z]{2,}(?:-[a-z]+)+-[0-9]+):[0-9]{12}:key\/[A-Za-z0-9-]{1,128}$/.exec(arn);
  if (match && arn.length <= 256) return { region: match[1]! };
  throw new VouchError(
    "usage",
    `Expected the ARN of a KMS key such as arn:aws:kms:us-east-1:123456789012:key/ID, got "${printable(arn.slice(0, 128))}".`,
    { hint: "Aliases are not taken: who may change one could lead it to another key." },
  );
}

/** Encrypts at most 4096 bytes. Throws `usage`, `access_denied`, `aws_error`, `network`, `timeout`, `cancelled`. */
export async function kmsEncrypt(
  request: KmsRequest,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const body = { KeyId: request.keyArn, Plaintext: base64(plaintext), EncryptionContext: context };
  return (await send(request, "Encrypt", EncryptAnswer, body)).CiphertextBlob;
}

/** Decrypts with this key alone. Throws as `kmsEncrypt`, and `settings_invalid` for a ciphertext of another key or context. */
export async function kmsDecrypt(
  request: KmsRequest,
  ciphertext: Uint8Array,
  context: EncryptionContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const body = { KeyId: request.keyArn, CiphertextBlob: base64(ciphertext), EncryptionContext: context };
  return (await send(request, "Decrypt", DecryptAnswer, body)).Plaintext;
}

/** Signs a SHA-256 digest with ECDSA; returns the signature in DER (RFC 3279, 2.2.3). Throws as `kmsEncrypt`. */
export async function kmsSign(request: KmsRequest, digest: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const body = {
    KeyId: request.keyArn,
    Message: base64(digest),
    MessageType: "DIGEST",
    SigningAlgorithm: "ECDSA_SHA_256",
  };
  return (await send(request, "Sign", SignAnswer, body)).Signature;
}

/** Returns the public key (SubjectPublicKeyInfo), and what the key is for. Throws as `kmsEncrypt`. */
export async function kmsPublicKey(
  request: KmsRequest,
): Promise<{ spki: Uint8Array<ArrayBuffer>; spec: string; usage: string }> {
  const { PublicKey, KeySpec, KeyUsage } = await send(request, "GetPublicKey", PublicKeyAnswer, {
    KeyId: request.keyArn,
  });
  return { spki: PublicKey, spec: KeySpec, usage: KeyUsage };
}

/** Whether AWS did not answer, or failed or throttled: the same request may work later. */
export function isAway(error: VouchError): boolean {
  return ["network", "timeout", "cancelled"].includes(error.code) || waitAfterAwsFailure(error.cause) !== undefined;
}

/** Whether KMS says that it has no such key, or that the key is disabled or about to be deleted. */
export function isGone({ cause }: VouchError): boolean {
  if (!(cause instanceof AwsServiceError)) return false;
  if (["NotFoundException", "DisabledException"].includes(cause.awsCode)) return true;
  // The same code has states that pass, such as Creating and Unavailable.
  return cause.awsCode === "KMSInvalidStateException" && /pending( replica)? deletion/i.test(cause.message);
}

type Operation = "Encrypt" | "Decrypt" | "Sign" | "GetPublicKey";

async function send<Schema extends v.GenericSchema<unknown, { KeyId: string }>>(
  request: KmsRequest,
  operation: Operation,
  schema: Schema,
  message: object,
): Promise<v.InferOutput<Schema>> {
  const { region } = parseKeyArn(request.keyArn);
  const env = request.env ?? process.env;
  const body = JSON.stringify(message);
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${operation}` };
  const asked: AskedOf = {
    service: "KMS",
    operation,
    region,
    asker: "server",
    endpointVariables: endpointVariables("kms", env),
    resources: { arns: [request.keyArn], names: request.keyArn },
  };
  let response: HttpResponse;
  try {
    response = await callAws(
      {
        prepare: async (date) => {
          const endpoint = controlEndpoint("kms", region, env);
          const signed = await signRequest(
            { method: "POST", endpoint, path: "/", headers, body },
            { service: "kms", region, credentials: request.credentials, date },
          );
          return { method: "POST", ...signed, body };
        },
        readError,
      },
      request,
    );
  } catch (error) {
    throw translate(error, asked);
  }
  const answer = v.safeParse(schema, parseJson(response.body));
  // KMS names the key that it has used, by its ARN.
  if (answer.success && answer.output.KeyId === request.keyArn) return answer.output;
  throw new VouchError("aws_error", `AWS KMS in ${region} answered ${operation} with something unexpected.`, {
    hint: whatLeadsElsewhere(asked),
  });
}

function readError(response: HttpResponse): { code: string; message: string } {
  const parsed = v.safeParse(ErrorAnswer, parseJson(response.body));
  if (!parsed.success) return { code: "", message: "" };
  const { __type: type, message, Message } = parsed.output;
  return { code: type.replace(/^.*#/, ""), message: message ?? Message ?? "" };
}

function base64(data: Uint8Array): string {
  return Buffer.from(data).toString("base64");
}
