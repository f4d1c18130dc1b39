/**
 * Verification of the whole audit log: the hashes of every chain, the signature of every checkpoint, and that each chain
 * still has what checkpoints say of it. Reads page by page.
 */
import { beforeAll, checkpointChain, type Removal } from "../store/audit.ts";
import type { Store } from "../store/store.ts";
import { type Checkpoint, isSigned, lastRemoved, parseCheckpoint } from "./checkpoint.ts";
import { type AuditEntry, type Link, linkProblem } from "./entry.ts";

/** Entries that are read at once. */
const pageSize = 500;
/**
 * A checkpoint has every entry that was committed before it; a transaction ends sooner than so many seconds after it took
 * an entry's time.
 */
const unsealedSeconds = 600;

export interface Problem {
  chain: string;
  /** The first entry that is broken or missing. */
  number: number;
  what: string;
}

export interface Verdict {
  chains: number;
  entries: number;
  checkpoints: number;
  /** Entries that no checkpoint has yet. */
  open: number;
  /** The newest checkpoint. */
  newest: (Link & { time: number; kid: string }) | undefined;
  /** The first of each chain. */
  problems: Problem[];
  /** The only problem is that the key of the newest checkpoint is none of the server's any more. */
  isSignerGone: boolean;
}

export interface Expected {
  issuer: string;
  /** The keys that the newest checkpoint may be signed by. */
  kids: readonly string[];
  /** A checkpoint that is known from elsewhere. */
  known?: Link | undefined;
}

/** Verifies the log; where entries were removed by retention meanwhile, once more. Throws the database's errors. */
export async function verifyAudit(store: Store, expected: Expected): Promise<Verdict> {
  for (let attempts = 0; ; attempts++) {
    const before = await store.audit.removals();
    const verdict = await new Verification(store, expected).run();
    const isSteady = JSON.stringify(await store.audit.removals()) === JSON.stringify(before);
    if (verdict.problems.length === 0 || isSteady || attempts === 5) return verdict;
  }
}

class Verification {
  readonly #store: Store;
  readonly #expected: Expected;
  readonly #problems: Problem[] = [];
  /** The last that a checkpoint says of each chain. */
  readonly #sealed = new Map<string, Removal>();
  /** The hashes that checkpoints have of each chain, by number: a chain that was written anew may have grown since. */
  readonly #hashes = new Map<string, Map<number, string>>();
  #removed = new Map<string, Removal>();
  #newest: Verdict["newest"];
  #isSignerGone = false;
  #entries = 0;
  #open = 0;

  constructor(store: Store, expected: Expected) {
    this.#store = store;
    this.#expected = expected;
  }

