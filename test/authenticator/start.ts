/** A software security key on a Unix socket: 64 bytes are one report, in both directions, without framing. */
import { createServer, type Socket } from "node:net";
import { reportBytes } from "../../src/fido/hid/transport.ts";
import { Ctap2Authenticator } from "./ctap2/ctap2.ts";
import { CtapHid } from "./hid/ctaphid.ts";
import { completeSettings, type Settings } from "./settings.ts";
import { U2fAuthenticator } from "./u2f.ts";

export interface RunningAuthenticator {
  /** May be changed while the key runs: touch, touchDelayMs, fingerprint… */
  readonly settings: Settings;
  readonly ctap2: Ctap2Authenticator;
  /** How many INITs have come. */
  readonly initializations: number;
  /** How many programs have the key open. */
  readonly clients: number;
  /** Gives all channels away, as a key does that has room for few and many programs to serve. */
  forgetChannels(): void;
  /** Takes the key out and plugs it in again: connections end, the PIN may be tried again. */
  powerCycle(): void;
  /** Takes the key out for good. */
  stop(): Promise<void>;
}

/** Starts a key that listens on the socket; it plays a HID device, so every client sees every report. */
export async function startAuthenticator(
  options: Partial<Settings> & { socketPath: string },
): Promise<RunningAuthenticator> {
  const { socketPath, ...given } = options;
  const settings = completeSettings(given);
  const ctap2 = new Ctap2Authenticator(settings);
  const clients = new Set<Socket>();
  const u2f = settings.ctap === "u2f" ? new U2fAuthenticator(ctap2.touch) : undefined;
  const hid = new CtapHid({
    cbor: settings.ctap !== "u2f",
    silent: () => settings.silentWhileTouchIsAwaited && ctap2.touch.isAwaited,
    fault: () => settings.fault,
    process: (message, call) => ctap2.process(message, call),
    ...(u2f === undefined ? {} : { processApdu: (apdu) => u2f.process(apdu) }),
    send: (report) => {
      for (const client of clients) client.write(report);
    },
  });
  const server = createServer((client) => {
    clients.add(client);
    let buffered: Buffer = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      for (; buffered.length >= reportBytes; buffered = buffered.subarray(reportBytes)) {
        hid.receive(new Uint8Array(buffered.subarray(0, reportBytes)));
      }
    });
    client.on("error", () => client.destroy());
    client.on("close", () => clients.delete(client));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  const powerCycle = () => {
    hid.powerCycle();
    ctap2.powerCycle();
    for (const client of clients) client.destroy();
  };
  return {
    settings,
    ctap2,
    get clients() {
      return clients.size;
    },
    get initializations() {
      return hid.initializations;
    },
    forgetChannels: () => hid.powerCycle(),
    powerCycle,
    stop: () => {
      powerCycle();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
