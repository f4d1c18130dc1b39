/** What the system knows of a running process: its parent, its name, and when it began, which tells it from a later one. */
import { readFileSync } from "node:fs";
import { openLibc } from "./libc.ts";

export interface ProcessInfo {
  pid: number;
  /** The id of its parent; 0 without one. */
  parent: number;
  /** The name of the program, cut by the system to 15 bytes. */
  name: string;
  /** When it began, as the system counts it: with the id it names one process for ever. */
  startedAt: string;
}

/** Undefined for a process that is not there (any more) or that the system hides. */
export function processInfo(pid: number): ProcessInfo | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return process.platform === "darwin" ? ofDarwin(pid) : ofLinux(pid);
}

/** proc_pid_stat(5): the name in parentheses may contain blanks and parentheses; the fields follow the last one. */
function ofLinux(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const fields = stat.slice(end + 2).split(" ");
    const [state = "", parent, startedAt] = [fields[0], Number(fields[1]), fields[19]];
    // One that has ended and whose parent has not asked for its exit code yet.
    if ("ZX".includes(state)) return undefined;
    if (!Number.isSafeInteger(parent) || startedAt === undefined) return undefined;
    return { pid, parent, name: stat.slice(stat.indexOf("(") + 1, end), startedAt };
  } catch {
    return undefined;
  }
}

/** proc_pidinfo(3) with PROC_PIDTBSDINFO, and the fields of its `struct proc_bsdinfo` (bsd/sys/proc_info.h). */
const PROC_PIDTBSDINFO = 3;
const bsdInfo = { bytes: 136, ppid: 16, comm: 48, commBytes: 16, startSeconds: 120, startMicroseconds: 128 };
const proc_pidinfo = { args: ["i32", "i32", "u64", "ptr", "i32"], returns: "i32" } as const;
let askDarwin: ((pid: number, buffer: Buffer) => number) | undefined;

function ofDarwin(pid: number): ProcessInfo | undefined {
  askDarwin ??= openDarwin();
  const buffer = Buffer.alloc(bsdInfo.bytes);
  if (askDarwin(pid, buffer) !== bsdInfo.bytes) return undefined;
  const { comm, commBytes } = bsdInfo;
  const name = buffer.toString("utf8", comm, comm + commBytes).split("\0")[0]!;
  const seconds = buffer.readBigUInt64LE(bsdInfo.startSeconds);
  const microseconds = buffer.readBigUInt64LE(bsdInfo.startMicroseconds);
  return { pid, parent: buffer.readUInt32LE(bsdInfo.ppid), name, startedAt: `${seconds}.${microseconds}` };
}

function openDarwin(): (pid: number, buffer: Buffer) => number {
  const libc = openLibc({ proc_pidinfo });
  return (pid, buffer) => libc.proc_pidinfo(pid, PROC_PIDTBSDINFO, 0n, buffer, bsdInfo.bytes);
}
