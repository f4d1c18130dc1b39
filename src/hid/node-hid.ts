/** The transport over node-hid. The only file that imports it; it is loaded only when a security key is needed. */
import { type Device, devicesAsync, HIDAsync } from "node-hid";
import { VouchError } from "../errors.ts";
import type { HidConnection, HidDeviceInfo, HidTransport } from "./transport.ts";

/** The FIDO alliance's usage page and the usage of a CTAPHID authenticator (CTAP 2.1 section 11.2.8.1). */
const USAGE_PAGE_FIDO = 0xf1d0;
const USAGE_AUTHENTICATOR = 0x01;

/** hidapi wants the report's id in front; devices without numbered reports have 0. */
const REPORT_ID = 0;

export const transport: HidTransport = { list, open };

async function list(): Promise<HidDeviceInfo[]> {
  const devices = await translated("find security keys", () => devicesAsync());
  return devices.filter(isAuthenticator).map(({ path, product, manufacturer, serialNumber, vendorId, productId }) => {
    const info: HidDeviceInfo = { path, product: product || "Security key", vendorId, productId };
    if (manufacturer) info.manufacturer = manufacturer;
    if (serialNumber) info.serialNumber = serialNumber;
    return info;
  });
}

function isAuthenticator(device: Device): device is Device & { path: string } {
  return device.usagePage === USAGE_PAGE_FIDO && device.usage === USAGE_AUTHENTICATOR && device.path !== undefined;
}

async function open({ path, product }: HidDeviceInfo): Promise<HidConnection> {
  // Browsers and agents keep keys open too; CTAPHID's channels are made for sharing. Only macOS knows the option.
  const device = await translated(`open ${product} (${path})`, () => HIDAsync.open(path, { nonExclusive: true }));
  return {
    async write(report) {
      await translated(`write to ${product}`, () => device.write(Buffer.of(REPORT_ID, ...report)));
    },
    onReport(receive) {
      device.on("data", receive);
    },
    onError(receive) {
      device.on("error", (error) => receive(translate(`read from ${product}`, error)));
    },
    async close() {
      await device.close();
    },
  };
}

async function translated<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw translate(what, error);
  }
}

/** hidapi tells its errors as text of the system; node-hid adds no code to them. */
function translate(what: string, error: unknown): VouchError {
  const reason = error instanceof Error ? error.message : String(error);
  if ((error as NodeJS.ErrnoException | null)?.code === "ERR_DLOPEN_FAILED") {
    return new VouchError("security_key_error", `Cannot ${what}: the USB HID library did not load: ${reason}.`, {
      hint: libraryHint(reason),
      cause: error,
    });
  }
  if (/permission denied|not permitted|access is denied/i.test(reason)) {
    return new VouchError("security_key_permission", `Cannot ${what}: permission denied.`, {
      hint: permissionHint(),
      cause: error,
    });
  }
  if (/exclusive access|resource busy|sharing violation/i.test(reason)) {
    return new VouchError("security_key_busy", `Cannot ${what}: another program uses it.`, {
      hint: "End the other program's use of the key, then repeat the command.",
      cause: error,
    });
  }
  return new VouchError("security_key_removed", `Cannot ${what}: ${reason}.`, {
    hint: "Leave the security key plugged in and repeat the command.",
    cause: error,
  });
}

function libraryHint(reason: string): string {
  const missing = /(libudev|libusb|libstdc\+\+|libgcc_s)[^\s:]*: cannot open/.exec(reason)?.[1];
  if (missing === undefined) {
    return "The folder for temporary files may forbid execution (noexec): set TMPDIR to one that does not.";
  }
  const packages: Record<string, string> = { libudev: "libudev1", libusb: "libusb-1.0-0", "libstdc++": "libstdc++6" };
  return `Install ${missing} (Debian, Ubuntu: \`apt install ${packages[missing] ?? "libgcc-s1"}\`).`;
}

function permissionHint(): string {
  switch (process.platform) {
    case "linux":
      return (
        'Put the line SUBSYSTEM=="hidraw", ENV{ID_FIDO_TOKEN}=="1", TAG+="uaccess" into ' +
        "/etc/udev/rules.d/70-security-key.rules (needs systemd 244 or later), then plug the key in again."
      );
    case "win32":
      return "Windows gives security keys only to programs that run as administrator: start the terminal as one.";
    default:
      return "Allow the terminal to use input devices in the system's privacy settings, then repeat the command.";
  }
}
