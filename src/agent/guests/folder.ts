/**
 * The folder of a guest's socket. It is what is mounted into a container: the socket in it is made anew with each agent,
 * which a mount of the file itself would not show. On this machine nobody else reaches it, for it lies in the agent's
 * own folder; in the container the named user ids can enter and connect, and nobody can put another socket there.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";

const socketName = "agent.sock";

/** The modes of folder and socket: for this user alone, or for others who may enter and connect, but not look or write. */
export function modesFor(uids: readonly number[]): { folder: number; socket: number } {
  return uids.length === 0 ? { folder: 0o700, socket: 0o600 } : { folder: 0o711, socket: 0o666 };
}

/** Where a guest's folder is, unless the user has named another. */
export function usualGuestFolder(agentFolder: string, name: string): string {
  return join(agentFolder, "guests", name);
}

/**
 * Makes the folder, removes a socket that a dead agent has left, and returns the socket's path. Throws `agent_untrusted`
 * for a folder of others, or one that holds anything else; `file_error`.
 */
export function makeGuestFolder(folder: string, mode: number): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const status = lstatSync(folder);
    if (!status.isDirectory()) throw unfit(folder, "it is not a directory");
    if (status.uid !== process.geteuid?.()) throw unfit(folder, `it belongs to user id ${status.uid}`);
    if ((status.mode & 0o022) !== 0) throw unfit(folder, "others may write to it");
    // Its mode is changed: it must be for this alone.
    if (readdirSync(folder).some((name) => name !== socketName)) throw unfit(folder, "it holds other files");
    const path = join(folder, socketName);
    const old = lstatSync(path, { throwIfNoEntry: false });
    if (old !== undefined && !old.isSocket()) throw unfit(path, "it is not a socket");
    if (old !== undefined) rmSync(path);
    chmodSync(folder, mode);
    return path;
  } catch (error) {
    if (error instanceof VouchError) throw error;
    const message = `The guest's folder ${folder} cannot be made: ${(error as Error).message}.`;
    throw new VouchError("file_error", message, {
      hint: "Name another with `vouch guest add NAME --folder FOLDER`.",
      cause: error,
    });
  }
}

/** Removes the folder of a guest that is closed for good, if nothing else is in it. */
export function removeGuestFolder(folder: string): void {
  try {
    rmSync(join(folder, socketName), { force: true });
    rmdirSync(folder);
  } catch {
    // A mount point, or files of the user: they stay.
  }
}

function unfit(path: string, why: string): VouchError {
  return new VouchError("agent_untrusted", `${path} is not used for a guest's socket: ${why}.`, {
    hint: "Name a folder of its own with `vouch guest add NAME --folder FOLDER`.",
  });
}
