/** What a running server does for the audit log at intervals and at its end. */
import { databaseFailure } from "../store/failure.ts";
import type { Store } from "../store/store.ts";
import { type CheckpointSigner, makeCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import type { AuditEntry } from "./entry.ts";
import { commandLine } from "./operator.ts";
import { removeOld } from "./retention.ts";

/** Interval of looking whether a checkpoint is due, in milliseconds. */
const lookMs = 10_000;
/** Age of the last checkpoint after which new entries get one, in seconds. */
const checkpointSeconds = 300;
/** Entries after which they get one at once. */
const checkpointEntries = 1000;
/** Interval of removing old entries, in seconds. */
const retentionSeconds = 3600;
/** Limit of the last checkpoint, while a server stops, in milliseconds. */
const stopMs = 5_000;

export interface AuditUpkeepOptions {
  store: Store;
  /** The key that signs now. Throws SigningUnavailableError. */
  signer: () => CheckpointSigner;
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
  let failure: string | undefined;
  let running: Promise<void> | undefined;
  let removedAt: number | undefined;

  async function keep(isLast: boolean): Promise<void> {
    try {
      if (isLast || (await isDue(store, options.signer()))) await seal(options);
      if (options.retention !== undefined && !isLast && store.now() >= (removedAt ?? 0) + retentionSeconds) {
        removedAt = store.now();
        await removeOld(store, options.signer(), options.retention);
      }
      failure = undefined;
    } catch (error) {
      const reason = databaseFailure(error) ?? (error as Error).message;
      if (reason !== failure) options.failed(reason);
      failure = reason;
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
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, stopMs);
    const last = (async () => {
      await running;
      await keep(true);
    })();
    await Promise.race([last, late.promise]);
    clearTimeout(limit);
  };
}

/** Whether there is enough that no checkpoint has, or the last is signed by a key that may leave the JWKS. */
async function isDue(store: Store, { kid }: CheckpointSigner): Promise<boolean> {
  const [last] = await store.audit.checkpointsBefore(Number.MAX_SAFE_INTEGER, 1);
  if (last !== undefined && parseCheckpoint(last)?.kid !== kid) return true;
  const heads = await store.audit.heads();
  const open = heads.reduce((sum, { number, sealed }) => sum + number - sealed, 0);
  if (open === 0) return false;
  return open >= checkpointEntries || store.now() - (last?.time ?? 0) >= checkpointSeconds;
}

async function seal({ store, signer, found }: AuditUpkeepOptions): Promise<void> {
  const chosen = signer();
  const [last] = await store.audit.checkpointsBefore(Number.MAX_SAFE_INTEGER, 1);
  const sealed = new Map((await store.audit.heads()).map((head) => [head.chain, head.sealed]));
  const force = last !== undefined && parseCheckpoint(last)?.kid !== chosen.kid;
  const made = await makeCheckpoint(store, chosen, { force });
  if (made === undefined) return;
  for (const { chain, number } of parseCheckpoint(made)!.heads) {
    if (!chain.startsWith(`${commandLine}/`)) continue;
    // Whoever makes the checkpoint writes the lines of those who are gone by now.
    for (let after = sealed.get(chain) ?? 0; after < number;) {
      const entries = (await store.audit.ofChain(chain, after, 100)).filter((entry) => entry.number <= number);
      if (entries.length === 0) break;
      for (const entry of entries) found(entry);
      after = entries.at(-1)!.number;
    }
  }
  found(made);
}
