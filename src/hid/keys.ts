/** The security keys that are plugged in: found, tried, and one of them opened. */
import type { CtapDevice } from "../ctap2/device.ts";
import { VouchError } from "../errors.ts";
import { openChannel } from "./channel.ts";
import { Desk, type DeskOptions } from "./desk.ts";
import { labels } from "./labels.ts";
import type { HidTransport } from "./transport.ts";

export interface OpenSecurityKeyOptions extends DeskOptions {
  /** Another transport than the executable's own. */
  transport?: HidTransport;
}

/** The limit on trying one key, in milliseconds. */
const PROBE_TIMEOUT_MS = 3_000;

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

/** A key that was tried, and why it cannot be used. */
export interface ProbedKey {
  product: string;
  error?: VouchError;
}

/** Opens every key that is plugged in, asks it for a channel, and closes it again. Nobody has to touch anything. */
export async function probeSecurityKeys(transport?: HidTransport): Promise<ProbedKey[]> {
  const own = transport ?? (await ownTransport());
  const infos = labels(await own.list());
  return Promise.all(
    infos.map(async (info) => {
      const { product } = info;
      try {
        const device = await openChannel(await own.open(info), info, { timeoutMs: PROBE_TIMEOUT_MS });
        await device.close();
        return { product };
      } catch (error) {
        return { product, error: VouchError.from(error) };
      }
    }),
  );
}

async function ownTransport(): Promise<HidTransport> {
  return (await import("./node-hid.ts")).transport;
}
