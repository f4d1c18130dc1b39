/**
 * The entries of one list of the record, bounded. Where there are too many, the oldest of the largest branch of the tree of
 * processes goes, and a reply that holds not all has of each branch the newest: a program that floods the record, itself
 * or by what it starts, pushes out its own rows and nobody else's. Those without ancestors, which a program can make at
 * will, are one branch.
 */
import type { AskingProcess, Who } from "./askers.ts";
import type { Entry } from "./entry.ts";

/** A process of the tree, with the entries of which it is the asker, and those of its descendants below. */
interface Branch {
  count: number;
  /** With the number of the ask at which each was placed at the end. */
  readonly own: Map<Entry, number>;
  readonly below: Map<string, Branch>;
}

export class FairEntries {
  readonly #max: number;
  readonly #byKey = new Map<string, Entry>();
  readonly #keys = new WeakMap<Entry, string>();
  readonly #root = newBranch();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  /** Adds a new entry; returns the one that there is no place for any more. */
  add(key: string, entry: Entry, who: Pick<Who, "asker" | "above">): Entry | undefined {
    this.#byKey.set(key, entry);
    this.#keys.set(entry, key);
    let branch = this.#root;
    branch.count++;
    for (const name of pathOf(who)) {
      let next = branch.below.get(name);
      if (next === undefined) branch.below.set(name, (next = newBranch()));
      next.count++;
      branch = next;
    }
    branch.own.set(entry, entry.ask);
    return this.#byKey.size > this.#max ? this.#takeOldest() : undefined;
  }

  /** All of them: of each branch the newest first, the branches in turn. */
  inTurn(): Entry[] {
    return turnsOf(this.#root);
  }

  #takeOldest(): Entry {
    let branch = this.#root;
    const path: { from: Branch; name: string }[] = [];
    for (;;) {
      branch.count--;
      const largest = largestOf(branch);
      if (largest === undefined) break;
      path.push({ from: branch, name: largest });
      branch = branch.below.get(largest)!;
    }
    const oldest = oldestOf(branch);
    branch.own.delete(oldest);
    this.#byKey.delete(this.#keys.get(oldest)!);
    for (const { from, name } of path) if (from.below.get(name)!.count === 0) from.below.delete(name);
    return oldest;
  }
}

function newBranch(): Branch {
  return { count: 0, own: new Map(), below: new Map() };
}

/** Of the trees above askers, which the helpers of a package manager share. */
const paths = new WeakMap<readonly AskingProcess[], readonly string[]>();

/** From the first ancestor to the asker. */
function pathOf({ asker, above }: Pick<Who, "asker" | "above">): readonly string[] {
  if (asker === undefined || above.length === 0) return ["alone"];
  let path = paths.get(above);
  if (path === undefined) paths.set(above, (path = above.map(nameOf).toReversed()));
  return [...path, nameOf(asker)];
}

function nameOf({ pid, startedAt }: AskingProcess): string {
  return `${pid} ${startedAt}`;
}

/** The name of the branch below that has the most, if that is more than the process itself has. */
function largestOf({ own, below }: Branch): string | undefined {
  let [found, most]: [string | undefined, number] = [undefined, own.size];
  for (const [name, { count }] of below) if (count > most) [found, most] = [name, count];
  return found;
}

/** The first one that has not been asked again since it was placed: a growing entry is not moved, which every ask would pay. */
function oldestOf({ own }: Branch): Entry {
  for (;;) {
    const [entry, placed] = own.entries().next().value!;
    if (entry.ask === placed) return entry;
    own.delete(entry);
    own.set(entry, entry.ask);
  }
}

function turnsOf({ own, below }: Branch): Entry[] {
  const lines = [...below.values()].map(turnsOf);
  if (own.size > 0) lines.push([...own.keys()].toSorted((one, other) => other.ask - one.ask));
  if (lines.length === 1) return lines[0]!;
  // Of as many in a branch the one that was asked last comes first.
  lines.sort(([one], [other]) => other!.ask - one!.ask);
  const longest = Math.max(0, ...lines.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => lines.flatMap((line) => line[turn] ?? [])).flat();
}
