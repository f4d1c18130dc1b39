/** AWS KMS for signing keys: as the key-encryption key, or as the place that the private key never leaves. */
import { createHash } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, importSPKI } from "jose";
import { RenewedCredentials, detectedCredentials } from "../../aws/credentials/detected.ts";
import { kmsDecrypt, kmsEncrypt, kmsPublicKey, kmsSign, parseKeyArn, type KmsRequest } from "../../aws/kms.ts";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { joseSignature } from "./der-signature.ts";
import { encryptionContext } from "./binding.ts";
import { type KeyProtector, wrongKey } from "./protection.ts";
import type { NewSigningKey, Signer } from "./signing-key.ts";
import { SigningUnavailableError } from "./unavailable.ts";

/** Time limit of a signature with its credentials and all retries, in milliseconds: a client waits for it. */
const signLimitMs = 4_000;
/** How long the readiness probe takes the last signature's outcome for the present state, in milliseconds. */
const checkedMs = 5_000;
/** Signed to see whether a key can sign: no token has this form. */
const probe = new TextEncoder().encode("vouch: can this key sign?");

/** One for an environment, so that keys share credentials. */
const credentials = new WeakMap<Environment, RenewedCredentials>();

/** Throws as the source of the credentials; `cancelled` if there are none before `signal` is aborted. */
async function requestFor(keyArn: string, env: Environment, signal?: AbortSignal): Promise<KmsRequest> {
  const { region } = parseKeyArn(keyArn);
  const renewed =
    credentials.get(env) ??
    new RenewedCredentials(
      () => detectedCredentials(env, region),
      () => Date.now() / 1000,
    );
  credentials.set(env, renewed);
  const found = renewed.get();
  return { keyArn, env, signal, credentials: await (signal === undefined ? found : unlessAborted(found, signal)) };
}

/** The promise goes on for others who wait for it. Throws `cancelled`. */
async function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new VouchError("cancelled", "No AWS credentials came in time."));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The key-encryption key `arn`: each secret is encrypted by KMS itself, with its binding as encryption context. */
export function kmsKek(arn: string, env: Environment): KeyProtector {
  parseKeyArn(arn);
  return {
    kek: arn,
    async protect(secret, binding, signal) {
      const ciphertext = await kmsEncrypt(await requestFor(arn, env, signal), secret, encryptionContext(binding));
      return { by: "aws-kms", kek: arn, ciphertext: Buffer.from(ciphertext).toString("base64url") };
    },
    async unprotect(protection, binding, signal) {
      if (protection.by !== "aws-kms" || protection.kek !== arn) throw wrongKey(arn, binding);
      const ciphertext = Buffer.from(protection.ciphertext, "base64url");
      return await kmsDecrypt(await requestFor(arn, env, signal), ciphertext, encryptionContext(binding));
    },
  };
}

/**
 * Asks KMS for the public key of an asymmetric key (ECC_NIST_P256, SIGN_VERIFY), and tries a signature with it. Throws
 * `settings_invalid` for another kind of key, `aws_error` if it does not sign, and as `kmsSign`.
 */
export async function kmsSigningKey(arn: string, env: Environment): Promise<NewSigningKey> {
  const { spki, spec, usage } = await kmsPublicKey(await requestFor(arn, env));
  if (spec !== "ECC_NIST_P256" || usage !== "SIGN_VERIFY") {
    throw new VouchError("settings_invalid", `The KMS key ${arn} is no signing key: it is ${spec} for ${usage}.`, {
      hint: "Make one with `aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY`.",
    });
  }
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString("base64")}\n-----END PUBLIC KEY-----`;
  const { kty, crv, x, y } = await exportJWK(await importSPKI(pem, "ES256", { extractable: true }));
  const jwk = { kty, crv, x, y } as { kty: string };
  const key = {
    kid: await calculateJwkThumbprint(jwk),
    jwk: JSON.stringify(jwk),
    protection: JSON.stringify({ by: "aws-kms-key", arn }),
  };
  await tryKey(key, arn, env);
  return key;
}

/**
 * Opens a key that stays in KMS, and tries it. Its signatures throw SigningUnavailableError when KMS does not answer
 * within `signLimitMs`, retries of throttled requests included. Throws as `tryKey`.
 */
export async function openKmsSigner(key: NewSigningKey, arn: string, env: Environment): Promise<Signer> {
  // The first credentials may take longer than a client would wait for a signature.
  await requestFor(arn, env);
  await tryKey(key, arn, env);
  const state: { checkedAt: number; failure?: unknown } = { checkedAt: performance.now() };
  const sign: Signer["sign"] = async (data) => {
    try {
      const signature = await signOnce(arn, env, data);
      Object.assign(state, { checkedAt: performance.now(), failure: undefined });
      return signature;
    } catch (error) {
      Object.assign(state, { checkedAt: performance.now(), failure: error });
      throw error;
    }
  };
  let checking: Promise<unknown> | undefined;
  return {
    sign,
    failure: () => state.failure,
    // Load balancers ask often, and KMS is paid by the request: what is known holds for a while.
    check() {
      if (performance.now() - state.checkedAt <= checkedMs) return;
      // The state has the outcome.
      checking ??= sign(probe)
        .catch(() => {})
        .finally(() => {
          checking = undefined;
        });
    },
  };
}

async function signOnce(arn: string, env: Environment, data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const digest = createHash("sha256").update(data).digest();
  let hasCredentials = false;
  try {
    const request = await requestFor(arn, env, AbortSignal.timeout(signLimitMs));
    hasCredentials = true;
    return joseSignature(await kmsSign(request, digest));
  } catch (error) {
    const { code, message } = VouchError.from(error);
    const missing = hasCredentials ? "no signature" : "no AWS credentials";
    const why = code === "cancelled" ? `${missing} within ${signLimitMs / 1000} s` : message;
    throw new SigningUnavailableError(`AWS KMS does not sign: ${why}`, error);
  }
}

/** Signs something that is no token, and verifies it. Throws `aws_error` for another key, and as `kmsSign`. */
async function tryKey({ kid, jwk }: NewSigningKey, arn: string, env: Environment): Promise<void> {
  const signature = await signOnce(arn, env, probe).catch((error: unknown) => {
    const { message, cause } = error as SigningUnavailableError;
    throw cause instanceof VouchError && cause.code !== "cancelled"
      ? cause
      : new VouchError("timeout", message, { cause });
  });
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), algorithm, false, ["verify"]);
  if (await crypto.subtle.verify(algorithm, key, signature, probe)) return;
  throw new VouchError(
    "aws_error",
    `The KMS key ${arn} is not the signing key ${kid}: its signature does not verify.`,
    {
      hint: "`vouch server signing-keys list` shows the key of each ARN. If its row was changed, restore a backup, or sign with another key: `vouch server signing-keys rotate --now --signing-key aws-kms:KEY-ARN`.",
    },
  );
}
