/** Whether this process may read from its terminal: only the process group in the foreground may. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { openLibc } from "../system/libc.ts";

/** False without a controlling terminal, and where the system does not say. */
export function isInForeground(): boolean {
  try {
    return process.platform === "linux" ? onLinux() : onDarwin();
  } catch {
    return false;
  }
}

/** proc_pid_stat(5): behind the name, the third field is the process group, the sixth that in the foreground. */
function onLinux(): boolean {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[2]) > 0 && fields[2] === fields[5];
}

function onDarwin(): boolean {
  const libc = openLibc({ getpgrp: { args: [], returns: "i32" }, tcgetpgrp: { args: ["i32"], returns: "i32" } });
  const terminal = openSync("/dev/tty", "r");
  try {
    return libc.tcgetpgrp(terminal) === libc.getpgrp();
  } finally {
    closeSync(terminal);
  }
}
