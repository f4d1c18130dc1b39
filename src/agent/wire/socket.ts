/**
 * Where the agent listens, and whether that place can be trusted: whoever owns the folder decides who answers there.
 * Both sides check it, and neither follows a symbolic link. The helpers load this file: it imports next to nothing, and
 * how a file is looked at is given to it.
 */
import { VouchError } from "../../base/errors.ts";

type Environment = Record<string, string | undefined>;

/** What the checks look at, as in `struct stat`. */
export interface FileStatus {
  mode: number;
  uid: number;
}

/** lstat(2): undefined when nothing has that name. Throws for any other failure. */
export type Lstat = (path: string) => FileStatus | undefined;

/** The longest path of a Unix socket in bytes: `sun_path` less its terminating zero. */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFSOCK = 0o140000;

/**
 * The agent's folder: `$VOUCH_RUNTIME_DIR`; else `vouch` in `$XDG_RUNTIME_DIR`; else in `/run/user/UID`; else
 * `.local/state/vouch/run` in the user's home; else `/tmp/vouch-UID`. A folder that is to hold ours must be as the XDG base
 * directory specification demands it of `$XDG_RUNTIME_DIR`: owned by the user, mode 0700. One that is not (root's after
 * `su`, whose variable is still another user's) is passed over, as variables are that are not absolute. The temporary
 * folder has no say: direnv and nix-shell change it, and the agent must be found all the same.
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

/** Whether it is a directory of the user that nobody else can enter. A symbolic link is none. */
function isPrivate(lstat: Lstat, folder: string, uid: number): boolean {
  const status = look(lstat, folder);
  return status?.uid === uid && isDirectory(status) && (status.mode & 0o777) === 0o700;
}

/** As lstat(2); a folder that cannot be looked at is none. */
function look(lstat: Lstat, path: string): FileStatus | undefined {
  try {
    return lstat(path);
  } catch {
    return undefined;
  }
}

/** The agent's socket. Throws `agent_unavailable` when its path is longer than the system allows. */
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
 * Whether the folder exists. Throws `agent_untrusted` when it is not a directory (a symbolic link is none), belongs to
 * another user, or can be entered by others.
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

/** The path of the socket when there is one that can be trusted; undefined when there is none. Throws as `checkAgentFolder`. */
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

/** The length of the text in bytes as UTF-8. Not by Buffer, which is slow to load. */
function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The path without a slash at its end, when it is absolute. */
function absolute(path: string | undefined): string | undefined {
  if (!path?.startsWith("/")) return undefined;
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function userId(): number {
  return process.geteuid?.() ?? -1;
}

/** The error for a place that is not as it should be. */
export function untrusted(path: string, why: string, remedy?: string): VouchError {
  return new VouchError("agent_untrusted", `The agent's ${path} is not used: ${why}.`, {
    hint: remedy ?? "Remove it, or set VOUCH_RUNTIME_DIR to a folder of your own, then run `vouch login`.",
  });
}
