/** The transport over node-hid. The only file that imports it; it is loaded only when a security key is needed. */
import { type Device, devicesAsync, HIDAsync } from "node-hid";
import { hidError } from "./hid-error.ts";
import type { HidConnection, HidDeviceInfo, HidTransport } from "./transport.ts";

/** The FIDO alliance's usage page and the usage of a CTAPHID authenticator (CTAP 2.1 section 11.2.8.1). */
const USAGE_PAGE_FIDO = 0xf1d0;
const USAGE_AUTHENTICATOR = 0x01;

/** hidapi wants the report's id in front; devices without numbered reports have 0. */
const REPORT_ID = 0;

/** Listing and opening ask the drivers, which may hang with a device that does. */
const systemTimeoutMs = 5_000;
/** Closing waits for a write that is under way, which the kernel gives up only after seconds. */
const closeTimeoutMs = 1_000;

export const transport: HidTransport = { list, open };

async function list(): Promise<HidDeviceInfo[]> {
  const devices = await translated("find security keys", undefined, () => within(systemTimeoutMs, devicesAsync()));
  return devices.filter(isAuthenticator).map(({ path, product, serialNumber, vendorId, productId }) => {
    const info: HidDeviceInfo = { path, product: product || "Security key", vendorId, productId };
    if (serialNumber) info.serialNumber = serialNumber;
    return info;
  });
}

function isAuthenticator(device: Device): device is Device & { path: string } {
  return device.usagePage === USAGE_PAGE_FIDO && device.usage === USAGE_AUTHENTICATOR && device.path !== undefined;
}

async function open(info: HidDeviceInfo): Promise<HidConnection> {
  // Browsers and agents keep keys open too; CTAPHID's channels are made for sharing. Only macOS knows the option.
  const device = await translated("open", info, async () => {
    const opening = HIDAsync.open(info.path, { nonExclusive: true });
    try {
      return await within(systemTimeoutMs, opening);
    } catch (error) {
      // One that is open after all has nobody who will close it.
      void opening.then((late) => late.close()).catch(() => {});
      throw error;
    }
  });
  return {
    async write(report) {
      await translated("write to", info, () => device.write(Buffer.of(REPORT_ID, ...report)));
    },
    onReport(receive) {
      device.on("data", receive);
    },
    onError(receive) {
      device.on("error", (error) => receive(hidError("read from", info, error)));
    },
    async close() {
      // That a key which is gone cannot be closed any more is nothing to tell.
      await within(closeTimeoutMs, device.close()).catch(() => {});
    },
  };
}

/** The promise's result, or an error when the system takes longer. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`expected an answer of the system within ${milliseconds / 1000} s, got none`)),
    milliseconds,
  );
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function translated<T>(what: string, info: HidDeviceInfo | undefined, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw hidError(what, info, error);
  }
}
