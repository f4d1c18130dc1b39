/** The security keys that are plugged in: found, tried, and one of them opened. */
import { getPINRetries, getUVRetries } from "../ctap2/client-pin.ts";
import type { CtapDevice } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { choosePinProtocol } from "../ctap2/pin-protocol.ts";
import { understood } from "../ctap2/understood.ts";
import { VouchError } from "../../base/errors.ts";
import { Desk, type DeskOptions } from "./desk.ts";
import { labels } from "./labels.ts";
import { openKey } from "./open-key.ts";
import type { HidTransport } from "./transport.ts";

export interface OpenSecurityKeyOptions extends DeskOptions {
  /** Another transport than the executable's own. */
  transport?: HidTransport;
}

/** The limit on trying one key, in milliseconds. */
const probeTimeoutMs = 3_000;

/**
 * Opens the security key: waits until there is one; of several, the one that is touched.
 * @throws VouchError `security_key_missing`, `security_key_permission`, `security_key_unsupported` and others,
 *   `touch_timeout`, `cancelled`
 */
export async function openSecurityKey(options: OpenSecurityKeyOptions = {}): Promise<CtapDevice> {
  const desk = new Desk(options.transport ?? (await ownTransport()), options);
  try {
    return await desk.choose();
  } finally {
    await desk.clear();
  }
}

/** How a key can verify its user at the moment. */
export interface VerificationState {
  /** "absent": the key has no PIN and can have none. */
  pin: "absent" | "not_set" | "set";
  /** Wrong PINs left until the key blocks its PIN; only where one is set. */
  pinRetries?: number;
  /** No PIN is taken before the key has been without power. */
  powerCycleState?: boolean;
  /** The key takes its PIN only to change it. */
  forcePINChange: boolean;
  /** "unenrolled": there is a sensor, and it knows no finger. */
  builtIn: "absent" | "unenrolled" | "usable" | "blocked";
}

/** A key that was tried; why it cannot be used, or in which state it is. */
export interface ProbedKey {
  product: string;
  error?: VouchError;
  state?: VerificationState;
}

/**
 * Opens every key that is plugged in, asks it for its state, and closes it again. Nobody has to touch anything, and
 * nothing is changed.
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
