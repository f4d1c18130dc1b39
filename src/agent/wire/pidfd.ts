/**
 * Tells whether the process id of a socket's peer still names that process (Linux 6.5, pidfd): what is read of /proc
 * meanwhile is then of the peer and not of a later process with its id.
 */
import { closeSync } from "node:fs";
import { openLibc } from "../../base/system/libc.ts";

/** getsockopt(2): level, and the option for a pidfd of the peer. */
const SOL_SOCKET = 1;
const SO_PEERPIDFD = 77;
/** poll(2): a pidfd is readable once its process has ended. */
const POLLIN = 1;
/** syscall(2): the number on every architecture. */
const pidfd_send_signal = 424;

interface Calls {
  /** -1 where the kernel gives none. */
  open: (descriptor: number) => number;
  /** Whether the process has ended and its parent has taken its exit code: its id may be given away. */
  isGone: (pidfd: number) => boolean;
}

let calls: Calls | undefined;
/** Whether this kernel has given a pidfd; then it refuses one only for a process that is gone. */
let isSupported = false;

/**
 * What `read` returns; undefined if the peer was gone by then, so that its id may be another's. Where the kernel has no
 * such means, always what `read` returns.
 */
export function whilePeerIs<T>(descriptor: number, read: () => T): T | undefined {
  if (process.platform !== "linux") return read();
  const { open, isGone } = (calls ??= openCalls());
  const pidfd = open(descriptor);
  if (pidfd < 0) return isSupported ? undefined : read();
  isSupported = true;
  try {
    const found = read();
    return isGone(pidfd) ? undefined : found;
  } finally {
    closeSync(pidfd);
  }
}

function openCalls(): Calls {
  const libc = openLibc({
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
    syscall: { args: ["i64", "i64", "i64", "ptr", "i64"], returns: "i64" },
  });
  const [value, length, polled] = [new Int32Array(1), new Uint32Array(1), new Int32Array(2)];
  return {
    open(descriptor) {
      length[0] = value.byteLength;
      return libc.getsockopt(descriptor, SOL_SOCKET, SO_PEERPIDFD, value, length) === 0 ? value[0]! : -1;
    },
    isGone(pidfd) {
      polled[0] = pidfd;
      polled[1] = POLLIN;
      // A process that has ended keeps its id until its parent asks for the exit code; signal 0 then still reaches it.
      return libc.poll(polled, 1, 0) > 0 && Number(libc.syscall(pidfd_send_signal, pidfd, 0, null, 0)) !== 0;
    },
  };
}