  async run(): Promise<Verdict> {
    this.#removed = new Map((await lastRemoved(this.#store)).map((each) => [each.chain, each]));
    let checkpoints = 0;
    const { known } = this.#expected;
    const removed = this.#removed.get(checkpointChain);
    let isKnown = known !== undefined && removed?.number === known.number && removed.hash === known.hash;
    await this.#walk(checkpointChain, async (entry) => {
      checkpoints++;
      const checkpoint = parseCheckpoint(entry);
      const problem = await this.#problemOf(entry, checkpoint);
      if (problem !== undefined || checkpoint === undefined) return problem;
      this.#newest = { number: entry.number, hash: entry.hash, time: entry.time, kid: checkpoint.kid };
      isKnown ||= entry.number === known?.number && entry.hash === known.hash;
      for (const head of checkpoint.heads) {
        this.#sealed.set(head.chain, head);
        const hashes = this.#hashes.get(head.chain) ?? new Map<number, string>();
        this.#hashes.set(head.chain, hashes.set(head.number, head.hash));
      }
      return undefined;
    });
    const newest = this.#newest;
    if (newest !== undefined && this.#problems.length === 0 && !this.#expected.kids.includes(newest.kid)) {
      const what = `it is signed by ${newest.kid}, which is none of the server's signing keys`;
      this.#problems.push({ chain: checkpointChain, number: newest.number, what });
      this.#isSignerGone = true;
    }
    if (known !== undefined && !isKnown) {
      const what =
        known.number < (removed?.number ?? 0)
          ? "retention has removed the checkpoint that is known from elsewhere: name a newer one"
          : "the checkpoint that is known from elsewhere is not in the database";
      this.#problems.push({ chain: checkpointChain, number: known.number, what });
    }
    const found = (await this.#store.audit.heads()).map(({ chain }) => chain);
    const chains = new Set([...found, ...this.#sealed.keys()]);
    for (const chain of chains) await this.#verifyChain(chain);
    return {
      chains: chains.size,
      entries: this.#entries,
      checkpoints,
      open: this.#open,
      newest,
      problems: this.#problems,
      isSignerGone: this.#isSignerGone && this.#problems.length === 1,
    };
  }

  async #verifyChain(chain: string): Promise<void> {
    const sealed = this.#sealed.get(chain);
    const removed = this.#removed.get(chain);
    const broken = this.#problems.length;
    const isOther = ({ number, hash }: Link) => (this.#hashes.get(chain)?.get(number) ?? hash) !== hash;
    let isRewritten = removed !== undefined && isOther(removed);
    const last = await this.#walk(chain, async (entry) => {
      this.#entries++;
      if (entry.number > (sealed?.number ?? 0)) this.#open++;
      isRewritten ||= isOther(entry);
      if (entry.signature !== null) return "it has a signature, which only checkpoints have";
      const isOpen = entry.number > (sealed?.number ?? 0);
      const isOverdue = isOpen && this.#newest !== undefined && entry.time < this.#newest.time - unsealedSeconds;
      return isOverdue ? "no checkpoint has it, though there are later ones" : undefined;
    });
    if (isRewritten) {
      const what = "it was written anew, with all after it: a checkpoint has other hashes";
      this.#problems.push({ chain, number: await this.#firstRewritten(chain), what });
    } else if (this.#problems.length === broken && sealed !== undefined && last < sealed.number) {
      const what = `it is missing, with all up to ${sealed.number}, which a checkpoint has`;
      this.#problems.push({ chain, number: last + 1, what });
    }
  }

  /** The entry after the last one that a checkpoint has as it is. */
  async #firstRewritten(chain: string): Promise<number> {
    let whole = this.#removed.get(chain)?.number ?? 0;
    for (let after = 0; ;) {
      const page = await this.#store.audit.ofChain(checkpointChain, after, pageSize);
      for (const entry of page) {
        const head = parseCheckpoint(entry)?.heads.find((each) => each.chain === chain);
        if (head === undefined || head.number <= whole) continue;
        const [found] = await this.#store.audit.ofChain(chain, head.number - 1, 1);
        if (found?.number !== head.number || found.hash !== head.hash) return whole + 1;
        whole = head.number;
      }
      if (page.length < pageSize) return whole + 1;
      after = page.at(-1)!.number;
    }
  }

  /** Walks a chain up to its first problem; returns the number of the last entry before that. */
  async #walk(chain: string, check: (entry: AuditEntry) => Promise<string | undefined>): Promise<number> {
    let head: Link | undefined = this.#removed.get(chain);
    for (let after = beforeAll; ;) {
      const page = await this.#store.audit.ofChain(chain, after, pageSize);
      for (const entry of page) {
        const problem = linkProblem(entry, head) ?? (await check(entry));
        if (problem !== undefined) {
          const number = Math.min(entry.number, (head?.number ?? 0) + 1);
          this.#problems.push({ chain, number, what: problem });
          return head?.number ?? 0;
        }
        head = { number: entry.number, hash: entry.hash };
        after = entry.number;
      }
      if (page.length < pageSize) return head?.number ?? 0;
    }
  }

  async #problemOf(entry: AuditEntry, checkpoint: Checkpoint | undefined): Promise<string | undefined> {
    if (checkpoint === undefined) return "it is no checkpoint";
    if (checkpoint.issuer !== this.#expected.issuer) return `it is of another server, ${checkpoint.issuer}`;
    if (!(await isSigned(entry))) return "its signature does not fit";
    // A checkpoint that is known from elsewhere answers for those before it.
    if (checkpoint.doubt !== undefined && entry.number > (this.#expected.known?.number ?? 0)) {
      return `the server doubted what is before it: ${checkpoint.doubt}`;
    }
    for (const { chain, number, hash } of checkpoint.heads) {
      const before = this.#sealed.get(chain);
      if (before === undefined || number > before.number) continue;
      if (number < before.number) return `it has an earlier end of ${chain} than the checkpoint before it`;
      if (hash !== before.hash) return `it has another end of ${chain} than the checkpoint before it`;
    }
    return undefined;
  }
}
