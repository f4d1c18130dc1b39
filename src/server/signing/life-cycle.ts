/**
 * The life of a signing key, decided by the database's clock alone: published, then signing, then retired, then gone.
 * No state is stored, so every replica comes to the same one without a word between them.
 */
import { VouchError } from "../../base/errors.ts";

/** Lifetime of an ID token in seconds, unless its session ends sooner. */
export const idTokenSeconds = 300;

/** Lifetime in caches (`max-age`) that the JWKS is answered with, in seconds. */
export const jwksCacheSeconds = 300;

/**
 * How long a key is published before it signs, in seconds: no relying party may meet a token of a key that is missing
 * from the JWKS it has cached. How long AWS caches it is not documented; a day is more than the headers allow.
 */
export const publishedSeconds = Math.max(24 * 3600, jwksCacheSeconds);

/** Interval at which each server reads the keys, in seconds: an emergency reaches all of them after so long. */
export const refreshSeconds = 5;

/** Tolerance for servers and relying parties whose clocks differ, in seconds. */
const clockToleranceSeconds = 60;

/** How long a key stays published after the next one has begun to sign, in seconds: until its last token has ended. */
export const retiredSeconds = idTokenSeconds + refreshSeconds + clockToleranceSeconds;

/** Parses how often keys change, in days like 90d; returns seconds. A key cannot sign for less than it is published before. */
export function parseRotateEvery(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(/^([0-9]{1,4})d$/.exec(text)?.[1]);
  if (days >= 2) return days * 24 * 3600;
  throw new VouchError("usage", `Expected --rotate-every with at least 2d (like 90d), got "${text}".`, {
    hint: "A new key is published for a day before it signs. To change it at once: `vouch server signing-keys rotate --now`.",
  });
}

export interface ScheduledKey {
  kid: string;
  /** Seconds since 1970. */
  publishedAt: number;
  /** Seconds since 1970; until another key's `signsFrom` has come. */
  signsFrom: number;
}

export type KeyState = "published" | "signing" | "retired" | "gone";

export interface KeyStatus<Key extends ScheduledKey> {
  key: Key;
  state: KeyState;
  /** End of the state in seconds since 1970, if it is known: when the key begins to sign, or leaves the JWKS. */
  until: number | undefined;
}

/** The state of each key at `time` (seconds since 1970), the newest first. If none has begun to sign, the oldest signs. */
export function statusesAt<Key extends ScheduledKey>(keys: readonly Key[], time: number): KeyStatus<Key>[] {
  const ordered = keys.toSorted((one, other) => one.signsFrom - other.signsFrom || (one.kid < other.kid ? -1 : 1));
  const signing = Math.max(
    0,
    ordered.findLastIndex(({ signsFrom }) => signsFrom <= time),
  );
  return ordered
    .map((key, index): KeyStatus<Key> => {
      const next = ordered[index + 1]?.signsFrom;
      if (index === signing) return { key, state: "signing", until: next };
      if (index > signing) return { key, state: "published", until: key.signsFrom };
      const until = next! + retiredSeconds;
      return { key, state: until > time ? "retired" : "gone", until };
    })
    .toReversed();
}
