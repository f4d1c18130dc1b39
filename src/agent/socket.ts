/**
 * Where the agent listens, and whether that place can be trusted: whoever owns the folder decides who answers there.
 * The helpers load this file, and loading node:fs takes as long as a quarter of a whole helper; so it does with
 * `Bun.file(…).stat()`, which follows symbolic links, wherever nobody else can have put one.
 */
import { VouchError } from "../errors.ts";

type Environment = Record<string, string | undefined>;

/** What the checks look at; `Stats` of node:fs has it. */
interface Entry {
  uid: number;
  mode: number;
  isDirectory(): boolean;
  isSocket(): boolean;
}

/** The longest path of a Unix socket in bytes: `sun_path` less its terminating zero. */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/**
 * The agent's folder: `$VOUCH_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/vouch`, else `/run/user/UID/vouch` where
 * /run/user/UID is the user's, else `vouch-UID` in the temporary folder. Variables that are not absolute are passed
 * over, as the XDG base directory specification asks.
 */
export async function agentFolder(env: Environment = process.env): Promise<string> {
  const own = absolute(env["VOUCH_RUNTIME_DIR"]);
  if (own !== undefined) return own;
  const xdg = absolute(env["XDG_RUNTIME_DIR"]);
  if (xdg !== undefined) return `${xdg}/vouch`;
  const uid = userId();
  const run = `/run/user/${uid}`;
  if ((await stat(run))?.uid === uid) return `${run}/vouch`;
  return `${absolute(env["TMPDIR"]) ?? "/tmp"}/vouch-${uid}`;
}

/** The agent's socket. Throws `agent_unavailable` when its path is longer than the system allows. */
export async function agentSocketPath(env: Environment = process.env): Promise<string> {
  const path = `${await agentFolder(env)}/agent.sock`;
  const length = Buffer.byteLength(path);
  if (length <= maxSocketPathBytes) return path;
  throw new VouchError(
    "agent_unavailable",
    `The agent's socket path is too long: expected at most ${maxSocketPathBytes} bytes, got ${length} (${path}).`,
    { hint: "Set VOUCH_RUNTIME_DIR to a folder with a shorter path." },
  );
}

/**
 * Whether the folder exists. Throws `agent_untrusted` when it is not a directory, belongs to another user, can be
 * entered by others, or is a symbolic link that others may have put there.
 */
export async function checkAgentFolder(folder: string): Promise<boolean> {
  const entry = (await isPrivate(parentOf(folder))) ? await stat(folder) : await lstat(folder);
  if (entry === undefined) return false;
  if (!entry.isDirectory()) throw untrusted(folder, "it is not a directory");
  if (entry.uid !== userId()) throw untrusted(folder, `expected owner ${userId()}, got ${entry.uid}`);
  if ((entry.mode & 0o077) !== 0) {
    const mode = (entry.mode & 0o777).toString(8);
    throw untrusted(folder, `expected mode 700, got ${mode}`, `Run \`chmod 700 ${folder}\`.`);
  }
  return true;
}

/** The path of the socket when there is one that can be trusted; undefined when there is none. Throws as `checkAgentFolder`. */
export async function findAgentSocket(env: Environment = process.env): Promise<string | undefined> {
  const path = await agentSocketPath(env);
  if (!(await checkAgentFolder(parentOf(path)))) return undefined;
  // Nobody else can have put a link into the folder that was just checked.
  const entry = await stat(path);
  if (entry === undefined) return undefined;
  if (!entry.isSocket()) throw untrusted(path, "it is not a socket");
  if (entry.uid !== userId()) throw untrusted(path, `expected owner ${userId()}, got ${entry.uid}`);
  return path;
}

/** The error for a place that cannot be trusted. */
export function untrusted(path: string, why: string, remedy?: string): VouchError {
  return new VouchError("agent_untrusted", `The agent's ${path} is not used: ${why}.`, {
    hint: remedy ?? "Remove it, or set VOUCH_RUNTIME_DIR to a folder of your own, then run `vouch login`.",
  });
}

/** Whether only the user and root can put anything into the folder. */
async function isPrivate(folder: string): Promise<boolean> {
  const entry = await stat(folder);
  return entry !== undefined && (entry.uid === userId() || entry.uid === 0) && (entry.mode & 0o022) === 0;
}

async function lstat(path: string): Promise<Entry | undefined> {
  const { lstatSync } = await import("node:fs");
  return lstatSync(path, { throwIfNoEntry: false });
}

async function stat(path: string): Promise<Entry | undefined> {
  try {
    return await Bun.file(path).stat();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw untrusted(path, (error as Error).message);
  }
}

/** The path without slashes at its end, when it is absolute. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") ? path.replace(/(?<=.)\/+$/, "") : undefined;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function userId(): number {
  return process.getuid?.() ?? -1;
}
