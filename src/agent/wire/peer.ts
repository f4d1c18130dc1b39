/** Peer credentials of a Unix socket, from the kernel. */
import { openLibc } from "../../base/system/libc.ts";

export interface Peer {
  /** The effective user id. */
  uid: number;
  /** The process id; undefined if the system does not report it. */
  pid?: number;
  /** When the process began, as it was read once it had connected; absent if it was gone by then. */
  startedAt?: string;
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
