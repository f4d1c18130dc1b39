/**
 * The agent's log: one line each on stderr, for the journal or the terminal; in a file where stderr is /dev/null, as for
 * the agent that `vouch login` starts. Nothing secret is ever passed here.
 */
import { fstatSync, lstatSync, statSync, writeSync } from "node:fs";
import { printable } from "../../base/printable.ts";
import { withoutTokens } from "../../base/trace.ts";
import type { StatusReply } from "../protocol.ts";
import { LogFile } from "./log-file.ts";
import { agentLogPath } from "../wire/log-path.ts";

/** What takes the lines: stderr, a file, or nothing. Found out at the first line, and the same again after execve(2). */
let target: "stderr" | "nowhere" | LogFile | undefined;

function logTarget(): "stderr" | "nowhere" | LogFile {
  if (target !== undefined) return target;
  if (!isNull(2)) return (target = "stderr");
  const path = agentLogPath((name) => lstatSync(name, { throwIfNoEntry: false }));
  return (target = path === undefined ? "nowhere" : new LogFile(path));
}

export function log(message: string): void {
  const to = logTarget();
  const line = withoutTokens(printable(message));
  if (to instanceof LogFile) {
    to.write(`vouch agent ${process.pid}: ${line}`);
    return;
  }
  try {
    writeSync(2, `vouch agent: ${line}\n`);
  } catch {
    // A closed terminal must not end the agent.
  }
}

/** Whether the lines go to a file, so that what is printed on stderr would be lost. */
export function logsToFile(): boolean {
  return logTarget() instanceof LogFile;
}

/** Where the log is, and why it cannot be written; undefined when it goes to stderr. */
export function logState(): StatusReply["log"] {
  const to = logTarget();
  if (to === "stderr") return undefined;
  if (to === "nowhere") return { failure: "neither XDG_STATE_HOME nor HOME names a folder of yours" };
  return { path: to.path, ...(to.failure === undefined ? {} : { failure: to.failure }) };
}

/** Whether the descriptor leads to /dev/null. One that was closed does: the runtime has opened that in its place. */
function isNull(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && status.rdev === statSync("/dev/null").rdev;
  } catch {
    return false;
  }
}
