/** What a ceremony asks of the person in front of it, and tells them. Rejecting (cancelled) ends the ceremony. */
import type { PinFault } from "../ctap2/pin.ts";
import type { Secret } from "../../base/secret.ts";

export interface PinRequest {
  /** Wrong PINs left until the key blocks its PIN for good. */
  retries: number;
  /** The PIN that was given just now was wrong. */
  wrong: boolean;
  /** The shortest PIN that this key can have, in Unicode code points. */
  minLength: number;
  /** The key will demand another PIN before it does anything else. */
  mustChange: boolean;
  /** Why the PIN takes the place of the fingerprint. */
  instead: "sensor_blocked" | "not_recognised" | "wished" | undefined;
}

export interface NewPinRequest {
  /** Whether the key has no PIN yet, or demands another one. */
  reason: "not_set" | "must_change";
  /** The shortest PIN that is taken, in Unicode code points. */
  minLength: number;
  /** Why the one that was given just now was not set; "refused" is the key's own decision. */
  fault: PinFault | { kind: "refused" } | undefined;
}

export interface FingerprintRequest {
  product: string;
  /** Whether the person may type the PIN instead. */
  pinPossible: boolean;
  /** The finger that touched the sensor just now was not recognised. */
  wrong: boolean;
  /** Fingers that may be wrong until the sensor is blocked; undefined when the key does not tell. */
  retries: number | undefined;
}

/** An account whose credential is on the key. */
export interface Account {
  credentialId: Uint8Array;
  /** Absent when the key does not tell it. */
  name: string | undefined;
  displayName: string | undefined;
}

export interface CeremonyUi {
  /** Asks for the PIN. */
  pin(request: PinRequest): Promise<Secret>;
  /** The key has no PIN: whether one is to be set now. */
  offerPin(): Promise<boolean>;
  /** Asks for a new PIN, and for it once more until both are the same. */
  newPin(request: NewPinRequest): Promise<Secret>;
  /** The key demands a new PIN, and it is not known whether it is enrolled: whether its PIN is to be changed. */
  confirmPinChange(): Promise<boolean>;
  /** Tells that the new PIN is the key's PIN from now on. */
  newPinSet(reason: NewPinRequest["reason"]): void;
  /** Announces that the key waits for a touch; called once for each touch that is needed. */
  touch(product: string): void;
  /**
   * Announces that the key waits for a finger that it knows.
   * @param over aborted when the key no longer waits
   * @returns true as soon as the person wants to type the PIN instead; false once `over` is aborted
   */
  fingerprint(request: FingerprintRequest, over: AbortSignal): Promise<boolean>;
  /** Tells that the new credential is not stored on the key: it cannot do that, or has no room. */
  notStored(product: string, reason: "unsupported" | "full"): void;
  /** Picks one of several accounts by its index; without it the most recent is taken. */
  chooseAccount?(accounts: readonly Account[]): Promise<number>;
}
