/**
 * The folder of a guest's socket. It is what is mounted into a container: the socket in it is made anew with each agent,
 * which a mount of the file itself would not show. On this machine nobody else reaches it, for it lies in the agent's
 * own folder; in the container the named user ids can enter and connect, and nobody can put another socket there. Where
 * the container has the agent's user id, its programs may write: links are not followed, what is no socket or no lock in
 * the place of one is refused and named, other files are left alone.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
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
  /**
   * Where to listen, so that `show` then gives the socket its name. A listener that stops removes the path that it was
   * given: by now another folder may be there, but no file of that random name.
   */
  hidden: string;
  /** Throws `file_error`. */
  show(): void;
  /** Removes the socket, and leaves the folder for mounts and the next agent. */
  release(): void;
  /** Removes it for good, also after its release, unless it is used again, holds anything else, or is a mount point. */
  remove(): void;
}

/**
 * Throws as `claimGuestFolder`, and changes nothing: for a folder that is to be used. `others` are the folders of the
 * other guests.
 */
export function checkGuestFolder(folder: string, agentFolder: string, others: readonly string[]): void {
  told(folder, () => {
    checkFolder(folder, agentFolder, others);
    if (isThere(join(folder, guestMark))) lock(folder)();
  });
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
    const unlock = lock(folder);
    try {
      const socket = join(folder, socketName);
      // Whoever could listen there holds the lock.
      if (isThere(socket)) rmSync(socket);
      chmodSync(folder, mode);
      return claimedFolder(folder, socket, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  });
}

/** Takes the lock. Throws `agent_untrusted` if another agent has it. */
function lock(folder: string): () => void {
  const unlock = takeLock(join(folder, guestMark));
  if (unlock === undefined) throw unfit(folder, "another agent serves a guest there");
  return unlock;
}

function claimedFolder(folder: string, socket: string, unlock: () => void): GuestFolder {
  const claimed = identityOf(folder);
  const hidden = join(folder, `s.${randomBytes(6).toString("base64url")}`);
  let held: (() => void) | undefined = unlock;
  /** Lets the lock go after `change`, unless the folder was moved away, and another one, or a link, is in its place. */
  const leave = (change: () => void) => {
    try {
      if (identityOf(folder) === claimed) change();
    } catch {
      // A mount point, or read-only by now: it stays.
    } finally {
      held?.();
      held = undefined;
    }
  };
  return {
    socket,
    hidden,
    show: () => told(folder, () => renameSync(hidden, socket)),
    release: () => leave(() => rmSync(socket, { force: true })),
    remove: () =>
      leave(() => {
        held ??= takeLock(join(folder, guestMark));
        if (held !== undefined) removeFolder(folder);
      }),
  };
}

/** Runs it, and names what a system call has failed at. */
function told<Result>(folder: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof VouchError) throw error;
    const { path = folder } = error as NodeJS.ErrnoException;
    const message = `${printable(path)} cannot be used for a guest: ${whyUnwritten(error)}.`;
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
  const guests = guestsFolder(agentFolder);
  // Whoever may write in a folder decides what those in it are.
  if (isWithin(guests, folder)) throw unfit(folder, "it is the agent's own, or that lies in it");
  const known = others.find((other) => isWithin(folder, other));
  if (known !== undefined) throw unfit(folder, `it is, or lies in, the folder of another guest, ${known}`);
  const inner = others.find((other) => isWithin(other, folder));
  if (inner !== undefined) throw unfit(folder, `the folder of another guest, ${inner}, lies in it`);
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return checkParent(folder);
  if (!status.isDirectory()) throw unfit(folder, "it is not a directory");
  if (status.uid !== process.geteuid?.()) throw unfit(folder, `it belongs to user id ${status.uid}`);
  if ((status.mode & 0o022) !== 0) throw unfit(folder, "others may write to it");
  if (isThere(socket) && !lstatSync(socket).isSocket()) throw unfit(socket, "it is not a socket");
  // Its mode is changed: it must be for this alone.
  if (isThere(join(folder, guestMark))) return;
  // In the agent's own folder an unmarked socket is a dead agent's; elsewhere it may be any program's.
  const isOwn = isSameFolder(dirname(folder), guests);
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

/** Whether two paths name the same folder, by whatever links and mounts, also one that is not made yet. */
export function isSameFolder(one: string, other: string): boolean {
  const [a, b] = [canonical(one), canonical(other)];
  if (a === b) return true;
  const [ofOne, ofOther] = [identityOf(a), identityOf(b)];
  return ofOne !== undefined && ofOne === ofOther;
}

function isWithin(folder: string, other: string): boolean {
  const path = canonical(folder);
  return isSameFolder(path, other) || (path !== dirname(path) && isWithin(dirname(path), other));
}

/** The path without links, as far as there is something. */
function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(canonical(parent), basename(path));
  }
}

/** What names the file of that path until it is removed; undefined without one. Links are not followed. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** Whether something has that name; links are not followed. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function removeFolder(folder: string): void {
  rmSync(join(folder, socketName), { force: true });
  // With anything else in it, it stays a guest's folder, which can be used again.
  if (readdirSync(folder).every((name) => name === guestMark)) {
    rmSync(join(folder, guestMark), { force: true });
    rmdirSync(folder);
  }
}

function unfit(path: string, why: string): VouchError {
  return new VouchError("agent_untrusted", `${path} is not used for a guest's socket: ${why}.`, {
    hint: "Name an empty folder of its own with `vouch guest add NAME --folder FOLDER`.",
  });
}
