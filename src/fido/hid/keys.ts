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
  return visitKeys(modelOf, transport, async (device, info) => ({ state: await verificationState(device, info) }));
}

/** What a key tells of itself without a PIN and a touch, or why it is unusable. */
export interface DescribedKey extends ProbedKey {
  /** Product name in the USB descriptor; only of a key that answers, as `info`. */
  usbProduct?: string;
  info?: AuthenticatorInfo;
  /** Remaining fingerprint retries; only if the key reports them. */
  uvRetries?: number;
}

/** As {@link probeSecurityKeys}, with the keys' own descriptions. */
export async function describeSecurityKeys(
  modelOf?: OpenSecurityKeyOptions["modelOf"],
  transport?: HidTransport,
): Promise<DescribedKey[]> {
  return visitKeys(modelOf, transport, async (device, info, usbProduct) => ({
    usbProduct,
    info,
    state: await verificationState(device, info),
    ...(await uvRetriesOf(device, info)),
  }));
}

/** How many keys are plugged in. Opens none. */
export async function countSecurityKeys(transport?: HidTransport): Promise<number> {
  return (await (transport ?? (await ownTransport())).list()).length;
}

/** The system's paths of the plugged-in keys; none is opened. */
export async function securityKeyPaths(): Promise<string[]> {
  return (await (await ownTransport()).list()).map(({ path }) => path);
}

type Visited<T> = { product: string } & (T | { error: VouchError });

/** Opens every plugged-in key, reads from it, and closes it. */
async function visitKeys<T extends object>(
  modelOf: OpenSecurityKeyOptions["modelOf"],
  transport: HidTransport | undefined,
  read: (device: CtapDevice, info: AuthenticatorInfo, usbProduct: string) => Promise<T>,
): Promise<Visited<T>[]> {
  const own = transport ?? (await ownTransport());
  const listed = await own.list();
  const infos = labels(listed).map((info) => structuredClone(info));
  return Promise.all(
    infos.map(async (info, index): Promise<Visited<T>> => {
      const { product } = listed[index]!;
      const otherNames = () => infos.flatMap((one) => (one === info ? [] : one.product));
      const limits = { timeoutMs: probeTimeoutMs, answerTimeoutMs: probeTimeoutMs };
      try {
        const { device, answer } = await openKey(own, info, { ...limits, modelOf, product, otherNames });
        try {
          const value = await understood(device, () => read(device, answer, product));
          return Object.assign({ product: info.product }, value);
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
  if (uv === true && (await uvRetriesOf(device, info)).uvRetries === 0) builtIn = "blocked";
  const state: VerificationState = { pin, forcePINChange: forcePINChange && pin === "set", builtIn };
  return pin === "set" ? { ...state, ...(await getPINRetries(device, protocol!)) } : state;
}

/** Remaining fingerprint retries; nothing if the key has no enrolled fingerprint or does not report them. */
async function uvRetriesOf(device: CtapDevice, info: AuthenticatorInfo): Promise<{ uvRetries?: number }> {
  const protocol = choosePinProtocol(info.pinUvAuthProtocols);
  const reports = info.options.get("uv") === true && info.options.get("pinUvAuthToken") === true;
  if (!reports || protocol === undefined) return {};
  const uvRetries = await getUVRetries(device, protocol).catch(() => undefined);
  return uvRetries === undefined ? {} : { uvRetries };
}

async function ownTransport(): Promise<HidTransport> {
  return (await import("./node-hid.ts")).transport;
}
