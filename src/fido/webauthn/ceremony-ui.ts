/**
 * The interface between a ceremony and the user: prompts and announcements. A rejected prompt (cancelled) ends the
 * ceremony.
 */
import type { StoredCredential } from "../ctap2/credential-management.ts";
import type { PinFault } from "../ctap2/pin.ts";
import type { Secret } from "../../base/secret.ts";

export interface PinRequest {
  /** Remaining PIN retries before the key blocks its PIN permanently. */
  retries: number;
  /** The previous PIN was wrong. */
  wrong: boolean;
  /** Minimum length of a PIN on this key, in Unicode code points. */
  minLength: number;
  /** The key requires a change of the PIN before anything else. */
  mustChange: boolean;
  /** Reason for the fallback from the fingerprint to the PIN. */
  instead: "sensor_blocked" | "not_recognised" | "wished" | undefined;
}

export interface NewPinRequest {
  /** The key has no PIN yet, or requires a change of it. */
  reason: "not_set" | "must_change";
  /** Minimum length of the new PIN, in Unicode code points. */
  minLength: number;
  /** Why the previous new PIN was rejected; "refused" is the key's own decision. */
  fault: PinFault | { kind: "refused" } | undefined;
}

export interface FingerprintRequest {
  product: string;
  /** Whether the PIN is available as a fallback. */
  pinPossible: boolean;
  /** The previous fingerprint was not recognised. */
  wrong: boolean;
  /** Remaining fingerprint retries before the sensor is blocked; undefined if the key does not report them. */
  retries: number | undefined;
}

/** An account with a credential on the key. */
export interface Account {
  credentialId: Uint8Array;
  /** Absent if the key does not report it. */
  name: string | undefined;
  displayName: string | undefined;
}

export interface CeremonyUi {
  /** Prompts for the PIN. */
  pin(request: PinRequest): Promise<Secret>;
  /** The key has no PIN: asks whether to set one now. */
  offerPin(): Promise<boolean>;
  /** Prompts for a new PIN, repeated until both entries match. */
  newPin(request: NewPinRequest): Promise<Secret>;
  /** The key requires a new PIN, but may not be enrolled: asks whether to change its PIN. */
  confirmPinChange(): Promise<boolean>;
  /** Announces that the key has accepted the new PIN. */
  newPinSet(reason: NewPinRequest["reason"]): void;
  /** Announces that the key waits for a touch; called once for each required touch. */
  touch(product: string): void;
  /**
   * Announces that the key waits for a fingerprint. `over` is aborted when the wait ends. Resolves with true as soon as
   * the user chooses the PIN instead, with false once `over` is aborted.
   */
  fingerprint(request: FingerprintRequest, over: AbortSignal): Promise<boolean>;
  /**
   * The key has no room for another credential: shows those of this server that are not enrolled for the user, and
   * returns those to delete. Without this method none is.
   */
  chooseRoom?(product: string, credentials: readonly StoredCredential[]): Promise<readonly StoredCredential[]>;
  /** Announces that the new credential is not stored on the key, because it has no such feature or no free slot. */
  notStored(product: string, reason: "unsupported" | "full"): void;
  /**
   * Selects one of several accounts by index; `own` is the index of the caller's own, if it is among them. Without this
   * method that one is used, else the most recent one.
   */
  chooseAccount?(accounts: readonly Account[], own: number | undefined): Promise<number>;
}
