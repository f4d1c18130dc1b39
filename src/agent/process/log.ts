/**
 * The agent's log, one line per event: on stderr for the journal or a terminal, in a file if stderr is /dev/null, as
 * for the agent that `vouch login` starts. Callers pass no secrets.
 */
import { fstatSync, lstatSync, statSync, writeSync } from "node:fs";
import { printable } from "../../base/words/printable.ts";
import { withoutTokens } from "../../base/trace.ts";
import type { StatusReply } from "../protocol.ts";
import { LogFile } from "./log-file.ts";
import { agentLogPath } from "../wire/log-path.ts";

/** The sink: stderr, a file, or none. Chosen at the first line; execve(2) leads to the same choice. */
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

/** Whether the log goes to a file, so that stderr is lost. */
export function logsToFile(): boolean {
  return logTarget() instanceof LogFile;
}

/** The log file's path, and why it cannot be written; undefined if the log goes to stderr. */
export function logState(): StatusReply["log"] {
  const to = logTarget();
  if (to === "stderr") return undefined;
  if (to === "nowhere") return { failure: "neither XDG_STATE_HOME nor HOME names a folder of yours" };
  return { path: to.path, ...(to.failure === undefined ? {} : { failure: to.failure }) };
}

/** Whether the descriptor is /dev/null, which the runtime opens in place of a closed one. */
function isNull(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && status.rdev === statSync("/dev/null").rdev;
  } catch {
    return false;
  }
}
