/** Keeps the metadata of a running server fresh, in the background. */
import { OngoingFailure } from "../ongoing-failure.ts";
import { settledWithin } from "../settled-within.ts";
import { databaseFailure } from "../store/failure.ts";
import type { Store } from "../store/store.ts";
import { goodUntil, type Metadata } from "./metadata.ts";
import { isUrl, MetadataSchedule, type MetadataSource, readMetadata } from "./metadata-source.ts";
import type { PolicyRules } from "./judgement.ts";
import type { AttestationPolicy } from "./policy.ts";

/** How long a server that stops waits for what is under way, in milliseconds. */
const stopMs = 5_000;
/** Interval of looking whether there is something new, in milliseconds. */
const lookMs = 60_000;

export interface MetadataUpkeep {
  /** Reads the file again; asks no URL. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  store: Pick<Store, "attestationMetadata" | "transaction">;
  policy: AttestationPolicy;
  source: MetadataSource | undefined;
  /** Seconds since 1970. */
  now: () => number;
  intervalMs?: number | undefined;
  log: (event: "attestation_metadata_changed" | "attestation_metadata_failed", detail: string) => void;
}

/**
 * Whether a server can do without what the source gives: the policy takes keys whose models nothing proves, or there are
 * metadata in the database, or a URL gives them once it runs.
 */
export function canDoWithout(source: MetadataSource, { demand }: PolicyRules, kept: Metadata | undefined): boolean {
  return demand !== "certified" || kept !== undefined || isUrl(source.location);
}

/**
 * Reads the metadata's file where the server cannot do without it, as every other file that settings name; `now` in
 * seconds since 1970. Throws as `readMetadata`, and the database's errors.
 */
export async function expectMetadata(
  { attestationMetadata }: Pick<Store, "attestationMetadata">,
  { rules, source }: { rules: PolicyRules; source: MetadataSource | undefined },
  now: number,
): Promise<void> {
  if (source === undefined || canDoWithout(source, rules, await attestationMetadata.load())) return;
  await readMetadata(source, now);
}

/**
 * Takes the metadata that the database has, then those of the source: a file at once, a URL in the background. Looks
 * again at intervals, also for what other replicas have read. A failure is logged once, until it is over; what the server
 * has stays in use. Throws the database's errors.
 */
export async function keepMetadata(options: Options): Promise<MetadataUpkeep> {
  const { store, policy, source, now, log } = options;
  const schedule = new MetadataSchedule();
  const failure = new OngoingFailure((reason) => log("attestation_metadata_failed", reason));
  const stopped = new AbortController();
  let running: Promise<void> | undefined;
  let version: string | undefined;
  let kept: Metadata | undefined;

  function use(metadata: Metadata): void {
    const { number, nextUpdate, models } = metadata;
    const before = policy.metadata;
    policy.use(metadata);
    if (before?.number === number && before.root === metadata.root) return;
    log("attestation_metadata_changed", `number ${number}, ${models.length} models, the next by ${nextUpdate}`);
  }

  async function takeKept(): Promise<void> {
    const found = await store.attestationMetadata.version();
    if (found === version) return;
    kept = await store.attestationMetadata.load();
    version = found;
    if (kept !== undefined) use(kept);
  }

  async function look(isForced: boolean): Promise<void> {
    await takeKept();
    if (source !== undefined && (schedule.isTime(source, kept, now()) || isForced)) {
      const read = await readMetadata(source, now(), stopped.signal);
      const isKept = await store.transaction(async (tables) => await tables.attestationMetadata.keep(read));
      if (!isKept) {
        const has = `those that the server has number ${kept?.number ?? "unknown"}`;
        throw new Error(
          `The FIDO metadata of ${source.location} have number ${read.number}, ${has}: they never go back.`,
        );
      }
      use(read);
    }
    const { metadata } = policy;
    const isOutdated = source !== undefined && metadata !== undefined && now() >= goodUntil(metadata);
    failure.report(isOutdated ? `the FIDO metadata were to be replaced by ${metadata.nextUpdate}` : undefined);
  }

  async function attempt(isForced: boolean): Promise<void> {
    try {
      await look(isForced);
    } catch (error) {
      if (!stopped.signal.aborted) failure.report(databaseFailure(error) ?? (error as Error).message);
    }
  }

  function run(isForced: boolean): Promise<void> {
    running ??= attempt(isForced).finally(() => {
      running = undefined;
    });
    return running;
  }

  await takeKept();
  const first = run(false);
  // A URL may be slow or away: the server starts with what it has.
  if (source === undefined || !isUrl(source.location)) await first;
  const timer = setInterval(() => void run(false), options.intervalMs ?? lookMs);
  return {
    async reload() {
      await running;
      if (source !== undefined && !isUrl(source.location)) await run(true);
    },
    async stop() {
      clearInterval(timer);
      stopped.abort();
      await settledWithin(Promise.resolve(running), stopMs);
    },
  };
}
