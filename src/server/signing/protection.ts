/** How a secret lies in the database: encrypted, or (a signing key) in AWS KMS, or (without protection) in clear text. */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { type Binding, describeBinding } from "./binding.ts";

const Base64url = v.pipe(v.string(), v.maxLength(8192), v.regex(/^[\w-]+$/));
const Arn = v.pipe(v.string(), v.maxLength(2048));

const Protection = v.variant("by", [
  /** AES-256-GCM under the key-encryption key that is named `kek`. */
  v.strictObject({ by: v.literal("kek"), kek: Base64url, iv: Base64url, ciphertext: Base64url }),
  /** Encrypted by the KMS key `kek`, a key ARN. */
  v.strictObject({ by: v.literal("aws-kms"), kek: Arn, ciphertext: Base64url }),
  /** Made in KMS, which alone signs with it. */
  v.strictObject({ by: v.literal("aws-kms-key"), arn: Arn }),
]);

/** As in the database's column, without its JSON. */
export type Protection = v.InferOutput<typeof Protection>;

/** A key-encryption key. */
export interface KeyProtector {
  /** Names the key, in the database and for people; says nothing about it. */
  readonly kek: string;
  /** At most 4096 bytes. `signal` ends a wait for AWS. */
  protect(secret: Uint8Array<ArrayBuffer>, binding: Binding, signal?: AbortSignal): Promise<Protection>;
  /** Throws `settings_invalid` if this key did not encrypt it for this binding, or it was changed. */
  unprotect(protection: Protection, binding: Binding, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** Parses a column; undefined for anything else, as from a newer program. */
export function readProtection(text: string): Protection | undefined {
  const parsed = v.safeParse(Protection, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

/** Parses the column of a signing key. Throws `settings_invalid` for anything else. */
export function parseProtection(text: string | undefined, kid: string): Protection | undefined {
  if (text === undefined) return undefined;
  const protection = readProtection(text);
  if (protection !== undefined) return protection;
  throw new VouchError(
    "settings_invalid",
    `The signing key ${kid} is protected in a way that this program does not know.`,
    {
      hint: "A newer Vouch has written it, or the database is damaged. Run that version, or restore a backup.",
    },
  );
}

/**
 * What a copy of the database gives away: the private key, its ciphertext under the key-encryption key, or nothing;
 * "unreadable" is protected in a way that this program does not know.
 */
export type ProtectionLevel = "clear" | `kek:${string}` | "kms" | "unreadable";

/** The level of a key; `protection` as parsed from its column. */
export function levelOf(protection: Protection | undefined): ProtectionLevel {
  if (protection === undefined) return "clear";
  return protection.by === "aws-kms-key" ? "kms" : `kek:${protection.kek}`;
}

/** The level of a key as the database has it: one that cannot be read counts as protected, so that it can be replaced. */
export function levelOfKey({ kid, protection }: { kid: string; protection: string | undefined }): ProtectionLevel {
  try {
    return levelOf(parseProtection(protection, kid));
  } catch {
    return "unreadable";
  }
}

/** The level of the keys that a server makes; `protector` is its key-encryption key. */
export function levelUnder(protector: KeyProtector | undefined): ProtectionLevel {
  return protector === undefined ? "clear" : `kek:${protector.kek}`;
}

/**
 * Checks that a key of level `made` may join those that are live: one in clear text beside protected ones, or one under
 * another key-encryption key, would undo their protection. Throws `settings_invalid`.
 */
export function checkLevel(live: readonly ProtectionLevel[], made: ProtectionLevel): void {
  if (made === "kms") return;
  const conflicting = live.find(
    (level) => level !== made && level !== "clear" && (made === "clear" || level.startsWith("kek:")),
  );
  if (conflicting === undefined) return;
  throw new VouchError(
    "settings_invalid",
    `The signing keys are ${describeLevel(conflicting)}, and the new one would be ${describeLevel(made)}.`,
    {
      hint:
        conflicting === "kms" || conflicting === "unreadable"
          ? "Give a key of AWS KMS with --signing-key aws-kms:KEY-ARN, or a key-encryption key with --key-encryption-key."
          : "Give that key-encryption key with --key-encryption-key, or change it for all: `vouch server signing-keys encrypt`.",
    },
  );
}

/** The level in words. */
export function describeLevel(level: ProtectionLevel): string {
  if (level === "clear") return "in clear text";
  if (level === "unreadable") return "protected in a way that this program does not know";
  return level === "kms" ? "in AWS KMS" : `encrypted under ${level.slice("kek:".length)}`;
}

/** One line for people. */
export function describeProtection(protection: Protection | undefined): string {
  switch (protection?.by) {
    case undefined:
      return "in clear text";
    case "kek":
      return `encrypted under ${protection.kek}`;
    case "aws-kms":
      return `encrypted by ${protection.kek}`;
    case "aws-kms-key":
      return `in ${protection.arn}`;
  }
}

/** The error of a secret that another key-encryption key protects. */
export function wrongKey(kek: string, binding: Binding): VouchError {
  return new VouchError(
    "settings_invalid",
    `The ${describeBinding(binding)} is not encrypted under the key-encryption key ${kek}.`,
    {
      hint: "`vouch server signing-keys list` says which it was. Nothing was changed: give that one, with --key-encryption-key or VOUCH_KEY_ENCRYPTION_KEY.",
    },
  );
}
