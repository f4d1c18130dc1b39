/**
 * The agent's guests: askers on other machines, in containers, of other user ids. Each has a socket of its own, with an
 * access of its own (access.ts). Those of the settings are opened with each agent; others last as long as this one, which
 * is until its last session ends.
 */
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { VouchError } from "../../base/errors.ts";
import type { GuestSettings, Settings } from "../../settings/settings.ts";
import type { Reply, routes } from "../protocol.ts";
import { type Holder, holderOf, isAlive } from "../publishing/holder.ts";
import type { GuestReply } from "../wire/reply-parts.ts";
import type { GuestOpenRequest } from "../requests.ts";
import type { HttpListener } from "../wire/http-listener.ts";
import type { Peer } from "../wire/peer.ts";
import { type Access, guestAccess } from "./access.ts";
import { claimGuestFolder, type GuestFolder, identityOf, modesFor, socketName, usualGuestFolder } from "./folder.ts";

/** How many guests there are at most, and how many user ids one remembers that it has turned away. */
const maxGuests = 32;
const maxStrangers = 16;

/** Listens on a path with an access. Throws the errors of listening. */
type Serve = (path: string, access: Access) => HttpListener;

interface Place {
  serve: Serve;
  agentFolder: string;
}

interface Guest {
  settings: GuestSettings;
  /** Whether it is of this agent alone, and in no settings. */
  isTemporary: boolean;
  folder: string;
  /** Undefined where it cannot be served: then the folder is not ours to change. */
  open?: { claimed: GuestFolder; listener: HttpListener; socket: string | undefined };
  /** The process that it is closed with. */
  holder?: Holder | undefined;
  failure?: VouchError;
  /** User ids that were turned away. */
  strangers: Set<number>;
}

type Wanted = Pick<Guest, "settings" | "isTemporary" | "holder"> & Partial<Pick<Guest, "strangers">>;

export class Guests {
  readonly #clock: Clock;
  readonly #log: (message: string) => void;
  readonly #guests = new Map<string, Guest>();
  #place: Place | undefined;
  #stopped: Promise<unknown> | undefined;

