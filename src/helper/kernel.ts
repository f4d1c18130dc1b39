/**
 * The few system calls of a helper, straight to Linux's C library. Loading node:fs takes half as long as a whole helper,
 * and the runtime's own sockets and streams a quarter; this takes a tenth. It knows only how things go well: whatever
 * goes otherwise is thrown as `NotQuick`, and done again by means of the runtime, which say what was wrong.
 */
import { FFIType, ptr } from "bun:ffi";
import { openLibc } from "../agent/libc.ts";
import { Disconnected, type ExchangeLimits, type System } from "../agent/question.ts";
import type { FileStatus } from "../agent/socket.ts";

export class NotQuick extends Error {}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** STATX_TYPE, STATX_MODE and STATX_UID. */
const statxMask = 0x1 | 0x2 | 0x8;
/** Where `struct statx` has them; the same on every architecture. */
const statxUid = 20;
const statxMode = 28;
const statxBytes = 256;

const AF_UNIX = 1;
/** SOCK_STREAM, and SOCK_CLOEXEC: what the helper becomes must not inherit the connection. */
const socketType = 1 | 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const MSG_NOSIGNAL = 0x4000;
/** `struct sockaddr_un`: the family (2 bytes), the path (108 bytes). */
const socketAddressBytes = 110;

const chunkBytes = 65_536;

export interface Kernel extends System {
  /** What stands on stdin, waiting for it; empty at its end. Throws `NotQuick`. */
  readStdin(): Uint8Array;
}

/** The system calls; throws `NotQuick` where they cannot be had (not Linux, a C library without them). */
export function openKernel(): Kernel {
  const libc = open();
  const chunk = new Uint8Array(chunkBytes);
  const chunkPointer = ptr(chunk);
  const statx = new Uint8Array(statxBytes);
  const view = new DataView(statx.buffer);

  /** The bytes that read(2) gives from the descriptor; undefined when it fails. Valid until the next call. */
  function read(descriptor: number): Uint8Array | undefined {
    const count = Number(libc.read(descriptor, chunkPointer, chunkBytes));
    return count < 0 ? undefined : chunk.subarray(0, count);
  }

  function lstat(path: string): FileStatus {
    const name = new TextEncoder().encode(`${path}\0`);
    if (libc.statx(AT_FDCWD, ptr(name), AT_SYMLINK_NOFOLLOW, statxMask, ptr(statx)) !== 0) throw new NotQuick();
    return { mode: view.getUint16(statxMode, true), uid: view.getUint32(statxUid, true) };
  }

  /** A connection on which connecting, sending and each receiving wait for so long at most. */
  function connect(path: string, timeoutMs: number, deadline: number): number {
    const descriptor = libc.socket(AF_UNIX, socketType, 0);
    const address = new Uint8Array(socketAddressBytes);
    address[0] = AF_UNIX;
    new TextEncoder().encodeInto(path, address.subarray(2, socketAddressBytes - 1));
    // `struct timeval`: seconds and microseconds, 64 bits each. The limit on sending holds for connect(2) too, which
    // waits when a stopped agent's queue is full.
    const limit = Int32Array.of(Math.floor(timeoutMs / 1000), 0, (timeoutMs % 1000) * 1000, 0);
    for (const option of [SO_SNDTIMEO, SO_RCVTIMEO]) {
      if (libc.setsockopt(descriptor, SOL_SOCKET, option, ptr(limit), limit.byteLength) !== 0) throw new NotQuick();
    }
    if (libc.connect(descriptor, ptr(address), socketAddressBytes) === 0) return descriptor;
    throw Bun.nanoseconds() < deadline ? new NotQuick() : new Disconnected("timeout");
  }

  /** The connection ends with the process, which has little else to do. */
  function exchange(path: string, request: Uint8Array, { timeoutMs, maxBytes, isWhole }: ExchangeLimits): Uint8Array {
    const deadline = Bun.nanoseconds() + timeoutMs * 1e6;
    const descriptor = connect(path, timeoutMs, deadline);
    const sent = Number(libc.send(descriptor, ptr(request), request.length, MSG_NOSIGNAL));
    if (sent !== request.length) throw new NotQuick();
    let answer = new Uint8Array(0);
    for (;;) {
      const bytes = read(descriptor);
      if (Bun.nanoseconds() > deadline) throw new Disconnected("timeout");
      if (bytes === undefined) throw new Disconnected("gone");
      if (bytes.length === 0) return answer;
      if (answer.length + bytes.length > maxBytes) throw new Disconnected("too_long");
      const longer = new Uint8Array(answer.length + bytes.length);
      longer.set(answer);
      longer.set(bytes, answer.length);
      answer = longer;
      if (isWhole(answer)) return answer;
    }
  }

  function readStdin(): Uint8Array {
    const bytes = read(0);
    if (bytes === undefined) throw new NotQuick();
    return bytes;
  }

  return { lstat, exchange, readStdin };
}

function open() {
  if (process.platform !== "linux") throw new NotQuick();
  try {
    return openLibc({
      statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
      socket: { args: ["i32", "i32", "i32"], returns: "i32" },
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
      connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
      send: { args: ["i32", "ptr", "u64", "i32"], returns: FFIType.i64_fast },
      read: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
    });
  } catch {
    throw new NotQuick();
  }
}
