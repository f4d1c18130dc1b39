/**
 * The folder of a guest's socket. It is what is mounted into a container: the socket in it is made anew with each agent,
 * which a mount of the file itself would not show. On this machine nobody else reaches it, for it lies in the agent's
 * own folder; in the container the named user ids can enter and connect, and nobody can put another socket there. Where
 * the container has the agent's user id, its programs may write: what they leave is neither followed nor judged.
 */
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/printable.ts";
import { takeLock } from "../process/lock.ts";
import { whyUnwritten } from "../process/private-file.ts";
import { guestMark, maxSocketPathBytes } from "../wire/socket.ts";

export const socketName = "agent.sock";

/** The modes of folder and socket: for this user alone, or for others who may enter and connect, but not look or write. */
export function modesFor(uids: readonly number[]): { folder: number; socket: number } {
  return uids.length === 0 ? { folder: 0o700, socket: 0o600 } : { folder: 0o711, socket: 0o666 };
}

/** Where a guest's folder is, unless the user has named another. */
export function usualGuestFolder(agentFolder: string, name: string): string {
  return join(guestsFolder(agentFolder), name);
}

function guestsFolder(agentFolder: string): string {
  return join(agentFolder, "guests");
}

/** A folder that this agent alone serves a guest in. */
export interface GuestFolder {
  /** The socket's path; nothing is there. */
  socket: string;
  /** Leaves the folder as it is, for mounts and the next agent. */
  release(): void;
  /** Removes it for good, unless something else is in it, or it is a mount point. */
  remove(): void;
}

/**
 * Throws as `claimGuestFolder`, and changes nothing: for a folder that is to be used. `others` are the folders of the
 * other guests.
 */
export function checkGuestFolder(folder: string, agentFolder: string, others: readonly string[]): void {
  told(folder, () => checkFolder(folder, agentFolder, others));
}

/**
 * Makes the folder, marks it as a guest's by a lock, and removes a socket that a dead agent has left. `others` are the
 * folders of the agent's other guests. Throws `agent_untrusted` for a folder of others, one that holds anything else and
 * has no mark, one that another agent serves, and for the agent's own; `file_error`. Then nothing in it has changed.
 */
export function claimGuestFolder(
  folder: string,
  mode: number,
  agentFolder: string,
  others: readonly string[],
): GuestFolder {
  return told(folder, () => {
    checkFolder(folder, agentFolder, others);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    checkFolder(folder, agentFolder, others);
    const unlock = takeLock(join(folder, guestMark));
    if (unlock === undefined) throw unfit(folder, "another agent serves a guest there");
    try {
      const socket = join(folder, socketName);
      // Whoever could listen there holds the lock.
      if (isThere(socket)) rmSync(socket);
      chmodSync(folder, mode);
      const claimed = identityOf(folder);
      return { socket, release: unlock, remove: () => removeFolder(folder, claimed, unlock) };
    } catch (error) {
      unlock();
      throw error;
    }
  });
}

/** Runs it, and says of a system call's failure that it is the folder's. */
function told<Result>(folder: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof VouchError) throw error;
    const message = `The guest's folder ${folder} cannot be used: ${whyUnwritten(error)}.`;
    throw new VouchError("file_error", message, {
      hint: "Name another with `vouch guest add NAME --folder FOLDER`.",
      cause: error,
    });
  }
}

function checkFolder(folder: string, agentFolder: string, others: readonly string[]): void {
  const socket = join(folder, socketName);
  const bytes = Buffer.byteLength(socket);
  if (bytes > maxSocketPathBytes) {
    throw unfit(socket, `its path has ${bytes} bytes, and the system allows ${maxSocketPathBytes}`);
  }
  const known = others.find((other) => isWithin(folder, other));
  if (known !== undefined) throw unfit(folder, `it is, or lies in, the folder of another guest, ${known}`);
  const guests = guestsFolder(agentFolder);
  // The folder of all guests is made with the first one's.
  if (resolve(folder) === guests || [agentFolder, guests].some((own) => isSame(folder, own))) {
    throw unfit(folder, "it is the agent's own");
  }
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return checkParent(folder);
  if (!status.isDirectory()) throw unfit(folder, "it is not a directory");
  if (status.uid !== process.geteuid?.()) throw unfit(folder, `it belongs to user id ${status.uid}`);
  if ((status.mode & 0o022) !== 0) throw unfit(folder, "others may write to it");
  if (isThere(socket) && !lstatSync(socket).isSocket()) throw unfit(socket, "it is not a socket");
  // Its mode is changed: it must be for this alone.
  if (isThere(join(folder, guestMark))) return;
  // In the agent's own folder an unmarked socket is a dead agent's; elsewhere it may be any program's.
  const isOwn = isSame(dirname(folder), guests);
  const found = isOwn ? undefined : readdirSync(folder)[0];
  if (found !== undefined) throw unfit(folder, `it holds other files, such as ${printable(found)}`);
}

/** The folder is to be made in the first one above it that there is. */
function checkParent(folder: string): void {
  const parent = dirname(folder);
  const status = statSync(parent, { throwIfNoEntry: false });
  if (status === undefined && parent !== folder) return checkParent(parent);
  if (status?.isDirectory() !== true) throw unfit(folder, `${parent} is not a directory`);
  accessSync(parent, constants.W_OK | constants.X_OK);
}

/** Whether two paths name the same folder, by whatever links and mounts. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function isWithin(folder: string, other: string): boolean {
  return isSame(folder, other) || (folder !== dirname(folder) && isWithin(dirname(folder), other));
}

/** What names the file of that path until it is removed; undefined without one. Links are not followed. */
export function identityOf(path: string): string | undefined {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return status && `${status.dev} ${status.ino}`;
}

/** Whether something has that name; links are not followed. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function removeFolder(folder: string, claimed: string | undefined, unlock: () => void): void {
  try {
    // It may have been moved away, and another one, or a link, put in its place.
    if (identityOf(folder) !== claimed) return;
    rmSync(join(folder, socketName), { force: true });
    // With anything else in it, it stays a guest's folder, which can be used again.
    if (readdirSync(folder).every((name) => name === guestMark)) {
      rmSync(join(folder, guestMark), { force: true });
      rmdirSync(folder);
    }
  } catch {
    // A mount point: it stays.
  } finally {
    unlock();
  }
}

function unfit(path: string, why: string): VouchError {
  return new VouchError("agent_untrusted", `${path} is not used for a guest's socket: ${why}.`, {
    hint: "Name an empty folder of its own with `vouch guest add NAME --folder FOLDER`.",
  });
}
