/** What a key remembers of its PIN, and the pinUvAuthToken in use (CTAP 2.1 sections 6.5.1 to 6.5.4). */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { decrypt, KeyAgreement, type Shared, verify, type Version } from "./pin-protocol.ts";
import type { Settings } from "../../settings.ts";
import { StatusError } from "../status.ts";

export const PERMISSION = { MC: 0x01, GA: 0x02, CM: 0x04, BE: 0x08, LBW: 0x10, ACFG: 0x20 } as const;

const MAX_PIN_RETRIES = 8;
const MAX_CONSECUTIVE_MISMATCHES = 3;
const MAX_UV_RETRIES = 5;
/** A token that is not used within this time after it was given out is void (USB), and in any case after the second. */
const INITIAL_USAGE_LIMIT_MS = 30_000;
const MAX_USAGE_MS = 600_000;

interface Token {
  version: Version;
  value: Uint8Array;
  permissions: number;
  rpId: string | undefined;
  userPresent: boolean;
  userVerified: boolean;
  issuedAt: number;
  used: boolean;
}

export class PinState {
  pinRetries = MAX_PIN_RETRIES;
  uvRetries = MAX_UV_RETRIES;
  forcePINChange: boolean;
  readonly #settings: Settings;
  #pinHash: Buffer | undefined;
  /** In code points. */
  #pinLength = 0;
  #mismatches = 0;
  #token: Token | undefined;
  #keyAgreements = newKeyAgreements();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.forcePINChange = settings.forcePINChange;
    if (settings.pin !== undefined) {
      this.#pinHash = hashPin(Buffer.from(settings.pin, "utf8"));
      this.#pinLength = Array.from(settings.pin).length;
    }
  }

  get isSet(): boolean {
    return this.#pinHash !== undefined;
  }

  /** Three wrong PINs in a row: no further one until the key has been without power. */
  get powerCycleNeeded(): boolean {
    return this.#mismatches >= MAX_CONSECUTIVE_MISMATCHES;
  }

  powerCycle(): void {
    this.#mismatches = 0;
    this.#token = undefined;
    this.#keyAgreements = newKeyAgreements();
  }

  keyAgreement(version: Version): KeyAgreement {
    return this.#keyAgreements[version];
  }

  /** Compares an encrypted PIN hash, counting as the specification demands; throws unless it is right. */
  checkPin(shared: Shared, pinHashEnc: Uint8Array): void {
    if (this.#pinHash === undefined) throw new StatusError("PIN_NOT_SET");
    if (this.pinRetries === 0) throw new StatusError("PIN_BLOCKED");
    if (this.powerCycleNeeded) throw new StatusError("PIN_AUTH_BLOCKED");
    this.pinRetries -= 1;
    const hash = decrypt(shared, pinHashEnc);
    if (hash?.length !== this.#pinHash.length || !timingSafeEqual(hash, this.#pinHash)) {
      if (this.#settings.forgetsWrongPins) this.pinRetries += 1;
      else this.#mismatches += 1;
      this.#keyAgreements[shared.version] = new KeyAgreement();
      if (this.pinRetries === 0) throw new StatusError("PIN_BLOCKED");
      throw new StatusError(this.powerCycleNeeded ? "PIN_AUTH_BLOCKED" : "PIN_INVALID");
    }
    this.pinRetries = MAX_PIN_RETRIES;
    this.uvRetries = MAX_UV_RETRIES;
    this.#mismatches = 0;
  }

  /** Takes a new PIN: 64 bytes, UTF-8, padded with zeros, encrypted. */
  setPin(shared: Shared, newPinEnc: Uint8Array): void {
    const padded = decrypt(shared, newPinEnc);
    if (padded?.length !== 64) throw new StatusError("INVALID_PARAMETER");
    const end = padded.indexOf(0);
    const pin = padded.subarray(0, end === -1 ? padded.length : end);
    const codePoints = Array.from(pin.toString("utf8")).length;
    if (pin.length > 63 || codePoints < this.#settings.minPINLength) throw new StatusError("PIN_POLICY_VIOLATION");
    const simple = this.#settings.pinComplexityPolicy && /^\d*$/.test(pin.toString("utf8"));
    const hash = hashPin(pin);
    const same = this.forcePINChange && this.#pinHash?.equals(hash) === true;
    if (simple || same) throw new StatusError("PIN_POLICY_VIOLATION");
    this.#pinHash = hash;
    this.#pinLength = codePoints;
    this.pinRetries = MAX_PIN_RETRIES;
    this.#mismatches = 0;
    this.forcePINChange = false;
    this.#token = undefined;
  }

  /** Demands another PIN: in any case, or when the present one is shorter (section 6.11.4). */
  demandNewPin(force: boolean, minPINLength: number): void {
    if (!this.isSet || (!force && this.#pinLength >= minPINLength)) return;
    this.forcePINChange = true;
    this.#token = undefined;
  }

  /** Makes a new token, which ends every older one. Gives its bytes. */
  issueToken(version: Version, permissions: number, rpId: string | undefined, userPresent: boolean): Uint8Array {
    const value = new Uint8Array(randomBytes(32));
    const issuedAt = performance.now();
    this.#token = { version, value, permissions, rpId, userPresent, userVerified: true, issuedAt, used: false };
    return value;
  }

  /**
   * Checks a pinUvAuthParam over the client data hash for an operation; PIN_AUTH_INVALID unless the token is alive, has
   * the permission and is for this relying party. Gives whether the token also stands for a touch.
   */
  useToken(
    version: Version,
    permission: number,
    rpId: string,
    clientDataHash: Uint8Array,
    pinUvAuthParam: Uint8Array,
  ): { userPresent: boolean } {
    const token = this.#liveToken();
    if (token === undefined || token.version !== version) throw new StatusError("PIN_AUTH_INVALID");
    if (!verify(version, token.value, clientDataHash, pinUvAuthParam)) throw new StatusError("PIN_AUTH_INVALID");
    if ((token.permissions & permission) === 0) throw new StatusError("PIN_AUTH_INVALID");
    if (token.rpId !== undefined && token.rpId !== rpId) throw new StatusError("PIN_AUTH_INVALID");
    if (!token.userVerified) throw new StatusError("PIN_AUTH_INVALID");
    token.rpId ??= rpId;
    token.used = true;
    return { userPresent: token.userPresent };
  }

  /** As {@link useToken} for commands that manage the key; gives the relying party that the token is bound to. */
  useManagementToken(
    version: Version,
    permission: number,
    message: Uint8Array,
    pinUvAuthParam: Uint8Array,
  ): { rpId: string | undefined } {
    const token = this.#liveToken();
    if (token === undefined || token.version !== version) throw new StatusError("PIN_AUTH_INVALID");
    if (!verify(version, token.value, message, pinUvAuthParam)) throw new StatusError("PIN_AUTH_INVALID");
    if ((token.permissions & permission) === 0) throw new StatusError("PIN_AUTH_INVALID");
    token.used = true;
    return { rpId: token.rpId };
  }

  /** After a touch was tested the token is good for nothing more than large blobs. */
  consumeToken(): void {
    if (this.#token === undefined) return;
    this.#token.userPresent = false;
    this.#token.userVerified = false;
    this.#token.permissions &= PERMISSION.LBW;
  }

  #liveToken(): Token | undefined {
    if (this.#token === undefined) return undefined;
    const age = performance.now() - this.#token.issuedAt;
    if (age > MAX_USAGE_MS || (!this.#token.used && age > INITIAL_USAGE_LIMIT_MS)) this.#token = undefined;
    return this.#token;
  }
}

function newKeyAgreements(): Record<Version, KeyAgreement> {
  return { 1: new KeyAgreement(), 2: new KeyAgreement() };
}

function hashPin(pin: Uint8Array): Buffer {
  return createHash("sha256").update(pin).digest().subarray(0, 16);
}
