/**
 * The path of the agent's socket, and whether it can be trusted: the folder's owner controls who answers there. Both
 * sides check it, and neither follows symbolic links. Helpers load this file: it imports next to nothing and gets lstat
 * as a parameter.
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";

/** What the checks look at, as in `struct stat`. */
export interface FileStatus {
  mode: number;
  uid: number;
}

/** lstat(2): undefined if nothing has that name. Throws for any other failure. */
export type Lstat = (path: string) => FileStatus | undefined;

/** The longest path of a Unix socket in bytes: `sun_path` less its terminating zero. */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFSOCK = 0o140000;

/**
 * The agent's folder: `$VOUCH_RUNTIME_DIR`; else `vouch` in `$XDG_RUNTIME_DIR`; else in `/run/user/UID`; else
 * `.local/state/vouch/run` in the user's home; else `/tmp/vouch-UID`. A parent folder must meet the XDG base directory
 * specification's rules for `$XDG_RUNTIME_DIR`: owned by the user, mode 0700. Others (root's after `su`, which keeps
 * another user's variable) are ignored, and so are relative ones. TMPDIR is ignored: direnv and nix-shell change it,
 * and the agent must still be found.
 */
export function agentFolder(lstat: Lstat, env: Environment = process.env): string {
  const own = absolute(env["VOUCH_RUNTIME_DIR"]);
  if (own !== undefined) return own;
  const uid = userId();
  for (const candidate of [absolute(env["XDG_RUNTIME_DIR"]), `/run/user/${uid}`]) {
    if (candidate !== undefined && isPrivate(lstat, candidate, uid)) return `${candidate}/vouch`;
  }
  const home = absolute(env["HOME"]);
  const status = home === undefined ? undefined : look(lstat, home);
  if (home !== undefined && status !== undefined && isDirectory(status) && status.uid === uid) {
    const folder = `${home}/.local/state/vouch/run`;
    if (utf8Length(`${folder}/agent.sock`) <= maxSocketPathBytes) return folder;
  }
  return `/tmp/vouch-${uid}`;
}

/** Whether it is a directory of the user that no one else can enter. False for a symbolic link. */
function isPrivate(lstat: Lstat, folder: string, uid: number): boolean {
  const status = look(lstat, folder);
  return status?.uid === uid && isDirectory(status) && (status.mode & 0o777) === 0o700;
}

/** As lstat(2); undefined on failure. */
function look(lstat: Lstat, path: string): FileStatus | undefined {
  try {
    return lstat(path);
  } catch {
    return undefined;
  }
}

/** The agent's socket. Throws `agent_unavailable` if its path exceeds the system's limit. */
export function agentSocketPath(lstat: Lstat, env: Environment = process.env): string {
  const path = `${agentFolder(lstat, env)}/agent.sock`;
  const length = utf8Length(path);
  if (length <= maxSocketPathBytes) return path;
  throw new VouchError(
    "agent_unavailable",
    `The agent's socket path is too long: expected at most ${maxSocketPathBytes} bytes, got ${length} (${path}).`,
    { hint: "Set VOUCH_RUNTIME_DIR to a folder with a shorter path." },
  );
}

/**
 * Whether the folder exists. Throws `agent_untrusted` if it is not a directory (or is a symbolic link), belongs to
 * another user, or is accessible to others.
 */
export function checkAgentFolder(lstat: Lstat, folder: string): boolean {
  const status = lstat(folder);
  if (status === undefined) return false;
  if (!isDirectory(status)) throw untrusted(folder, "it is not a directory");
  if (status.uid !== userId()) throw untrusted(folder, `expected owner ${userId()}, got ${status.uid}`);
  if ((status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8);
    throw untrusted(folder, `expected mode 700, got ${mode}`, `Run \`chmod 700 ${folder}\`.`);
  }
  return true;
}

/** The path of a trusted socket; undefined if there is none. Throws as `checkAgentFolder`. */
export function findAgentSocket(lstat: Lstat, env: Environment = process.env): string | undefined {
  const path = agentSocketPath(lstat, env);
  if (!checkAgentFolder(lstat, path.slice(0, path.lastIndexOf("/")))) return undefined;
  const status = lstat(path);
  if (status === undefined) return undefined;
  if ((status.mode & S_IFMT) !== S_IFSOCK) throw untrusted(path, "it is not a socket");
  if (status.uid !== userId()) throw untrusted(path, `expected owner ${userId()}, got ${status.uid}`);
  return path;
}

function isDirectory({ mode }: FileStatus): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** The length of the text in UTF-8 bytes, without Buffer, which is slow to load. */
function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The path without slashes and dots at its end, which would follow a link, if it is absolute. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") ? path.replace(/(?:\/\.?)+$/, "") || "/" : undefined;
}

function userId(): number {
  return process.geteuid?.() ?? -1;
}

/** The error for an untrusted path. */
export function untrusted(path: string, why: string, remedy?: string): VouchError {
  return new VouchError("agent_untrusted", `The agent's ${path} is not used: ${why}.`, {
    hint: remedy ?? "Remove it, or set VOUCH_RUNTIME_DIR to a folder of your own, then run `vouch login`.",
  });
}
