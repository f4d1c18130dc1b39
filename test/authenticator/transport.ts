/**
 * The transport of the sandbox variant of the executable: security keys are Unix sockets, named by VOUCH_SANDBOX_KEY
 * (several as on PATH). A socket that does not exist is a key that is not plugged in.
 */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { delimiter } from "node:path";
import { hidError, removedError } from "../../src/fido/hid/hid-error.ts";
import {
  type HidConnection,
  type HidDeviceInfo,
  type HidTransport,
  reportBytes,
} from "../../src/fido/hid/transport.ts";

/** What hidapi says of a device where a socket has a code. */
const reasons: Partial<Record<string, string>> = {
  EACCES: "Permission denied",
  ENOENT: "No such file or directory",
  ECONNREFUSED: "No such file or directory",
  ECONNRESET: "No such device",
};

export const transport: HidTransport = {
  list: () => Promise.resolve(listSockets(process.env["VOUCH_SANDBOX_KEY"] ?? "")),
  open: openSocket,
};

function listSockets(paths: string): HidDeviceInfo[] {
  return paths
    .split(delimiter)
    .map((path, index) => ({
      path,
      product: `Software Security Key${index === 0 ? "" : ` ${index + 1}`}`,
      vendorId: 0x1209,
      productId: 0xf1d0,
    }))
    .filter(({ path }) => path !== "" && existsSync(path));
}

function openSocket(info: HidDeviceInfo): Promise<HidConnection> {
  const socket = connect(info.path);
  let onReport: ((report: Uint8Array) => void) | undefined;
  let onError: ((error: Error) => void) | undefined;
  let buffered: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (; buffered.length >= reportBytes; buffered = buffered.subarray(reportBytes)) {
      onReport?.(new Uint8Array(buffered.subarray(0, reportBytes)));
    }
  });
  socket.on("close", () => onError?.(removedError(info)));
  const connection: HidConnection = {
    write: (report) =>
      new Promise((resolve, reject) => {
        socket.write(report, (error) => (error ? reject(removedError(info, error)) : resolve()));
      }),
    onReport: (receive) => {
      onReport = receive;
    },
    onError: (receive) => {
      onError = receive;
    },
    close: () => {
      socket.removeAllListeners("close");
      socket.destroy();
      return Promise.resolve();
    },
  };
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(connection));
    socket.on("error", (error) =>
      reject(hidError("open", info, new Error(reasons[errorCode(error)] ?? error.message))),
    );
  });
}

function errorCode(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
