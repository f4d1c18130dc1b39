/**
 * The path of the agent's socket, and whether it can be trusted: the folder's owner controls who answers there. Both
 * sides check it, and neither follows symbolic links. A folder that VOUCH_RUNTIME_DIR names may be another user's, mounted
 * from where that user's agent runs: then its name must be one that only root or this user can have given it. Helpers load
 * this file: it imports next to nothing and gets lstat as a parameter.
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

/** Converts errors of lstat(2) to `agent_untrusted`. */
export function checked(lstat: Lstat): Lstat {
  return (path) => {
    try {
      return lstat(path);
    } catch (error) {
      throw untrusted(path, (error as Error).message);
    }
  };
}

/** The longest path of a Unix socket in bytes: `sun_path` less its terminating zero. */
export const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFSOCK = 0o140000;
const S_ISVTX = 0o1000;

/** The mode of a guest's folder that other user ids may enter; they can neither look into it nor change it. */
const guestFolderMode = 0o711;
/** The file that marks a guest's folder; the agent that serves it holds its lock. */
export const guestMark = "guest.lock";

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

/**
 * Whether the variable names a guest's folder, where the agent of another machine or of the container's host listens: by
 * its mark, its mode, or its owner. Nothing of this machine is written into it.
 */
function isGuestsFolder(lstat: Lstat, env: Environment): boolean {
  const folder = absolute(env["VOUCH_RUNTIME_DIR"]);
  const status = folder === undefined ? undefined : look(lstat, folder);
  if (status === undefined || !isDirectory(status)) return false;
  const isForOthers = status.uid !== userId() || (status.mode & 0o777) === guestFolderMode;
  return isForOthers || look(lstat, `${folder}/${guestMark}`) !== undefined;
}

/**
 * The folder for what the programs of this machine leave beside the agent (locks, plugins, links to pipes): the agent's,
 * but where the variable names a guest's folder, the one that would be used without it.
 */
export function stateFolder(lstat: Lstat, env: Environment = process.env): string {
  return agentFolder(lstat, isGuestsFolder(lstat, env) ? { ...env, VOUCH_RUNTIME_DIR: undefined } : env);
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

export interface AgentSocket {
  path: string;
  /** The user id that must listen there: this user's, or that of a mounted folder's owner. */
  owner: number;
}

/** A trusted socket; undefined if there is none. Throws `agent_untrusted`. */
export function findAgentSocket(lstat: Lstat, env: Environment = process.env): AgentSocket | undefined {
  const path = agentSocketPath(lstat, env);
  const owner = folderOwner(lstat, path.slice(0, path.lastIndexOf("/")), env);
  const status = owner === undefined ? undefined : lstat(path);
  if (owner === undefined || status === undefined) return undefined;
  if ((status.mode & S_IFMT) !== S_IFSOCK) throw untrusted(path, "it is not a socket");
  if (status.uid !== owner) throw untrusted(path, `expected owner ${owner}, got ${status.uid}`);
  return { path, owner };
}

/**
 * Who controls what listens in the folder; undefined if there is none. Same rules as in first-stage/agent.c. Throws as
 * `checkAgentFolder`.
 */
function folderOwner(lstat: Lstat, folder: string, env: Environment): number | undefined {
  const status = absolute(env["VOUCH_RUNTIME_DIR"]) === undefined ? undefined : lstat(folder);
  const isGuests = status !== undefined && isDirectory(status) && (status.mode & 0o777) === guestFolderMode;
  if (status?.uid === userId() && isGuests) return status.uid;
  if (status === undefined || !isDirectory(status) || status.uid === userId()) {
    return checkAgentFolder(lstat, folder) ? userId() : undefined;
  }
  if ((status.mode & 0o022) !== 0) throw untrusted(folder, `user id ${status.uid} owns it, and others may write to it`);
  for (let [path, child] = [folder, status]; path !== "/";) {
    path = path.slice(0, path.lastIndexOf("/")) || "/";
    const parent = lstat(path);
    if (parent === undefined || !isNameSafe(parent, child)) {
      throw untrusted(folder, `user id ${status.uid} owns it, and others than root and you decide what is at ${path}`);
    }
    child = parent;
  }
  return status.uid;
}

/** Whether only root or this user can have put the child into its parent: in a sticky one, its owner has. */
function isNameSafe(parent: FileStatus, child: FileStatus): boolean {
  if (!isDirectory(parent) || !isRootOrSelf(parent)) return false;
  return (parent.mode & 0o022) === 0 || ((parent.mode & S_ISVTX) !== 0 && isRootOrSelf(child));
}

function isRootOrSelf({ uid }: FileStatus): boolean {
  return uid === 0 || uid === userId();
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
