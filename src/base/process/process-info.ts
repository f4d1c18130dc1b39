/** What the system knows of a running process: its parent, its name, and when it began, which tells it from a later one. */
import { readFileSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { openLibc } from "../system/libc.ts";

export interface ProcessInfo {
  pid: number;
  /** The id of its parent; 0 without one. */
  parent: number;
  /** The name of the program, cut by the system to 15 bytes. */
  name: string;
  /** When it began, as the system counts it: with the id it names one process for ever. */
  startedAt: string;
  /** The process group: a shell with job control gives each command one, named after its first process. */
  group: number;
}

/** Names a process for ever: its id and its start time. */
export function nameOfProcess({ pid, startedAt }: Pick<ProcessInfo, "pid" | "startedAt">): string {
  return `${pid} ${startedAt}`;
}

/** Whether the one process began before the other. Start times are whole numbers, on macOS with microseconds behind a point. */
export function beganEarlier(one: Pick<ProcessInfo, "startedAt">, other: Pick<ProcessInfo, "startedAt">): boolean {
  const [a, b] = [one, other].map(({ startedAt }) => startedAt.split(".").map(BigInt));
  return a![0]! < b![0]! || (a![0] === b![0] && (a![1] ?? 0n) < (b![1] ?? 0n));
}

/** Undefined for a process that is not there (any more) or that the system hides. */
export function processInfo(pid: number): ProcessInfo | undefined {
  const found = lastProcessInfo(pid);
  return found?.hasEnded === false ? found : undefined;
}

/** As `processInfo`, and on Linux also for a process that has ended and whose parent has not asked for its exit code yet. */
export function lastProcessInfo(pid: number): (ProcessInfo & { hasEnded: boolean }) | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return process.platform === "darwin" ? ofDarwin(pid) : ofLinux(pid);
}

/** proc_pid_stat(5): the name in parentheses may contain blanks and parentheses; the fields follow the last one. */
function ofLinux(pid: number): (ProcessInfo & { hasEnded: boolean }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const fields = stat.slice(end + 2).split(" ");
    const [state = "", parent, group, startedAt] = [fields[0], Number(fields[1]), Number(fields[2]), fields[19]];
    if (!Number.isSafeInteger(parent) || startedAt === undefined) return undefined;
    const name = stat.slice(stat.indexOf("(") + 1, end);
    return { pid, parent, name, startedAt, group, hasEnded: "ZX".includes(state) };
  } catch {
    return undefined;
  }
}

/** proc_pidinfo(3) with PROC_PIDTBSDINFO, and the fields of its `struct proc_bsdinfo` (bsd/sys/proc_info.h). */
const PROC_PIDTBSDINFO = 3;
const bsdInfo = {
  bytes: 136,
  ppid: 16,
  comm: 48,
  commBytes: 16,
  group: 100,
  startSeconds: 120,
  startMicroseconds: 128,
};
const proc_pidinfo = { args: ["i32", "i32", "u64", "ptr", "i32"], returns: "i32" } as const;
let askDarwin: ((pid: number, buffer: Buffer) => number) | undefined;

function ofDarwin(pid: number): (ProcessInfo & { hasEnded: boolean }) | undefined {
  askDarwin ??= openDarwin();
  const buffer = Buffer.alloc(bsdInfo.bytes);
  if (askDarwin(pid, buffer) !== bsdInfo.bytes) return undefined;
  const { comm, commBytes } = bsdInfo;
  const name = buffer.toString("utf8", comm, comm + commBytes).split("\0")[0]!;
  const seconds = buffer.readBigUInt64LE(bsdInfo.startSeconds);
  const microseconds = buffer.readBigUInt64LE(bsdInfo.startMicroseconds);
  const [parent, group] = [buffer.readUInt32LE(bsdInfo.ppid), buffer.readUInt32LE(bsdInfo.group)];
  return { pid, parent, name, startedAt: `${seconds}.${microseconds}`, group, hasEnded: false };
}

function openDarwin(): (pid: number, buffer: Buffer) => number {
  const libc = openLibc({ proc_pidinfo });
  return (pid, buffer) => libc.proc_pidinfo(pid, PROC_PIDTBSDINFO, 0n, buffer, bsdInfo.bytes);
}

/** Linux counts start times in hundredths of a second, whatever the kernel's own tick is (USER_HZ). */
const msPerTick = 10;
/** A clock that was set differs by more. */
const maxDriftMs = 1_000;
let bootMs: number | undefined;

/** The start time of a process, in milliseconds since 1970; it changes only when the clock is set. */
export function startTime(startedAt: string): number {
  if (process.platform === "darwin") return Math.floor(Number(startedAt) * 1000);
  // Linux counts start times as this clock, from the start of the system, time asleep included.
  const now = Date.now() - systemClock.elapsed();
  if (bootMs === undefined || Math.abs(now - bootMs) > maxDriftMs) bootMs = now;
  return Math.floor(bootMs + Number(startedAt) * msPerTick);
}
