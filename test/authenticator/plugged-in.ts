/** A software security key for one test: on a socket of its own, gone at the end of the scope (`await using`). */
import { join } from "node:path";
import type { CtapDevice } from "../../src/fido/ctap2/device.ts";
import { openChannel } from "../../src/fido/hid/channel.ts";
import type { HidConnection, HidDeviceInfo } from "../../src/fido/hid/transport.ts";
import type { Settings } from "./settings.ts";
import { type RunningAuthenticator, startAuthenticator } from "./start.ts";
import { transport } from "./transport.ts";
import { tempFolder } from "../temp-folder.ts";

export interface PluggedIn extends AsyncDisposable {
  key: RunningAuthenticator;
  info: HidDeviceInfo;
  /** Opens a channel; closed at the end. */
  open(): Promise<CtapDevice>;
  /** Opens the bare connection; closed at the end. */
  connect(): Promise<HidConnection>;
}

export async function plugIn(settings: Partial<Settings> = {}): Promise<PluggedIn> {
  const temporary = tempFolder();
  const folder = temporary.path;
  const path = join(folder, "key.sock");
  const key = await startAuthenticator({ ...settings, socketPath: path });
  const info = { path, product: key.settings.product, vendorId: 0x1209, productId: 0xf1d0 };
  const connections: HidConnection[] = [];
  const connect = async () => {
    const connection = await transport.open(info);
    connections.push(connection);
    return connection;
  };
  return {
    key,
    info,
    connect,
    open: async () => openChannel(await connect(), info),
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map((connection) => connection.close()));
      await key.stop();
      temporary[Symbol.dispose]();
    },
  };
}
