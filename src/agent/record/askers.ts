/** The process that asks, and those above it. */
import { readlinkSync } from "node:fs";
import { lastProcessInfo, processInfo, type ProcessInfo, startTime } from "../../base/process/process-info.ts";
import { withoutTokens } from "../../base/trace.ts";
import { argumentsOf, masked } from "../../base/process/masked-arguments.ts";
import type { Peer } from "../wire/peer.ts";
import { whilePeerIs } from "../wire/pidfd.ts";

/** More than the depth of a build in a terminal in an editor. */
const maxAncestors = 16;
/** In UTF-16 units. */
const maxPath = 200;
/** The first process of a system ends the tree. */
const firstPid = 1;
/** How many parents' trees are remembered. */
const maxTrees = 64;

export interface AskingProcess {
  pid: number;
  /**
   * The first word of the name that it has, which it can choose, for `vouch` with its command; `(ended)` for an asker that
   * was gone before it could be looked at.
   */
  name: string;
  /** When it began: RFC 3339; empty if unknown. */
  startedAt: string;
  /** The file that it runs; absent where the system does not say, as for Vouch's own helpers. */
  executable?: string;
  /** By setting: its arguments, masked (masked-arguments.ts). */
  arguments?: string[];
}

/** Vouch's own look at what package managers get: no program asks. */
export function isOwnLook({ asker }: Pick<Who, "asker">): boolean {
  return asker?.name === "vouch doctor";
}

/** Who asks from elsewhere: what this machine knows of it. */
export interface GuestAsker {
  name: string;
  uid: number;
}

/** Who asks. */
export interface Who {
  /** Undefined if the system does not say. */
  asker: AskingProcess | undefined;
  /** Those above it, the parent first. */
  above: readonly AskingProcess[];
  /** Names for ever: the asker, and the program that it works for. */
  own: string;
  program: string;
  /** When the asker began, as the system counts it; undefined if unknown. */
  startedAt: string | undefined;
  /** At which guest's socket, and its user id; absent on the user's own. */
  guest?: GuestAsker;
  /** Whether the record of it shall be kept in a file. */
  isKept: boolean;
}

/** What the settings say of the record. */
export interface RecordSettings {
  keep: boolean;
  arguments: boolean;
}

/** Reads who asks. The tree above a parent is read once: a package manager's helpers share it. */
export class Askers {
  readonly #trees = new Map<string, readonly AskingProcess[]>();

  /**
   * The peer of the connected socket and its ancestors, to be read as soon as it has connected: it may end with the answer,
   * or before.
   */
  who(descriptor: number, { pid }: Peer, settings: RecordSettings): Who {
    if (pid === undefined)
      return { asker: undefined, above: [], own: "", program: "", startedAt: undefined, isKept: settings.keep };
    return whilePeerIs(descriptor, () => this.#read(pid, settings)) ?? gone(pid, settings);
  }

  #read(pid: number, settings: RecordSettings): Who | undefined {
    const asker = lastProcessInfo(pid);
    if (asker === undefined) return undefined;
    const parent = parentOf(asker);
    const above = parent === undefined ? [] : this.#tree(parent, settings);
    const own = nameOf(asker);
    // The first of a group is a command that a shell has started, not a helper of the program above it.
    const program = parent === undefined || asker.group === pid ? own : nameOf(parent);
    return { asker: asking(asker, settings), above, own, program, startedAt: asker.startedAt, isKept: settings.keep };
  }

  #tree(parent: ProcessInfo, settings: RecordSettings): readonly AskingProcess[] {
    // With the name: a process may become another program.
    const key = `${nameOf(parent)} ${settings.arguments} ${parent.name}`;
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const tree: AskingProcess[] = [];
    for (let at: ProcessInfo | undefined = parent; at && tree.length < maxAncestors; at = parentOf(at)) {
      tree.push(asking(at, settings));
    }
    if (this.#trees.size >= maxTrees) this.#trees.delete(this.#trees.keys().next().value!);
    this.#trees.set(key, tree);
    return tree;
  }
}

function gone(pid: number, { keep }: RecordSettings): Who {
  const own = `${pid} ended`;
  return {
    asker: { pid, name: "(ended)", startedAt: "" },
    above: [],
    own,
    program: own,
    startedAt: undefined,
    isKept: keep,
  };
}

function nameOf({ pid, startedAt }: ProcessInfo): string {
  return `${pid} ${startedAt}`;
}

function asking({ pid, name, startedAt }: ProcessInfo, settings: RecordSettings): AskingProcess {
  const executable = executableOf(pid);
  const began = new Date(startTime(startedAt)).toISOString();
  const words = settings.arguments ? argumentsOf(pid) : undefined;
  return {
    pid,
    name: shownName(pid, name),
    startedAt: began,
    ...(executable === undefined ? {} : { executable }),
    ...(words === undefined ? {} : { arguments: words }),
  };
}

function shownName(pid: number, name: string): string {
  // npm and others write their arguments behind it.
  const first = /\S+/.exec(name)?.[0] ?? masked;
  const command = first === "vouch" ? argumentsOf(pid)?.[1] : undefined;
  return command === undefined || !/^[a-z-]+$/.test(command) || command.startsWith("-") ? first : `${first} ${command}`;
}

function executableOf(pid: number): string | undefined {
  try {
    return withoutTokens(readlinkSync(`/proc/${pid}/exe`).slice(0, maxPath));
  } catch {
    return undefined;
  }
}

/** Undefined for the first process, and where the parent has ended and its id belongs to one that began later. */
function parentOf(child: ProcessInfo): ProcessInfo | undefined {
  const parent = child.parent <= firstPid ? undefined : processInfo(child.parent);
  // Both times are numbers of one unit, in ticks or in seconds.
  return parent !== undefined && Number(parent.startedAt) <= Number(child.startedAt) ? parent : undefined;
}
