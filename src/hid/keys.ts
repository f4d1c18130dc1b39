/** Which security key to use: the one that is plugged in, or the one that is touched. */
import { setTimeout as delay } from "node:timers/promises";
import type { CtapDevice } from "../ctap2/device.ts";
import { selection } from "../ctap2/selection.ts";
import { isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../errors.ts";
import { openChannel } from "./channel.ts";
import type { HidDeviceInfo, HidTransport } from "./transport.ts";

export interface OpenSecurityKeyOptions {
  signal?: AbortSignal;
  /** How long to wait for a key to be plugged in, and then for one of several to be touched, in milliseconds. */
  timeoutMs?: number;
  /** Called once when no key is plugged in and waiting begins. */
  onWaiting?: () => void;
  /** Called once when several keys blink and one must be touched. */
  onSelect?: (products: string[]) => void;
  /** Another transport than the executable's own. */
  transport?: HidTransport;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const POLL_MS = 300;
/** The system gives the user access to a key a moment after the key is there. */
const PERMISSION_PATIENCE_MS = 2_000;

/** The security keys that are plugged in. Loads the HID library. */
export async function findSecurityKeys(transport?: HidTransport): Promise<HidDeviceInfo[]> {
  return (transport ?? (await import("./node-hid.ts")).transport).list();
}

/**
 * Opens the security key: waits until there is one; of several, the one that is touched.
 * @throws VouchError `security_key_missing`, `security_key_permission`, `security_key_unsupported` and others,
 *   `touch_timeout`, `cancelled`
 */
export async function openSecurityKey(options: OpenSecurityKeyOptions = {}): Promise<CtapDevice> {
  const transport = options.transport ?? (await import("./node-hid.ts")).transport;
  const { infos, justPlugged } = await waitForKeys(transport, options);
  const devices = await openAll(transport, infos, justPlugged ? PERMISSION_PATIENCE_MS : 0);
  const [first, second] = devices;
  return second === undefined ? first : selectByTouch(devices, options);
}

/** Opens every key that can be used; fails with the reason of one when none can. */
async function openAll(
  transport: HidTransport,
  infos: HidDeviceInfo[],
  patienceMs: number,
): Promise<[CtapDevice, ...CtapDevice[]]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const results = await Promise.allSettled(infos.map(async (info) => openChannel(await transport.open(info), info)));
    const [first, ...others] = results.filter((result) => result.status === "fulfilled").map(({ value }) => value);
    if (first !== undefined) return [first, ...others];
    const reason: unknown = results.find((result) => result.status === "rejected")?.reason;
    const permission = reason instanceof VouchError && reason.code === "security_key_permission";
    if (!permission || performance.now() >= deadline) throw reason;
    await delay(POLL_MS);
  }
}

async function waitForKeys(
  transport: HidTransport,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, onWaiting }: OpenSecurityKeyOptions,
): Promise<{ infos: HidDeviceInfo[]; justPlugged: boolean }> {
  const deadline = performance.now() + timeoutMs;
  for (let round = 0; ; round += 1) {
    if (signal?.aborted) throw new VouchError("cancelled", "Cancelled.");
    const infos = await transport.list();
    if (infos.length > 0) return { infos, justPlugged: round > 0 };
    if (performance.now() >= deadline) {
      throw new VouchError("security_key_missing", "No security key is plugged in.", {
        hint: "Plug in your security key and repeat the command.",
      });
    }
    if (round === 0) onWaiting?.();
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}

async function selectByTouch(
  devices: CtapDevice[],
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, onSelect }: OpenSecurityKeyOptions,
): Promise<CtapDevice> {
  const deadline = performance.now() + timeoutMs;
  const decided = new AbortController();
  const anySignal = signal === undefined ? decided.signal : AbortSignal.any([signal, decided.signal]);
  let selected: CtapDevice | undefined;
  onSelect?.(devices.map(({ product }) => product));
  const results = await Promise.allSettled(
    devices.map(async (device) => {
      await untilTouched(device, anySignal, deadline);
      selected ??= device;
      decided.abort();
    }),
  );
  await Promise.allSettled(devices.filter((device) => device !== selected).map((device) => device.close()));
  if (selected !== undefined) return selected;
  throw results.find((result) => result.status === "rejected")?.reason;
}

/** Keys stop blinking by themselves after about half a minute: then they are asked again. */
async function untilTouched(device: CtapDevice, signal: AbortSignal, deadline: number): Promise<void> {
  for (;;) {
    const timeoutMs = Math.max(0, deadline - performance.now());
    try {
      return await selection(device, { signal, timeoutMs });
    } catch (error) {
      if (!isCtapError(error, "USER_ACTION_TIMEOUT", "ACTION_TIMEOUT")) throw error;
    }
  }
}
