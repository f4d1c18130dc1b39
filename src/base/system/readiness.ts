/** The readiness protocol of service managers, sd_notify(3). */
import { closeSync } from "node:fs";
import { openLibc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** Length of `sun_path`, unix(7). */
const maxPathBytes = 108;

/**
 * Sends `READY=1` to the Unix datagram socket that `NOTIFY_SOCKET` names: a path, or a name in the abstract namespace
 * after `@`. Without the variable, and elsewhere than on Linux, it does nothing. Throws an Error if the name is of
 * another form, or the socket does not take the message.
 */
export function notifyReady(env: Record<string, string | undefined>): void {
  const socketName = env["NOTIFY_SOCKET"];
  if (!socketName || process.platform !== "linux") return;
  const name = Buffer.from(socketName);
  if (!/^[/@]/.test(socketName) || name.length >= maxPathBytes) {
    throw new Error(`Expected a path or @NAME of less than ${maxPathBytes} bytes in NOTIFY_SOCKET, got ${socketName}`);
  }
  if (socketName.startsWith("@")) name[0] = 0;
  const address = Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), name]);
  const message = Buffer.from("READY=1");
  const libc = openLibc({
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  });
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw new Error("socket(AF_UNIX, SOCK_DGRAM) failed");
  try {
    const sent = libc.sendto(descriptor, message, message.length, 0, address, address.length);
    if (Number(sent) !== message.length) throw new Error(`${socketName} of NOTIFY_SOCKET takes no message`);
  } finally {
    closeSync(descriptor);
  }
}
