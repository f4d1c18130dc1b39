/**
 * Fast path of a helper's request to the agent (Linux, success only): about a dozen raw system calls in one function.
 * Loading node:fs takes half as long as a whole helper, the runtime's sockets and streams a quarter, and the first call
 * of each function a thousandth. Anything unexpected returns undefined; the fallback then repeats the request through
 * Bun's APIs and reports the error. This folder is the executable's first chunk: it imports types only, so that the
 * bundler places no other module there.
 */
import type { dlopen } from "bun:ffi";
import type { protocolVersion, routes } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";

/**
 * syscall(2): the number, then up to six numbers or addresses. One variadic declaration, because the runtime compiles a
 * stub for each one. Results are shorter than the buffer: the lower half of the return value is enough.
 */
type Syscall = (number: number, a: Word, b: Word, c: Word, d: Word, e: Word, f: Word) => number;
type Word = number | Uint8Array | Int32Array;

export interface System {
  syscall: Syscall;
  /** System call numbers of this architecture. */
  read: number;
  openat: number;
  write: number;
  fcntl: number;
  statx: number;
  socket: number;
  setsockopt: number;
  getsockopt: number;
  connect: number;
  sendto: number;
  /** Buffer for the calls; large enough for most answers. */
  chunk: Uint8Array<ArrayBuffer>;
  /** The body of the last reply and its position in `chunk`, one byte per character. */
  body: string;
  bodyStart: number;
  /** State of the last request, for the fallback. */
  attempt: Attempt;
}

/** The routes used here and the protocol version; the compiler compares them with protocol.ts. */
export const cargoRoute: (typeof routes)["cargo"] = "/v1/cargo";
export const tokenRoute: (typeof routes)["token"] = "/v1/token";
export const environmentRoute: (typeof routes)["environment"] = "/v1/environment";
const version: typeof protocolVersion = 1;

