/** What a running server does for the audit log at intervals and at its end. */
import { OngoingFailure } from "../ongoing-failure.ts";
import { settledWithin } from "../settled-within.ts";
import { databaseFailure } from "../store/failure.ts";
import type { Head } from "../store/audit.ts";
import type { Store } from "../store/store.ts";
import {
  type CheckpointOptions,
  type CheckpointSigner,
  doubtOf,
  makeCheckpoint,
  newestCheckpoint,
  parseCheckpoint,
} from "./checkpoint.ts";
import type { AuditEntry, Link } from "./entry.ts";
import { commandLine } from "./operator.ts";
import type { RefusalLog } from "./refusal.ts";
import { removeOld } from "./retention.ts";

/** Interval of looking whether a checkpoint is due, in milliseconds. */
const lookMs = 10_000;
/** Age of the last checkpoint after which new entries get one, in seconds. */
const checkpointSeconds = 300;
/** Entries after which they get one at once. */
const checkpointEntries = 1000;
/** Interval of removing old entries, in seconds. */
const retentionSeconds = 3600;
/** Entries that are read at once. */
const linesAtOnce = 100;
/** Limit of the last checkpoint, while a server stops, in milliseconds. */
const stopMs = 5_000;

export interface AuditUpkeepOptions {
  store: Store;
  /** The key that signs now. Throws SigningUnavailableError. */
  signer: () => CheckpointSigner;
  refusals: RefusalLog;
  /** Seconds for which entries are kept; undefined: for ever. */
  retention: number | undefined;
  /** In milliseconds. */
  interval: number | undefined;
  /** Is given what a line is written for and was not recorded by this process: checkpoints, the command line's entries. */
  found: (entry: AuditEntry) => void;
  /** Is given a failure once, until it is over. */
  failed: (reason: string) => void;
}

/** Begins; returns a function that stops it, makes the last checkpoint and waits for it. */
export function keepAudit(options: AuditUpkeepOptions): () => Promise<void> {
  const { store } = options;
  const failure = new OngoingFailure(options.failed);
  let running: Promise<void> | undefined;
  let removedAt: number | undefined;
  const kids = new Set<string>();
  const known: { trusted: Link | undefined; kids: Set<string> } = { trusted: undefined, kids };

  async function made(checkpoint: AuditEntry, grown: readonly Head[]): Promise<void> {
    known.trusted = checkpoint;
    await handOut(options, checkpoint, grown);
  }
  async function keep(isLast: boolean): Promise<void> {
    try {
      await options.refusals.flush(isLast);
      const newest = await newestCheckpoint(store);
      for (const { kid } of await store.signingKeys.all()) kids.add(kid);
      const doubt = await doubtOf(store, newest, options.signer().issuer, known);
      if (doubt === undefined) known.trusted = newest;
      if (isLast || (await isDue(store, newest, options.signer()))) await seal(options, newest, { known, made });
      if (options.retention !== undefined && !isLast && store.now() >= (removedAt ?? 0) + retentionSeconds) {
        removedAt = store.now();
        await removeOld(store, options.signer(), options.retention, { known, made });
      }
      failure.report(doubt);
    } catch (error) {
      failure.report(databaseFailure(error) ?? (error as Error).message);
    }
  }
  function look(): void {
    running ??= keep(false).finally(() => {
      running = undefined;
    });
  }

  look();
  const timer = setInterval(look, options.interval ?? lookMs);
  return async () => {
    clearInterval(timer);
    const last = (async () => {
      await running;
      await keep(true);
    })();
    await settledWithin(last, stopMs);
  };
}

/** Whether there is enough that no checkpoint has, or the last is signed by a key that may leave the JWKS. */
async function isDue(store: Store, last: AuditEntry | undefined, { kid }: CheckpointSigner): Promise<boolean> {
  if (last !== undefined && parseCheckpoint(last)?.kid !== kid) return true;
  const heads = await store.audit.heads();
  // Beyond its end no chain is sealed, whatever the database says.
  const open = heads.reduce((sum, { number, sealed }) => sum + number - (sealed > number ? 0 : sealed), 0);
  if (open === 0) return false;
  const age = store.now() - (last?.time ?? 0);
  // Below 0 the clock was set back; the new entries would look older than a checkpoint that does not have them.
  return open >= checkpointEntries || age >= checkpointSeconds || age < 0;
}

async function seal(
  { store, signer }: AuditUpkeepOptions,
  last: AuditEntry | undefined,
  options: CheckpointOptions,
): Promise<void> {
  const force = last !== undefined && parseCheckpoint(last)?.kid !== signer().kid;
  await makeCheckpoint(store, signer(), { ...options, force });
}

/** Hands out a checkpoint, and before it the entries of commands, which are gone by now. */
async function handOut(
  { store, found }: AuditUpkeepOptions,
  checkpoint: AuditEntry,
  grown: readonly Head[],
): Promise<void> {
  for (const { chain, sealed, number } of grown) {
    if (!chain.startsWith(`${commandLine}/`)) continue;
    for (let after = sealed; after < number; after += linesAtOnce) {
      const limit = Math.min(linesAtOnce, number - after);
      for (const entry of await store.audit.ofChain(chain, after, limit)) found(entry);
    }
  }
  found(checkpoint);
}
