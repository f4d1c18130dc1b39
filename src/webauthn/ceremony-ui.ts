/** What a ceremony asks of the person in front of it. */
import type { Secret } from "../secret.ts";

export interface PinRequest {
  /** Wrong PINs left until the key blocks its PIN for good. */
  retries?: number;
  /** The PIN that was given just now was wrong. */
  wrong?: boolean;
  /** The key's minimum, in Unicode code points. */
  minLength: number;
}

/** An account whose credential is on the key. */
export interface Account {
  credentialId: Uint8Array;
  /** Absent when the key does not tell it. */
  name: string | undefined;
  displayName: string | undefined;
}

export interface CeremonyUi {
  /** Asks for the PIN. Rejecting (cancelled) ends the ceremony. */
  pin(request: PinRequest): Promise<Secret>;
  /** Announces that the key waits for a touch; called once for each touch that is needed. */
  touch(product: string): void;
  /** Picks one of several accounts by its index; without it the most recent is taken. */
  chooseAccount?(accounts: readonly Account[]): Promise<number>;
}