  constructor(clock: Clock, log: (message: string) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  /** From now on guests are served, below the agent's folder. */
  serve(serve: Serve, agentFolder: string): void {
    this.#place = { serve, agentFolder };
  }

  /**
   * Opens the guests of the settings that are not open, closes those that are gone and those whose process has ended, and
   * opens anew the ones that have changed or lost their socket.
   */
  sync({ guests = {} }: Pick<Settings, "guests">): void {
    const place = this.#place;
    if (place === undefined) return;
    const left: [name: string, folder: GuestFolder][] = [];
    for (const [name, guest] of this.#guests) {
      const { isTemporary, settings, open } = guest;
      const now = guests[name];
      if (now === undefined ? isTemporary && isHeld(guest) : !isTemporary && Bun.deepEquals(now, settings)) {
        if (!isServed(guest)) this.#reopen(name, guest, place);
        continue;
      }
      this.#close(name, now === undefined);
      if (now !== undefined && open !== undefined) left.push([name, open.claimed]);
    }
    for (const [name, settings] of Object.entries(guests)) {
      if (!this.#guests.has(name)) this.#open(name, { settings, isTemporary: false }, place);
    }
    // A folder that is removed would be another one in the mounts that have it: it goes once the guest has a new one.
    for (const [name, folder] of left) if (this.#guests.get(name)?.open !== undefined) folder.remove();
  }

  /**
   * Opens one that is in no settings; `asker` is who asks for it. Throws `name_taken`, `usage` if there are too many, and
   * why it cannot be opened.
   */
  open({ name, endsWithAsker = false, ...settings }: GuestOpenRequest, asker?: Peer): void {
    this.#closeUnheld();
    if (this.#guests.has(name)) {
      throw new VouchError("name_taken", `There is a guest ${name} already.`, {
        hint: `Choose another name, or run \`vouch guest remove ${name}\`.`,
      });
    }
    if (this.#place === undefined) {
      throw new VouchError("agent_unavailable", "The agent is stopping.", { hint: "Run the command again." });
    }
    const holder = endsWithAsker ? holderOf(asker, "self") : undefined;
    if (endsWithAsker && holder === undefined) {
      throw new VouchError("access_denied", "The system does not say which process asks for the guest.", {
        hint: "Run the command outside of any container, or open a guest that needs no process: `vouch guest add NAME --session`.",
      });
    }
    const { failure } = this.#open(name, { settings, isTemporary: true, holder }, this.#place);
    if (failure === undefined) return;
    this.#guests.delete(name);
    throw failure;
  }

  /** Closes one that is in no settings; whether there was one. */
  close(name: string): boolean {
    const isThere = this.#guests.get(name)?.isTemporary === true;
    if (isThere) this.#close(name, true);
    return isThere;
  }

  /** All, as `vouch guest list` shows them. */
  get described(): Reply<typeof routes.guests> {
    return { guests: [...this.#guests].map(describe) };
  }

  /** Closes all listeners and resolves when their connections have ended; the folders of settings stay, for mounts. */
  async stop(): Promise<void> {
    this.#place = undefined;
    await (this.#stopped ??= Promise.all([...this.#guests.values()].map((guest) => closed(guest, guest.isTemporary))));
  }

  /** Lets the process end despite open connections. */
  unref(): void {
    for (const { open } of this.#guests.values()) open?.listener.unref();
  }

  #closeUnheld(): void {
    for (const [name, guest] of this.#guests) if (!isHeld(guest)) this.#close(name, true);
  }

  /** In the same folder, which mounts have. */
  #reopen(name: string, guest: Guest, place: Place): void {
    if (guest.open) this.#log(`the socket of the guest ${name} is gone`);
    void closed(guest, false);
    this.#open(name, guest, place);
  }

  #open(name: string, wanted: Wanted, { serve, agentFolder }: Place): Guest {
    const { settings, isTemporary, holder, strangers = new Set() } = wanted;
    const folder = folderOf(name, settings, { agentFolder });
    const guest: Guest = { settings, isTemporary, holder, folder, strangers };
    const others = [...this.#guests].flatMap(([other, { open, folder: its }]) => (other !== name && open ? [its] : []));
    let claimed: GuestFolder | undefined;
    try {
      if (others.length >= maxGuests) {
        throw new VouchError("usage", `There are ${maxGuests} guests already.`, { hint: "Run `vouch guest list`." });
      }
      const { uids = [], credentials = false } = settings;
      const modes = modesFor(uids);
      claimed = claimGuestFolder(folder, modes.folder, agentFolder, others);
      const { socket, hidden } = claimed;
      const access = guestAccess(name, { uids, credentials }, () => this.#clock.elapsed());
      const check: Access["check"] = (...asked) => {
        if (!isHeld(guest)) throw endedWithHolder(name);
        access.check(...asked);
      };
      const turnedAway = (peer: Peer | undefined) => this.#turnAway(name, guest, access, peer);
      const listener = withMode(modes.socket, () => serve(hidden, { ...access, check, turnedAway }));
      guest.open = { claimed, listener, socket: identityOf(hidden) };
      claimed.show();
      this.#log(`the guest ${name} may ask at ${socket}`);
    } catch (error) {
      void guest.open?.listener.stop();
      delete guest.open;
      if (isTemporary) claimed?.remove();
      else claimed?.release();
      guest.failure = VouchError.from(error);
      const isKnown = this.#guests.get(name)?.failure?.message === guest.failure.message;
      if (!isKnown) this.#log(`the guest ${name} has no socket: ${guest.failure.message}`);
    }
    this.#guests.set(name, guest);
    return guest;
  }

  #turnAway(name: string, { strangers }: Guest, access: Access, peer: Peer | undefined): VouchError | undefined {
    const uid = peer?.uid ?? -1;
    if (uid >= 0 && !strangers.has(uid) && strangers.size < maxStrangers) {
      strangers.add(uid);
      this.#log(`the guest ${name} was asked by user id ${uid}, which is not named for it`);
    }
    return access.turnedAway(peer);
  }

  #close(name: string, isForGood: boolean): void {
    const guest = this.#guests.get(name);
    if (guest === undefined) return;
    this.#guests.delete(name);
    void closed(guest, isForGood);
    this.#log(`the guest ${name} is closed`);
  }
}

/** Whether the process that it is closed with, if any, still runs. */
function isHeld({ holder }: Guest): boolean {
  return holder === undefined || isAlive(holder);
}

/** Whether its socket is where it was made: a container may have removed or replaced it. */
function isServed({ folder, open }: Guest): boolean {
  return open?.socket !== undefined && identityOf(join(folder, socketName)) === open.socket;
}

function endedWithHolder(name: string): VouchError {
  return new VouchError("access_denied", `The guest ${name} is closed: the command that opened it has ended.`, {
    hint: "On the machine that the agent runs on, run `vouch ssh` again.",
  });
}

/** Stops listening at once, and resolves when the connections have ended. `isForGood`: the folder goes, too. */
async function closed({ open }: Guest, isForGood: boolean): Promise<void> {
  const drained = open?.listener.stop();
  if (isForGood) open?.claimed.remove();
  else open?.claimed.release();
  await drained;
}

function folderOf(name: string, { folder }: GuestSettings, { agentFolder }: Pick<Place, "agentFolder">): string {
  return folder ?? usualGuestFolder(agentFolder, name);
}

/**
 * Runs `listen`, which makes a socket, so that it has the mode from the beginning: chmod(2) would follow a link that a
 * container has put in its place.
 */
function withMode<Result>(mode: number, listen: () => Result): Result {
  const before = process.umask(0o777 & ~mode);
  try {
    return listen();
  } finally {
    process.umask(before);
  }
}

function describe([name, { settings, isTemporary, folder, failure, strangers }]: [string, Guest]): GuestReply {
  const { uids = [], credentials = false } = settings;
  const guest = { name, uids, credentials, temporary: isTemporary, folder, strangers: [...strangers] };
  return failure === undefined ? guest : { ...guest, failure: failure.toWire() };
}
