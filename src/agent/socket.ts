/**
 * Where the agent listens, and whether that place can be trusted: whoever owns the folder decides who answers there.
 * Both sides check it. Only cheap synchronous calls: the helpers load this file.
 */
import { lstatSync, mkdirSync, type Stats } from "node:fs";
import { VouchError } from "../errors.ts";

type Environment = Record<string, string | undefined>;

/** The longest path of a Unix socket in bytes: `sun_path` less its terminating zero. */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/**
 * The agent's folder: `$VOUCH_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/vouch`, else `/run/user/UID/vouch` where
 * /run/user/UID is the user's, else `vouch-UID` in the temporary folder. Variables that are not absolute are passed
 * over, as the XDG base directory specification asks.
 */
export function agentFolder(env: Environment = process.env): string {
  const own = env["VOUCH_RUNTIME_DIR"];
  if (own?.startsWith("/")) return own;
  const xdg = env["XDG_RUNTIME_DIR"];
  if (xdg?.startsWith("/")) return `${xdg}/vouch`;
  const uid = userId();
  const run = `/run/user/${uid}`;
  const stats = lstatSync(run, { throwIfNoEntry: false });
  if (stats?.isDirectory() && stats.uid === uid) return `${run}/vouch`;
  const temporary = env["TMPDIR"];
  return `${temporary?.startsWith("/") ? temporary.replace(/\/+$/, "") : "/tmp"}/vouch-${uid}`;
}

/** The agent's socket. Throws `agent_unavailable` when its path is longer than the system allows. */
export function agentSocketPath(env: Environment = process.env): string {
  const path = `${agentFolder(env)}/agent.sock`;
  const length = Buffer.byteLength(path);
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
export function checkAgentFolder(folder: string): boolean {
  const stats = lstat(folder);
  if (stats === undefined) return false;
  if (!stats.isDirectory()) throw untrusted(folder, "it is not a directory");
  if (stats.uid !== userId()) throw untrusted(folder, `expected owner ${userId()}, got ${stats.uid}`);
  if ((stats.mode & 0o077) !== 0) {
    throw untrusted(
      folder,
      `expected mode 700, got ${(stats.mode & 0o777).toString(8)}`,
      `Run \`chmod 700 ${folder}\`.`,
    );
  }
  return true;
}

/** The path of the socket when there is one that can be trusted; undefined when there is none. Throws as `checkAgentFolder`. */
export function findAgentSocket(env: Environment = process.env): string | undefined {
  const path = agentSocketPath(env);
  if (!checkAgentFolder(path.slice(0, path.lastIndexOf("/")))) return undefined;
  const stats = lstat(path);
  if (stats === undefined) return undefined;
  if (!stats.isSocket()) throw untrusted(path, "it is not a socket");
  if (stats.uid !== userId()) throw untrusted(path, `expected owner ${userId()}, got ${stats.uid}`);
  return path;
}

/** Creates the folder, mode 0700, when it is missing, and checks it. Throws `agent_untrusted`, `file_error`. */
export function createAgentFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // What stands there instead of a directory is named by the check.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new VouchError(
        "file_error",
        `The agent's folder ${folder} cannot be created: ${(error as Error).message}.`,
        {
          hint: "Set VOUCH_RUNTIME_DIR to a folder that you may write to.",
          cause: error,
        },
      );
    }
  }
  checkAgentFolder(folder);
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw untrusted(path, (error as Error).message);
  }
}

function userId(): number {
  return process.getuid?.() ?? -1;
}

function untrusted(path: string, why: string, remedy?: string): VouchError {
  return new VouchError("agent_untrusted", `The agent's ${path} is not used: ${why}.`, {
    hint: remedy ?? "Remove it, or set VOUCH_RUNTIME_DIR to a folder of your own, then run `vouch login`.",
  });
}
