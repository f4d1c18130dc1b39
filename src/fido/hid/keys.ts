/** Finds, probes and opens the plugged-in security keys. */
import { getPINRetries, getUVRetries } from "../ctap2/client-pin.ts";
import type { CtapDevice } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { choosePinProtocol } from "../ctap2/pin-protocol.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import { KeySelection, type KeySelectionOptions } from "./key-selection.ts";
import { labels } from "./labels.ts";
import { openKey } from "./open-key.ts";
import type { HidTransport } from "./transport.ts";

export interface OpenSecurityKeyOptions extends KeySelectionOptions {
  /** Replaces the executable's own transport. */
  transport?: HidTransport;
}

/** Timeout for probing one key, in milliseconds. */
const probeTimeoutMs = 3_000;

/**
 * Opens the security key: waits until there is one; among several, opens the one that is touched. Throws
 * `security_key_missing`, `security_key_permission`, `security_key_unsupported` and others, `touch_timeout`,
 * `cancelled`.
 */
export async function openSecurityKey(options: OpenSecurityKeyOptions = {}): Promise<CtapDevice> {
  const selection = new KeySelection(options.transport ?? (await ownTransport()), options);
  try {
    return await selection.choose();
  } finally {
    await selection.clear();
  }
}

/** Current state of a key's user verification. */
export interface VerificationState {
  /** "absent": the key does not support a PIN. */
  pin: "absent" | "not_set" | "set";
  /** Remaining PIN retries before the key blocks its PIN; only if a PIN is set. */
  pinRetries?: number;
  /** The key accepts no PIN before a power cycle. */
  powerCycleState?: boolean;
  /** The key accepts its PIN only for a change of the PIN. */
  forcePINChange: boolean;
  /** "unenrolled": there is a sensor without an enrolled fingerprint. */
  builtIn: "absent" | "unenrolled" | "usable" | "blocked";
}

/** The result of probing a key: its state, or why it is unusable. */
export interface ProbedKey {
  product: string;
  error?: VouchError;
  state?: VerificationState;
}

/**
 * Opens every plugged-in key, reads its state, and closes it. Needs no touch and changes nothing on the keys; a key's
 * error is part of its result.
 */
export async function probeSecurityKeys(
  modelOf?: OpenSecurityKeyOptions["modelOf"],
  transport?: HidTransport,
): Promise<ProbedKey[]> {
  const own = transport ?? (await ownTransport());
  const listed = await own.list();
  const infos = labels(listed).map((info) => structuredClone(info));
  return Promise.all(
    infos.map(async (info, index): Promise<ProbedKey> => {
      const otherNames = () => infos.flatMap((one) => (one === info ? [] : one.product));
      const limits = { timeoutMs: probeTimeoutMs, answerTimeoutMs: probeTimeoutMs };
      const options = { ...limits, modelOf, product: listed[index]!.product, otherNames };
      try {
        const { device, answer } = await openKey(own, info, options);
        try {
          const state = await understood(device, () => verificationState(device, answer));
          return { product: info.product, state };
        } finally {
          await device.close();
        }
      } catch (error) {
        return { product: info.product, error: VouchError.from(error) };
      }
    }),
  );
}

async function verificationState(device: CtapDevice, info: AuthenticatorInfo): Promise<VerificationState> {
  const { options, forcePINChange, pinUvAuthProtocols } = info;
  const protocol = choosePinProtocol(pinUvAuthProtocols);
  const clientPin = protocol === undefined ? undefined : options.get("clientPin");
  const pin = clientPin === undefined ? "absent" : clientPin ? "set" : "not_set";
  const uv = options.get("uv");
  let builtIn: VerificationState["builtIn"] = uv === undefined ? "absent" : uv ? "usable" : "unenrolled";
  if (uv === true && protocol !== undefined && options.get("pinUvAuthToken") === true) {
    const left = await getUVRetries(device, protocol).catch(() => undefined);
    if (left === 0) builtIn = "blocked";
  }
  const state: VerificationState = { pin, forcePINChange: forcePINChange && pin === "set", builtIn };
  return pin === "set" ? { ...state, ...(await getPINRetries(device, protocol!)) } : state;
}

async function ownTransport(): Promise<HidTransport> {
  return (await import("./node-hid.ts")).transport;
}
