/** Peer credentials of a Unix socket, from the kernel. */
import { openLibc } from "../../base/system/libc.ts";
import { processInfo, type ProcessInfo } from "../../base/system/process-info.ts";

export interface Peer {
  /** The effective user id. */
  uid: number;
  /** The process id at the time of connecting; undefined if the system does not report it. */
  pid?: number;
  /**
   * Whether the process that has connected still runs. Another one may hold the connection by now, and another one may
   * have got the id. Undefined if the system does not say.
   */
  stillRuns?: () => boolean | undefined;
  /** How long ago it connected, in milliseconds. */
  age?: () => number;
}

/** The process that has connected; undefined if it has ended, or its id may be another one's by now. */
export function peerProcess(peer: Peer | undefined): ProcessInfo | undefined {
  const found = peer?.pid === undefined ? undefined : processInfo(peer.pid);
  if (found === undefined) return undefined;
  // In this order: as long as it runs, nobody else has its id.
  const isSame = peer?.stillRuns?.() ?? !hasBegunWithin(found, peer?.age?.() ?? 0);
  return isSame ? found : undefined;
}

/** getsockopt(2) of Linux: level and option for a `struct ucred` (pid, uid, gid). */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** getsockopt(2) of macOS: level and option for the process id; getpeereid(3) has the user. */
const SOL_LOCAL = 0;
const LOCAL_PEERPID = 2;

const getsockopt = { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" } as const;
let ask: ((descriptor: number) => Peer | undefined) | undefined;

/**
 * The peer of a connected Unix socket; undefined if the system does not report it. Throws if the C library cannot be
 * opened.
 */
export function peerOf(descriptor: number): Peer | undefined {
  ask ??= process.platform === "darwin" ? openDarwin() : openLinux();
  return ask(descriptor);
}

function openLinux(): (descriptor: number) => Peer | undefined {
  const libc = openLibc({ getsockopt });
  return (descriptor) => {
    const credentials = new Int32Array(3);
    const length = new Uint32Array([credentials.byteLength]);
    if (libc.getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
    return { pid: credentials[0]!, uid: credentials[1]! >>> 0 };
  };
}

function openDarwin(): (descriptor: number) => Peer | undefined {
  const libc = openLibc({ getsockopt, getpeereid: { args: ["i32", "ptr", "ptr"], returns: "i32" } });
  return (descriptor) => {
    const [uid, gid, pid] = [new Uint32Array(1), new Uint32Array(1), new Int32Array(1)];
    if (libc.getpeereid(descriptor, uid, gid) !== 0) return undefined;
    const length = new Uint32Array([pid.byteLength]);
    const isKnown = libc.getsockopt(descriptor, SOL_LOCAL, LOCAL_PEERPID, pid, length) === 0;
    return { uid: uid[0]!, ...(isKnown ? { pid: pid[0]! } : {}) };
  };
}

/** getsockopt(2) of Linux 6.5: a descriptor of the process that has connected, which stays its own when the id does not. */
const SO_PEERPIDFD = 77;
const POLLIN = 1;
const poll = { args: ["ptr", "u64", "i32"], returns: "i32" } as const;
const close = { args: ["i32"], returns: "i32" } as const;
let lookAt: ((descriptor: number) => boolean | undefined) | undefined;

/** Whether the peer's process still runs; undefined if the system does not say. */
export function peerStillRuns(descriptor: number): boolean | undefined {
  if (process.platform !== "linux") return undefined;
  lookAt ??= openPidfd();
  return lookAt(descriptor);
}

function openPidfd(): (descriptor: number) => boolean | undefined {
  const libc = openLibc({ getsockopt, poll, close });
  return (descriptor) => {
    const pidfd = new Int32Array([-1]);
    const length = new Uint32Array([pidfd.byteLength]);
    if (libc.getsockopt(descriptor, SOL_SOCKET, SO_PEERPIDFD, pidfd, length) !== 0) return undefined;
    // struct pollfd: the descriptor, then `events` and `revents` of 16 bits. It is readable once the process has ended.
    const asked = new Int32Array([pidfd[0]!, POLLIN]);
    const ready = libc.poll(asked, 1, 0);
    libc.close(pidfd[0]!);
    return ready === 0;
  };
}

/** The clock in which the system says when a process began, which runs on in sleep. */
const CLOCK_BOOTTIME = 7;
const clock_gettime = { args: ["i32", "ptr"], returns: "i32" } as const;
let bootTimeMs: (() => number) | undefined;
/** The unit of a start time (USER_HZ), in which it is rounded down: nothing is older than it seems. */
const tickMs = 10;

/** Whether a process began less than `ms` milliseconds ago. */
function hasBegunWithin({ startedAt }: ProcessInfo, ms: number): boolean {
  if (process.platform === "darwin") return Date.now() - Number(startedAt) * 1000 < ms;
  bootTimeMs ??= openBootTime();
  return bootTimeMs() - Number(startedAt) * tickMs < ms;
}

function openBootTime(): () => number {
  const libc = openLibc({ clock_gettime });
  return () => {
    const time = new BigInt64Array(2);
    libc.clock_gettime(CLOCK_BOOTTIME, time);
    return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
  };
}