/** Linux's system calls; undefined if unavailable, if a job answers in its own process, or if a trace is wanted. */
export function openSystem(): System | undefined {
  const { arch, env, platform } = process;
  if (platform !== "linux" || env["VOUCH_IDENTITY"] || env["VOUCH_DEBUG"]) return undefined;
  // The primitives behind the module bun:ffi: loading the module takes longer than all calls of a helper together.
  const { FFI } = Bun as unknown as { FFI: { dlopen: typeof dlopen } };
  const functions = { syscall: { args: ["i32", "ptr", "ptr", "ptr", "ptr", "ptr", "ptr"], returns: "i32" } } as const;
  try {
    // Errors are returned (only the module throws them). musl's library name contains the architecture.
    const symbols =
      FFI.dlopen("libc.so.6", functions).symbols ??
      FFI.dlopen(`libc.musl-${arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, functions).symbols;
    const syscall = symbols?.syscall as unknown as Syscall | undefined;
    if (syscall === undefined) return undefined;
    // PR_SET_DUMPABLE 0: the secrets of this process go into no core file, and no other process of the user can trace
    // it. execve(2) resets it for the program that replaces this one.
    syscall(arch === "x64" ? 157 : 167, 4, 0, 0, 0, 0, 0);
    const system = { syscall, chunk: new Uint8Array(32_768), body: "", bodyStart: 0, attempt: { spentMs: 0 } };
    return arch === "x64"
      ? {
          ...system,
          read: 0,
          write: 1,
          fcntl: 72,
          openat: 257,
          statx: 332,
          socket: 41,
          setsockopt: 54,
          getsockopt: 55,
          connect: 42,
          sendto: 44,
        }
      : {
          ...system,
          read: 63,
          write: 64,
          fcntl: 25,
          openat: 56,
          statx: 291,
          socket: 198,
          setsockopt: 208,
          getsockopt: 209,
          connect: 203,
          sendto: 206,
        };
  } catch {
    return undefined;
  }
}

/** Same rule as areTokenVariables in wire/checks.ts. */
export function areTokenVariables(variables: object): boolean {
  return /^(?:(?:npm_config_\/\/[!-<>-~]+\/:_authToken|PIP_INDEX_URL|CODEARTIFACT_AUTH_TOKEN|TWINE_(?:USERNAME|PASSWORD|REPOSITORY_URL))\n)*$/.test(
    Object.keys(variables)
      .map((name) => `${name}\n`)
      .join(""),
  );
}

/**
 * Writes all bytes to stdout. False if nothing could be written: the fallback retries and reports the error. Ends the
 * process with 1 if a part was written and the rest is not accepted within ten seconds.
 */
export function print({ syscall, write, fcntl }: System, bytes: Uint8Array): boolean {
  // If stdout was closed, the runtime has opened /dev/null in its place, with FD_CLOEXEC, which no inherited descriptor
  // has.
  if (syscall(fcntl, 1, 1 /* F_GETFD */, 0, 0, 0, 0) !== 0) return false;
  let written = syscall(write, 1, bytes, bytes.length, 0, 0, 0);
  if (written <= 0) return false;
  for (let waits = 0; written < bytes.length;) {
    const count = syscall(write, 1, bytes.subarray(written), bytes.length - written, 0, 0, 0);
    if (count > 0) written += count;
    else if (++waits > 1000) process.exit(1);
    else Bun.sleepSync(10);
  }
  return true;
}

/**
 * Whether the value is a time: whole seconds since 1970, before the year 10000. `% 1` is NaN for anything but a number.
 */
export function isTime(value: unknown): boolean {
  return typeof value === "number" && value % 1 === 0 && value > 0 && value < 253_402_300_800;
}

/**
 * The agent's reply to one request; undefined unless it is a plain 200 with an ASCII object from a trusted peer. The
 * caller checks the object's fields. Both bodies are JSON. `limitMs` bounds connecting, sending and receiving together.
 */
export function ask(
  system: System,
  route: typeof cargoRoute | typeof tokenRoute | typeof environmentRoute,
  body: string,
  limitMs = 30_000,
): object | undefined {
  const { syscall, chunk } = system;
  const { env } = process;
  const user = process.geteuid!();
  const own = env["VOUCH_RUNTIME_DIR"];
  const xdg = env["XDG_RUNTIME_DIR"];
  // Same folder as agentFolder in wire/socket.ts, without its fallbacks (home folder, another user's variable).
  const folder = own?.startsWith("/") ? own : xdg?.startsWith("/") ? `${xdg}/vouch` : `/run/user/${user}/vouch`;
  // `struct sockaddr_un` is the family and at most 108 bytes. A trailing slash would follow a symbolic link.
  if (folder.length > 96 || folder.endsWith("/")) return undefined;

  // The socket's address and the request in one buffer, zero-terminated: AF_UNIX is 1.
  const text =
    `\u0001\0${folder}/agent.sock\0POST ${route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: ${version}\r\n` +
    `connection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return undefined;
    bytes[index] = code;
  }
  const path = bytes.subarray(2);
  const slash = folder.length;

  // The owner of XDG_RUNTIME_DIR controls its entries: it must be this user's, mode 0700, as the XDG specification
  // demands.
  if (!own?.startsWith("/") && xdg?.startsWith("/")) {
    path[slash - 6] = 0;
    if (syscall(system.statx, 0, path, 0x100, 0xb, chunk, 0) !== 0) return undefined;
    // S_IFDIR | 0700
    if (chunk[29] !== 0x41 || chunk[28] !== 0xc0) return undefined;
    if ((chunk[20]! | (chunk[21]! << 8) | (chunk[22]! << 16) | (chunk[23]! << 24)) >>> 0 !== user) return undefined;
    path[slash - 6] = 0x2f;
  }

  // The folder, then the socket, without following links (AT_SYMLINK_NOFOLLOW): type, mode and owner of `struct statx`.
  path[slash] = 0;
  if (syscall(system.statx, 0, path, 0x100, 0xb, chunk, 0) !== 0) return undefined;
  if ((chunk[29]! & 0xf0) !== 0x40 || (chunk[28]! & 0o77) !== 0) return undefined;
  if ((chunk[20]! | (chunk[21]! << 8) | (chunk[22]! << 16) | (chunk[23]! << 24)) >>> 0 !== user) return undefined;
  path[slash] = 0x2f;
  if (syscall(system.statx, 0, path, 0x100, 0xb, chunk, 0) !== 0) return undefined;
  if ((chunk[29]! & 0xf0) !== 0xc0) return undefined;
  if ((chunk[20]! | (chunk[21]! << 8) | (chunk[22]! << 16) | (chunk[23]! << 24)) >>> 0 !== user) return undefined;

  // SOCK_STREAM with SOCK_CLOEXEC. SO_SNDTIMEO and SO_RCVTIMEO, each a `struct timeval`; the first also bounds
  // connect(2), which blocks while a stopped agent's queue is full. The connection ends with the process.
  const connection = syscall(system.socket, 1, 0x80001, 0, 0, 0, 0);
  const limit = new Int32Array(4);
  // Whole seconds: Int32Array truncates. (Math would have to be initialized first.)
  limit[0] = limitMs / 1000;
  limit[2] = (limitMs % 1000) * 1000;
  if (syscall(system.setsockopt, connection, 1, 21, limit, 16, 0) !== 0) return undefined;
  if (syscall(system.setsockopt, connection, 1, 20, limit, 16, 0) !== 0) return undefined;
  const begun = Bun.nanoseconds();
  const addressLength = slash + 14;
  const request = bytes.subarray(addressLength);
  const credentialsLength = new Int32Array(1);
  credentialsLength[0] = 12;
  let length = 0;
  if (
    syscall(system.connect, connection, bytes, addressLength, 0, 0, 0) === 0 &&
    // SO_PEERCRED, a `struct ucred`: pid, uid, gid. The folder may have been replaced since the check.
    syscall(system.getsockopt, connection, 1, 17, limit, credentialsLength, 0) === 0 &&
    limit[1]! >>> 0 === user &&
    syscall(system.sendto, connection, request, request.length, 0x4000 /* MSG_NOSIGNAL */, 0, 0) === request.length
  ) {
    // One byte stays free for a line end.
    while (length < 32_767 && Bun.nanoseconds() - begun < limitMs * 1e6) {
      const count = syscall(system.read, connection, chunk.subarray(length), 32_767 - length, 0, 0, 0);
      if (count <= 0) break;
      length += count;
      // The agent's answers are ASCII.
      const answer = String.fromCharCode.apply(null, chunk.subarray(0, length) as unknown as number[]);
      const bodyStart = answer.indexOf("\r\n\r\n") + 4;
      if (bodyStart < 4 || !answer.slice(0, bodyStart).includes(`\r\ncontent-length: ${length - bodyStart}\r\n`))
        continue;
      system.attempt.answered = { route, body, answer: chunk.slice(0, length) };
      const reply = answer.slice(bodyStart);
      // Without escapes, line ends and non-ASCII bytes, a string's value is the text between its quotes.
      if (!answer.startsWith(`HTTP/1.1 200 \r\nvouch-protocol: ${version}\r\n`) || /[^ -[\]-~]/.test(reply)) break;
      system.body = reply;
      system.bodyStart = bodyStart;
      try {
        return JSON.parse(reply) ?? undefined;
      } catch {
        break;
      }
    }
  }
  system.attempt.spentMs = (Bun.nanoseconds() - begun) / 1e6;
  return undefined;
}
