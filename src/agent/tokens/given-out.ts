/** Remembers by fingerprint which tokens CodeArtifact has given to this agent, and when they end: after logout, too. */
import { randomBytes } from "node:crypto";
import * as v from "valibot";
import type { AuthorizationToken } from "../../aws/codeartifact.ts";
import type { Clock } from "../../base/clock.ts";
import { tokenFingerprint } from "../../base/token-fingerprint.ts";
import type { Reply, routes } from "../protocol.ts";

/** More are not remembered; the oldest is forgotten first. */
const maxTokens = 512;

/** What one agent passes on to the next: no secret is in it, for a token cannot be guessed. */
export const GivenOutState = v.strictObject({
  salt: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  ends: v.pipe(v.array(v.tuple([v.string(), v.number()])), v.maxLength(maxTokens)),
});
export type GivenOutState = v.InferOutput<typeof GivenOutState>;

export class GivenOut {
  readonly #clock: Clock;
  readonly #salt: string;
  /** Expiration by fingerprint, the oldest first. */
  readonly #ends: Map<string, number>;

  constructor(clock: Clock, { salt, ends }: GivenOutState = { salt: randomBytes(16).toString("hex"), ends: [] }) {
    this.#clock = clock;
    this.#salt = salt;
    this.#ends = new Map(ends);
  }

  /** Remembers a token and when it ends, in seconds since 1970. */
  remember({ token, expiration }: AuthorizationToken): void {
    this.#ends.set(tokenFingerprint(this.#salt, token.expose()), Math.floor(expiration));
    if (this.#ends.size <= maxTokens) return;
    const now = this.#clock.now() / 1000;
    const ended = this.#ends.entries().find(([, end]) => end <= now)?.[0];
    this.#ends.delete(ended ?? this.#ends.keys().next().value!);
  }

  /** The salt, and those of the fingerprints that are of tokens given out. */
  among(fingerprints: readonly string[]): Reply<typeof routes.fingerprints> {
    const known = fingerprints.flatMap((fingerprint) => {
      const expiration = this.#ends.get(fingerprint);
      return expiration === undefined ? [] : [{ fingerprint, expiration }];
    });
    return { salt: this.#salt, known };
  }

  get state(): GivenOutState {
    return { salt: this.#salt, ends: [...this.#ends] };
  }
}
