/**
 * The few system calls of a helper, straight to Linux's C library. Loading node:fs takes half as long as a whole helper,
 * and the runtime's own sockets and streams a quarter; this takes a tenth. It knows only how things go well: whatever
 * goes otherwise is thrown as `NotQuick`, and done again by means of the runtime, which say what was wrong.
 */
import { openLibc } from "../agent/libc.ts";
import { Disconnected, readAnswer } from "../agent/question.ts";
import type { FileStatus } from "../agent/socket.ts";

export class NotQuick extends Error {}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** STATX_TYPE, STATX_MODE, STATX_UID and STATX_INO. */
const statxMask = 0x1 | 0x2 | 0x8 | 0x100;
/** Where `struct statx` has them; the same on every architecture. */
const statxUid = 20;
const statxMode = 28;
const statxInode = 32;
const statxDevice = 136;

const AF_UNIX = 1;
/** SOCK_STREAM, and SOCK_CLOEXEC: what the helper becomes must not inherit the connection. */
const socketType = 1 | 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const MSG_NOSIGNAL = 0x4000;
/** `struct sockaddr_un`: the family (2 bytes), the path (108 bytes). */
const socketAddressBytes = 110;

/** Enough for a `struct statx` and for most answers. */
const chunkBytes = 16_384;

let opened: ReturnType<typeof open> | undefined;
const chunk = new Uint8Array(chunkBytes);

/** The C library; throws `NotQuick` where it or a function of it is not to be had (another system than Linux). */
function libc() {
  return (opened ??= open());
}

function open() {
  try {
    return openLibc({
      statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
      socket: { args: ["i32", "i32", "i32"], returns: "i32" },
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
      connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
      // What these return is never longer than a buffer here: the lower half says it all.
      send: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
      read: { args: ["i32", "ptr", "u64"], returns: "i32" },
    });
  } catch {
    throw new NotQuick();
  }
}

/** lstat(2) for what must be there. Throws `NotQuick`. */
export function lstat(path: string): FileStatus {
  statx(path, AT_SYMLINK_NOFOLLOW);
  return { mode: integer(statxMode, 2), uid: integer(statxUid, 4) };
}

/** Device and inode of the file, links followed. Throws `NotQuick`. */
export function fileIdentity(path: string): string {
  statx(path, 0);
  // Inodes may have more than 53 bits: in halves.
  return [statxDevice, statxDevice + 4, statxInode, statxInode + 4].map((offset) => integer(offset, 4)).join(":");
}

function statx(path: string, flags: number): void {
  const name = new TextEncoder().encode(`${path}\0`);
  if (libc().statx(AT_FDCWD, name, flags, statxMask, chunk) !== 0) throw new NotQuick();
}

/** So many bytes of the chunk, the lowest first. */
function integer(offset: number, bytes: number): number {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index--) value = value * 256 + chunk[offset + index]!;
  return value;
}

/** A connection on which connecting, sending and each receiving wait for so long at most. Throws `NotQuick`, `Disconnected`. */
export function connect(path: string, timeoutMs: number): number {
  const { socket, setsockopt, connect: connectTo } = libc();
  const deadline = Bun.nanoseconds() + timeoutMs * 1e6;
  const connection = socket(AF_UNIX, socketType, 0);
  const address = new Uint8Array(socketAddressBytes);
  address[0] = AF_UNIX;
  new TextEncoder().encodeInto(path, address.subarray(2, socketAddressBytes - 1));
  // `struct timeval`: seconds and microseconds, 64 bits each. The limit on sending holds for connect(2) too, which
  // waits when a stopped agent's queue is full.
  const limit = new Int32Array(4);
  limit[0] = Math.floor(timeoutMs / 1000);
  limit[2] = (timeoutMs % 1000) * 1000;
  if (
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, limit, limit.byteLength) !== 0 ||
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, limit, limit.byteLength) !== 0
  ) {
    throw new NotQuick();
  }
  if (connectTo(connection, address, socketAddressBytes) === 0) return connection;
  throw Bun.nanoseconds() < deadline ? new NotQuick() : new Disconnected("timeout");
}

/**
 * Sends the request and gives the agent's reply. The connection ends with the process, which has little else to do.
 * Throws `NotQuick`, a `Disconnected`, and as `readAnswer`.
 */
export function exchange(connection: number, request: Uint8Array, timeoutMs: number): object {
  const { send, read } = libc();
  const deadline = Bun.nanoseconds() + timeoutMs * 1e6;
  if (send(connection, request, request.length, MSG_NOSIGNAL) !== request.length) throw new NotQuick();
  let length = 0;
  let answer = chunk;
  for (;;) {
    const count = read(connection, answer.subarray(length), answer.length - length);
    if (Bun.nanoseconds() > deadline) throw new Disconnected("timeout");
    if (count < 0) throw new NotQuick();
    length += count;
    const reply = readAnswer(answer.subarray(0, length), count === 0);
    if (reply !== undefined) return reply;
    if (length < answer.length) continue;
    const longer = new Uint8Array(2 * answer.length);
    longer.set(answer);
    answer = longer;
  }
}

/** What stands on stdin, waiting for it; empty at its end. Valid until the next call. Throws `NotQuick`. */
export function readStdin(): Uint8Array {
  const count = libc().read(0, chunk, chunkBytes);
  if (count < 0) throw new NotQuick();
  return chunk.subarray(0, count);
}
