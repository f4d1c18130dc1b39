/**
 * The path of the agent's log file, and the hint that names it. Helpers load this file: it imports next to nothing and
 * gets lstat as a parameter.
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import type { FileStatus, Lstat } from "./socket.ts";

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/**
 * `$XDG_STATE_HOME/vouch/agent.log`, else `~/.local/state/vouch/agent.log`. Relative variables, and folders of another
 * user (after `su`, which may keep HOME), are ignored. Undefined if neither remains.
 */
export function agentLogPath(lstat: Lstat, env: Environment = process.env): string | undefined {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  // A missing state folder is created; a missing home is not.
  if (state?.startsWith("/") && (look(lstat, state) ?? ownStatus).uid === ownStatus.uid) return logIn(state);
  if (home?.startsWith("/") && look(lstat, home)?.uid === ownStatus.uid) return logIn(`${home}/.local/state`);
  return undefined;
}

/**
 * Adds the log file, if it exists, to the hint of an agent's failure. Errors other than `agent_unavailable` and
 * `internal_error` are returned unchanged.
 */
export function namingLog(error: unknown, lstat: Lstat): unknown {
  if (!(error instanceof VouchError) || !["agent_unavailable", "internal_error"].includes(error.code)) return error;
  const path = agentLogPath(lstat);
  const status = path === undefined ? undefined : look(lstat, path, "");
  if (path === undefined || status === undefined || (status.mode & S_IFMT) !== S_IFREG) return error;
  const hint = `${error.hint === undefined ? "" : `${error.hint} `}The agent's log is ${path}.`;
  return new VouchError(error.code, error.message, { hint, cause: error.cause });
}

const ownStatus: FileStatus = { mode: 0, uid: process.geteuid?.() ?? -1 };

function logIn(folder: string): string {
  return `${folder.replace(/\/+$/, "")}/vouch/agent.log`;
}

/** lstat with a trailing `/.`, which follows a link at the end of the path; undefined on failure. */
function look(lstat: Lstat, path: string, behind = "/."): FileStatus | undefined {
  try {
    return lstat(`${path}${behind}`);
  } catch {
    return undefined;
  }
}
