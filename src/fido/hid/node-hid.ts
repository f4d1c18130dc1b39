/**
 * HID transport on top of node-hid. The only importer of node-hid, and itself loaded only when a security key is
 * needed.
 */
import { type Device, devicesAsync, HIDAsync } from "node-hid";
import { hidError } from "./hid-error.ts";
import type { HidConnection, HidDeviceInfo, HidTransport } from "./transport.ts";

/** The FIDO alliance's usage page and the usage of a CTAPHID authenticator (CTAP 2.1 section 11.2.8.1). */
const USAGE_PAGE_FIDO = 0xf1d0;
const USAGE_AUTHENTICATOR = 0x01;

/** hidapi expects the report id as first byte; devices without numbered reports use 0. */
const REPORT_ID = 0;

/** Timeout of listing and opening: a driver may hang together with its device. */
const systemTimeoutMs = 5_000;
/** Timeout of closing, which waits for a pending write that the kernel aborts only after seconds. */
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
  // Other programs (browsers, agents) keep keys open too; CTAPHID channels exist for such sharing. Only macOS has the
  // option.
  const device = await translated("open", info, async () => {
    const opening = HIDAsync.open(info.path, { nonExclusive: true });
    try {
      return await within(systemTimeoutMs, opening);
    } catch (error) {
      // Close a device that opens after the timeout: it has no other owner.
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
      // Errors are ignored: a removed key cannot be closed.
      await within(closeTimeoutMs, device.close()).catch(() => {});
    },
  };
}

/** The promise's result; rejects after the timeout. */
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
