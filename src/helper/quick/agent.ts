/**
 * How a helper asks the agent on Linux while all goes well: by a dozen system calls, written out in one piece. Loading
 * node:fs takes half as long as a whole helper, the runtime's sockets and streams a quarter, and each function that is
 * called for the first time a thousandth. Whatever is not as it should be ends in undefined; the helper's careful side
 * then does it again by means of the runtime, and says what was wrong. This folder is the executable's first chunk: it
 * imports types only, so that nothing of it stands elsewhere.
 */
import type { dlopen } from "bun:ffi";
import type { protocolVersion, routes } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";

/**
 * syscall(2): the number, then up to six numbers or addresses. One function, because the runtime compiles a stub for each
 * that it is given. What the calls here return is never longer than a buffer: its lower half says it all.
 */
type Syscall = (number: number, a: Word, b: Word, c: Word, d: Word, e: Word, f: Word) => number;
type Word = number | Uint8Array | Int32Array;

export interface System {
  syscall: Syscall;
  /** The numbers of the calls on this architecture. */
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
  /** What the calls write into; enough for most answers. */
  chunk: Uint8Array<ArrayBuffer>;
  /** The body of the last reply, and where it stands in `chunk`: one byte for each character. */
  body: string;
  bodyStart: number;
  /** What has become of the question that was asked last. */
  attempt: Attempt;
}

/** The routes that are asked here, and the version that is spoken: the compiler compares them with protocol.ts. */
export const cargoRoute: (typeof routes)["cargo"] = "/v1/cargo";
export const tokenRoute: (typeof routes)["token"] = "/v1/token";
export const environmentRoute: (typeof routes)["environment"] = "/v1/environment";
const version: typeof protocolVersion = 1;

/** Linux's system calls; undefined where they are not to be had, where a job is answered in its own process, or for a trace. */
export function openSystem(): System | undefined {
  const { arch, env, platform } = process;
  if (platform !== "linux" || env["VOUCH_IDENTITY"] || env["VOUCH_DEBUG"]) return undefined;
  // What stands behind the module bun:ffi. Loading that module takes longer than all the calls of a helper together.
  const { FFI } = Bun as unknown as { FFI: { dlopen: typeof dlopen } };
  const functions = { syscall: { args: ["i32", "ptr", "ptr", "ptr", "ptr", "ptr", "ptr"], returns: "i32" } } as const;
  try {
    // What went wrong is returned, and thrown by the module only. musl's name carries the architecture.
    const symbols =
      FFI.dlopen("libc.so.6", functions).symbols ??
      FFI.dlopen(`libc.musl-${arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, functions).symbols;
    const syscall = symbols?.syscall as unknown as Syscall | undefined;
    if (syscall === undefined) return undefined;
    // PR_SET_DUMPABLE 0: what this process is about to hold goes into no core file, and no other one of the user's may
    // trace it. It ends with execve(2): what this process becomes is as it would have been.
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

/** As areTokenVariables in question.ts. */
export function areTokenVariables(variables: object): boolean {
  return /^(?:(?:npm_config_\/\/[!-<>-~]+\/:_authToken|PIP_INDEX_URL|CODEARTIFACT_AUTH_TOKEN|TWINE_(?:USERNAME|PASSWORD|REPOSITORY_URL))\n)*$/.test(
    Object.keys(variables)
      .map((name) => `${name}\n`)
      .join(""),
  );
}

/**
 * Writes bytes to stdout, all of them. False when nothing could be written: the careful side tries again and says why.
 * Ends the process with 1 when a part was written and the rest is not taken within ten seconds.
 */
export function print({ syscall, write, fcntl }: System, bytes: Uint8Array): boolean {
  // Where stdout was closed, the runtime has opened /dev/null in its place, with FD_CLOEXEC, which nothing inherited has.
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

/** Whether it is a time: whole seconds since 1970, before the year 10000. The rest of a division is NaN for what is no number. */
export function isTime(value: unknown): boolean {
  return typeof value === "number" && value % 1 === 0 && value > 0 && value < 253_402_300_800;
}

/**
 * The agent's reply to one question; undefined when it is not a plain 200 with an object in plain ASCII, or nobody that
 * can be trusted answers. What is in the object is for the caller to check. Both bodies are JSON.
 * `limitMs` holds for connecting, sending, and all receiving.
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
  // As agentFolder in socket.ts, but for the user's home and a variable of another user.
  const folder = own?.startsWith("/") ? own : xdg?.startsWith("/") ? `${xdg}/vouch` : `/run/user/${user}/vouch`;
  // `struct sockaddr_un` is the family and at most 108 bytes; behind a slash at the end a link would be followed.
  if (folder.length > 96 || folder.endsWith("/")) return undefined;

  // The socket's address and the request in one buffer, ended by zeros: AF_UNIX is 1.
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

  // Whoever owns XDG_RUNTIME_DIR decides what stands in it: it must be this user's, mode 0700, as its specification says.
  if (!own?.startsWith("/") && xdg?.startsWith("/")) {
    path[slash - 6] = 0;
    if (syscall(system.statx, 0, path, 0x100, 0xb, chunk, 0) !== 0) return undefined;
    // S_IFDIR | 0700
    if (chunk[29] !== 0x41 || chunk[28] !== 0xc0) return undefined;
    if ((chunk[20]! | (chunk[21]! << 8) | (chunk[22]! << 16) | (chunk[23]! << 24)) >>> 0 !== user) return undefined;
    path[slash - 6] = 0x2f;
  }

  // The folder, then the socket, no link followed (AT_SYMLINK_NOFOLLOW): type, mode and owner of `struct statx`.
  path[slash] = 0;
  if (syscall(system.statx, 0, path, 0x100, 0xb, chunk, 0) !== 0) return undefined;
  if ((chunk[29]! & 0xf0) !== 0x40 || (chunk[28]! & 0o77) !== 0) return undefined;
  if ((chunk[20]! | (chunk[21]! << 8) | (chunk[22]! << 16) | (chunk[23]! << 24)) >>> 0 !== user) return undefined;
  path[slash] = 0x2f;
  if (syscall(system.statx, 0, path, 0x100, 0xb, chunk, 0) !== 0) return undefined;
  if ((chunk[29]! & 0xf0) !== 0xc0) return undefined;
  if ((chunk[20]! | (chunk[21]! << 8) | (chunk[22]! << 16) | (chunk[23]! << 24)) >>> 0 !== user) return undefined;

  // SOCK_STREAM with SOCK_CLOEXEC. SO_SNDTIMEO and SO_RCVTIMEO, each a `struct timeval`: the first holds for connect(2) too, which waits when a
  // stopped agent's queue is full. The connection ends with the process.
  const connection = syscall(system.socket, 1, 0x80001, 0, 0, 0, 0);
  const limit = new Int32Array(4);
  // Whole seconds: an array of integers drops what is behind the point. (Math would have to be made first.)
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
    // SO_PEERCRED, a `struct ucred`: pid, uid, gid. The folder may have been exchanged since it was looked at.
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
      // Without escapes, line ends and other bytes a string in it is what stands between its quotes.
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
