/** How a software security key is made and how its owner behaves. */
import type { KeyObject } from "node:crypto";
import type { FaultSetting } from "./hid/faults.ts";
import type { Lie } from "./ctap2/lies.ts";

export interface Settings {
  /** The name that `wink` and the transport's listing show. */
  product: string;
  /** 16 bytes. */
  aaguid: Uint8Array;
  /** What attests its credentials: a key with its certificate (DER), and the authorities after it. It attests itself without. */
  attestation: { privateKey: KeyObject; certificate: Uint8Array; chain?: Uint8Array[] } | undefined;
  /** The PIN that is set when the key is made; none when undefined. */
  pin: string | undefined;
  minPINLength: number;
  forcePINChange: boolean;
  /**
   * What a right PIN is answered while the key demands another one: PIN_INVALID by getPinToken and
   * PIN_POLICY_VIOLATION by the token with permissions (CTAP 2.1 section 6.5.5.7), or one of the two by both
   * (OpenSK and pico-fido: PIN_INVALID).
   */
  forcePINChangeStatus: "specification" | "PIN_INVALID" | "PIN_POLICY_VIOLATION";
  /** getInfo does not tell that another PIN is demanded. */
  hidesForcePINChange: boolean;
  /** Wrong PINs cost no try, as no honest key has it. */
  forgetsWrongPins: boolean;
  /** PIN/UV auth protocols, the preferred first. */
  protocols: readonly (1 | 2)[];
  /** The key's own rules: a PIN of digits only is refused (CTAP 2.2, pinComplexityPolicy). */
  pinComplexityPolicy: boolean;
  /** The PIN may manage the key, not authorize credentials and assertions. */
  noMcGaPermissionsWithClientPin: boolean;
  /**
   * "2.0" knows neither pinUvAuthToken with permissions nor authenticatorSelection, nor does "2.1-pre", which announces
   * previews of later commands; "2.3" announces what nobody knows yet; "u2f" speaks no CBOR at all.
   */
  ctap: "2.0" | "2.1-pre" | "2.1" | "2.3" | "u2f";
  /** A fingerprint sensor, and whether it knows a finger and recognises the one that touches it. */
  fingerprint: "absent" | "unenrolled" | "matches" | "fails";
  /** How often the platform should try the sensor before it asks for the PIN; not told when undefined. */
  preferredPlatformUvAttempts: number | undefined;
  /** The key has a display on which its owner picks one of several accounts. */
  display: boolean;
  makeCredUvNotRqd: boolean;
  alwaysUv: boolean;
  /** How many discoverable credentials fit; 0: the key has no `rk` option. */
  capacity: number;
  /** "auto" touches after touchDelayMs; "withheld" only when `press` is called. */
  touch: "auto" | "withheld";
  touchDelayMs: number;
  /** How long the key waits for a touch before it answers USER_ACTION_TIMEOUT. */
  touchTimeoutMs: number;
  /** The longest message that the key takes, in bytes. */
  maxMsgSize: number;
  /** The longest list of credentials; CTAP 2.0 keys do not tell it. */
  maxCredentialCountInList: number;
  /** Whether a key of CTAP 2.1 knows authenticatorSelection, as it must. */
  selection: boolean;
  /** How long after it is plugged in the key takes a reset: ten seconds (CTAP 2.1 section 6.6), five of older YubiKeys. */
  resetWindowMs: number;
  /** The key takes no reset, as one that somebody administers. */
  declinesReset: boolean;
  /** The transports of a reset, which keys of CTAP 2.2 may tell; all when undefined. */
  transportsForReset: readonly string[] | undefined;
  /** Whether a key of CTAP 2.2 takes a reset only by a long touch. */
  longTouchForReset: boolean;
  /** The key drops INIT of other programs while it waits for a touch (OpenSK), in place of ERR_CHANNEL_BUSY. */
  silentWhileTouchIsAwaited: boolean;
  /** What is wrong with the key. */
  fault: FaultSetting | undefined;
  /** What the key lies about in its CTAP2 answers. */
  lie: Lie | undefined;
}

/** Whether the key has what CTAP 2.1 brought. */
export function isModern({ ctap }: Settings): boolean {
  return ctap === "2.1" || ctap === "2.3";
}

const defaults: Settings = {
  product: "Software Security Key",
  aaguid: Uint8Array.fromHex("76f0c4a1b7d24e53a5a1f1d05e0f7ec0"),
  attestation: undefined,
  pin: undefined,
  minPINLength: 4,
  forcePINChange: false,
  forcePINChangeStatus: "specification",
  hidesForcePINChange: false,
  forgetsWrongPins: false,
  pinComplexityPolicy: false,
  noMcGaPermissionsWithClientPin: false,
  protocols: [2, 1],
  ctap: "2.1",
  fingerprint: "absent",
  preferredPlatformUvAttempts: undefined,
  display: false,
  makeCredUvNotRqd: false,
  alwaysUv: false,
  capacity: 25,
  touch: "auto",
  touchDelayMs: 0,
  touchTimeoutMs: 30_000,
  maxMsgSize: 1200,
  maxCredentialCountInList: 8,
  selection: true,
  resetWindowMs: 10_000,
  declinesReset: false,
  transportsForReset: undefined,
  longTouchForReset: false,
  silentWhileTouchIsAwaited: false,
  fault: undefined,
  lie: undefined,
};

export function completeSettings(given: Partial<Settings>): Settings {
  return { ...defaults, ...given };
}
