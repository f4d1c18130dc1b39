/**
 * A file that only the program that this process becomes or starts can open, by a descriptor that it inherits: for
 * configuration with a token, which is then in no file system and in no environment.
 */
import { openLibc } from "../base/system/libc.ts";

/** Above the descriptors of shells, build tools and version managers: where it is not inherited, nothing has the number. */
const lowest = 200;
const F_DUPFD = 0;
const F_SETPIPE_SZ = 1031;
const O_NONBLOCK = 0o4000;
/** What a pipe of Linux takes as it is made: pipe(7). */
const usualBytes = 65_536;
/** The smallest buffer of macOS, where none can be enlarged. */
const maxBytesElsewhere = 16_384;

/**
 * The path of the content. `once`: it can be read once (a pipe), so that programs that are started later find nothing;
 * else any number of times (memfd_create(2)), by them too. Undefined if the system has no such files, or the content is
 * too long. To be called immediately before `become`.
 */
export function inheritedFile(content: string, kind: "once" | "always"): string | undefined {
  // Elsewhere the runtime closes all descriptors when it becomes another program.
  if (process.platform !== "linux") return undefined;
  const descriptor = inheritedDescriptor(content, kind);
  return descriptor === undefined ? undefined : inheritedPath(descriptor);
}

/** The path by which a program finds the descriptor that it has inherited. */
export function inheritedPath(descriptor: number): string {
  return process.platform === "linux" ? `/proc/self/fd/${descriptor}` : `/dev/fd/${descriptor}`;
}

/** The descriptor that the path names, if it is one of such a file; undefined for any other path. */
export function inheritedAt(path: string | undefined): number | undefined {
  const descriptor = Number(/^\/(?:proc\/self|dev)\/fd\/(\d+)$/.exec(path ?? "")?.[1]);
  return descriptor >= lowest || (descriptor === 3 && process.platform !== "linux") ? descriptor : undefined;
}

/**
 * The descriptor of such a file; undefined if there is none, or if the content is empty or longer than a pipe can be: by
 * default 1 MiB (/proc/sys/fs/pipe-max-size), less for a user who has many pipes. Never waits for a reader.
 */
export function inheritedDescriptor(content: string, kind: "once" | "always"): number | undefined {
  const bytes = Buffer.from(content);
  if (bytes.length === 0) return undefined;
  const system = process.platform === "linux" ? linux() : elsewhere();
  const [readEnd, writeEnd] = system.ends(bytes.length, kind);
  if (readEnd < 0) return undefined;
  // A copy has no FD_CLOEXEC: it stays open in the program.
  const descriptor = system.fcntl(readEnd, F_DUPFD, lowest);
  const written = Number(system.write(writeEnd, bytes, bytes.length));
  bytes.fill(0);
  for (const end of new Set([readEnd, writeEnd])) system.close(end);
  if (descriptor < 0) return undefined;
  if (written === bytes.length) return descriptor;
  system.close(descriptor);
  return undefined;
}

type Ends = [readEnd: number, writeEnd: number];
const none: Ends = [-1, -1];

const calls = {
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
} as const;

/** pipe2(2), so that a write that does not fit ends at once, and memfd_create(2), which only Linux has. */
function linux() {
  const libc = openLibc({
    ...calls,
    pipe2: { args: ["ptr", "i32"], returns: "i32" },
    memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  });
  const ends = (length: number, kind: "once" | "always"): Ends => {
    if (kind === "always") {
      const file = libc.memfd_create(Buffer.from("vouch\0"), 0);
      return [file, file];
    }
    const pair = new Int32Array(2);
    if (libc.pipe2(pair, O_NONBLOCK) !== 0) return none;
    if (length > usualBytes) libc.fcntl(pair[1]!, F_SETPIPE_SZ, length);
    return [pair[0]!, pair[1]!];
  };
  return { ...libc, ends };
}

function elsewhere() {
  const libc = openLibc({ ...calls, pipe: { args: ["ptr"], returns: "i32" } });
  const ends = (length: number, kind: "once" | "always"): Ends => {
    const pair = new Int32Array(2);
    if (kind === "always" || length > maxBytesElsewhere || libc.pipe(pair) !== 0) return none;
    return [pair[0]!, pair[1]!];
  };
  return { ...libc, ends };
}
