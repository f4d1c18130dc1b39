/**
 * The agent's guests: askers on other machines, in containers, of other user ids. Each has a socket of its own, with an
 * access of its own (access.ts). Those of the settings are opened with each agent; others last as long as this one, which
 * is until its last session ends.
 */
import { chmodSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { VouchError } from "../../base/errors.ts";
import type { GuestSettings, Settings } from "../../settings/settings.ts";
import type { Reply, routes } from "../protocol.ts";
import type { GuestReply } from "../wire/reply-parts.ts";
import type { GuestOpenRequest } from "../requests.ts";
import type { HttpListener } from "../wire/http-listener.ts";
import type { Peer } from "../wire/peer.ts";
import { type Access, guestAccess } from "./access.ts";
import { makeGuestFolder, modesFor, removeGuestFolder, usualGuestFolder } from "./folder.ts";

/** How many guests there are at most, and how many user ids one remembers that it has turned away. */
const maxGuests = 32;
const maxStrangers = 16;

/** Listens on a path with an access. Throws the errors of listening. */
type Serve = (path: string, access: Access) => HttpListener;

interface Guest {
  settings: GuestSettings;
  /** Whether it is of this agent alone, and in no settings. */
  isTemporary: boolean;
  folder: string;
  socket?: string;
  listener?: HttpListener;
  failure?: VouchError;
  /** User ids that were turned away. */
  strangers: Set<number>;
}

export class Guests {
  readonly #clock: Clock;
  readonly #log: (message: string) => void;
  readonly #guests = new Map<string, Guest>();
  #place: { serve: Serve; agentFolder: string } | undefined;

  constructor(clock: Clock, log: (message: string) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  /** From now on guests are served, below the agent's folder. */
  serve(serve: Serve, agentFolder: string): void {
    this.#place = { serve, agentFolder };
  }

  /** Opens the guests of the settings that are not open, closes those that are gone, and opens changed ones anew. */
  sync({ guests = {} }: Pick<Settings, "guests">): void {
    if (this.#place === undefined) return;
    for (const [name, { isTemporary, settings }] of this.#guests) {
      const now = guests[name];
      if (now === undefined ? !isTemporary : isTemporary || !Bun.deepEquals(now, settings)) this.#close(name);
    }
    for (const [name, settings] of Object.entries(guests)) {
      const known = this.#guests.get(name);
      if (known === undefined || known.failure !== undefined) this.#open(name, settings, false);
    }
  }

  /** Opens one that is in no settings. Throws `name_taken`, `usage` if there are too many, and why it cannot be opened. */
  open({ name, ...settings }: GuestOpenRequest): void {
    if (this.#guests.has(name)) {
      throw new VouchError("name_taken", `There is a guest ${name} already.`, {
        hint: `Choose another name, or run \`vouch guest remove ${name}\`.`,
      });
    }
    const { failure } = this.#open(name, settings, true);
    if (failure === undefined) return;
    this.#close(name);
    throw failure;
  }

  /** Closes one that is in no settings; whether there was one. */
  close(name: string): boolean {
    const isThere = this.#guests.get(name)?.isTemporary === true;
    if (isThere) this.#close(name);
    return isThere;
  }

  /** All, as `vouch guest list` shows them. */
  get described(): Reply<typeof routes.guests> {
    return { guests: [...this.#guests].map(describe) };
  }

  /** Closes all listeners and resolves when their connections have ended; the folders of settings stay, for mounts. */
  async stop(): Promise<void> {
    this.#place = undefined;
    const stopped = [...this.#guests.values()].map(async ({ listener, isTemporary, folder }) => {
      const drained = listener?.stop();
      if (isTemporary) removeGuestFolder(folder);
      await drained;
    });
    await Promise.all(stopped);
  }

  /** Lets the process end despite open connections. */
  unref(): void {
    for (const { listener } of this.#guests.values()) listener?.unref();
  }

  #open(name: string, settings: GuestSettings, isTemporary: boolean): Guest {
    const { serve, agentFolder } = this.#place!;
    const folder = settings.folder ?? usualGuestFolder(agentFolder, name);
    const guest: Guest = { settings, isTemporary, folder, strangers: new Set() };
    try {
      if (this.#guests.size >= maxGuests) {
        throw new VouchError("usage", `There are ${maxGuests} guests already.`, { hint: "Run `vouch guest list`." });
      }
      const { uids = [], credentials = false } = settings;
      const modes = modesFor(uids);
      const socket = makeGuestFolder(folder, modes.folder);
      const access = guestAccess(name, { uids, credentials }, () => this.#clock.elapsed());
      guest.listener = serve(socket, { ...access, turnedAway: (peer) => this.#turnAway(name, guest, access, peer) });
      // Until now nobody else could connect: that needs the right to write.
      chmodSync(socket, modes.socket);
      this.#log(`the guest ${name} may ask at ${socket}`);
    } catch (error) {
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

  #close(name: string): void {
    const guest = this.#guests.get(name)!;
    this.#guests.delete(name);
    void guest.listener?.stop();
    removeGuestFolder(guest.folder);
    this.#log(`the guest ${name} is closed`);
  }
}

function describe([name, { settings, isTemporary, folder, failure, strangers }]: [string, Guest]): GuestReply {
  const { uids = [], credentials = false } = settings;
  const guest = { name, uids, credentials, temporary: isTemporary, folder, strangers: [...strangers] };
  return failure === undefined ? guest : { ...guest, failure: failure.toWire() };
}
