/** The audit log's tables. Nothing changes an entry, and only retention removes one. */
import { parseJson } from "../../base/json.ts";
import type { AuditEntry, Detail, Link } from "../audit/entry.ts";
import type { Sql } from "./sql.ts";

/** The chain of the checkpoints. */
export const checkpointChain = "checkpoints";

/** The end of a chain, and up to where checkpoints have it. */
export interface Head extends Link {
  chain: string;
  sealed: number;
}

/** Before every entry, also one that somebody has put in with a number below 1. */
export const beforeAll = Number.MIN_SAFE_INTEGER;

/** The last of the entries that retention has removed from a chain. */
export interface Removal extends Link {
  chain: string;
}

/** Times from here on, in seconds since 1970, are no dates (ECMA-262, 21.4.1.1); none of our programs has recorded one. */
export const endOfTime = 8_640_000_000_000;

/** Where a page begins: after this entry. */
export type Position = Pick<AuditEntry, "time" | "chain" | "number">;

export interface AccessCount {
  /** Seconds since 1970. */
  start: number;
  event: "login" | "refuse";
  count: number;
}

export class AuditStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Adds an entry. Throws the database's error if its number is taken (`isTaken`). */
  async add(entry: AuditEntry): Promise<void> {
    await this.#sql`
      INSERT INTO audit_entries (chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason,
        detail, previous, hash, signature)
      VALUES (${entry.chain}, ${entry.number}, ${entry.time}, ${entry.event}, ${entry.user}, ${entry.email},
        ${entry.credential}, ${entry.address}, ${entry.by}, ${entry.reason}, ${JSON.stringify(entry.detail)},
        ${entry.previous}, ${entry.hash}, ${entry.signature})`;
  }

  /** The last entry of a chain, or the last that retention removed; undefined if there was none. */
  async head(chain: string): Promise<Link | undefined> {
    const [row] = await this.#sql`
      SELECT number, hash FROM audit_entries WHERE chain = ${chain} ORDER BY number DESC LIMIT 1`;
    if (row) return { number: Number(row.number), hash: row.hash };
    return (await this.removals()).find((each) => each.chain === chain);
  }

  /** The end of every chain but that of the checkpoints. Reads one entry of each, however many there are. */
  async heads(): Promise<Head[]> {
    const rows = await this.#sql`
      WITH RECURSIVE chains (chain) AS (
        SELECT min(chain) FROM audit_entries
        UNION ALL
        SELECT (SELECT min(audit_entries.chain) FROM audit_entries WHERE audit_entries.chain > chains.chain)
        FROM chains WHERE chains.chain IS NOT NULL
      )
      SELECT chains.chain, coalesce(audit_chains.sealed_number, 0) AS sealed,
        (SELECT number FROM audit_entries WHERE chain = chains.chain ORDER BY number DESC LIMIT 1) AS number,
        (SELECT hash FROM audit_entries WHERE chain = chains.chain ORDER BY number DESC LIMIT 1) AS hash
      FROM chains LEFT JOIN audit_chains ON audit_chains.chain = chains.chain
      WHERE chains.chain <> CAST(${checkpointChain} AS TEXT)
      ORDER BY chains.chain`;
    return rows.map((row: Record<string, string>) => ({
      chain: String(row["chain"]),
      number: Number(row["number"]),
      hash: String(row["hash"]),
      sealed: Number(row["sealed"]),
    }));
  }

  /** Entries of a chain after `number`, in their order. */
  async ofChain(chain: string, number: number, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries WHERE chain = ${chain} AND number > ${number} ORDER BY number LIMIT ${limit}`;
    return rows.map(toEntry);
  }

  /** Entries of all chains by their time, after `position` and before `until` (seconds since 1970). */
  async page({ time, chain, number }: Position, until: number, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries
      WHERE (recorded_at, chain, number) > (${time}, ${chain}, ${number}) AND recorded_at < ${until}
      ORDER BY recorded_at, chain, number LIMIT ${limit}`;
    return rows.map(toEntry);
  }

  /** Entries about a person, the newest first: those before `position`. */
  async ofUser(userId: string, { time, chain, number }: Position, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries
      WHERE user_id = ${userId} AND (recorded_at, chain, number) < (${time}, ${chain}, ${number})
      ORDER BY recorded_at DESC, chain DESC, number DESC LIMIT ${limit}`;
    return rows.map(toEntry);
  }

  /** Entries of all chains by their time, the newest first, before `position` and not before `since`. */
  async pageBefore({ time, chain, number }: Position, since: number, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries
      WHERE (recorded_at, chain, number) < (${time}, ${chain}, ${number}) AND recorded_at >= ${since}
      ORDER BY recorded_at DESC, chain DESC, number DESC LIMIT ${limit}`;
    return rows.map(toEntry);
  }

  /**
   * Numbers of logins and refusals from `since` until before `until`, by the begin of the unit of time (`seconds` long)
   * that they are in. Reads an index that has these events alone.
   */
  async countAccess(since: number, until: number, seconds: number): Promise<AccessCount[]> {
    const rows = await this.#sql`
      SELECT recorded_at / CAST(${seconds} AS BIGINT) AS unit, event, count(*) AS number
      FROM audit_entries
      WHERE event IN ('login', 'refuse') AND recorded_at >= ${since} AND recorded_at < ${until}
      GROUP BY unit, event`;
    return rows.map((row: Record<string, unknown>) => ({
      start: Number(row["unit"]) * seconds,
      event: row["event"] as AccessCount["event"],
      count: Number(row["number"]),
    }));
  }

  /**
   * Entries whose time is before 1970, which no program of ours has written, after the first `offset` ones: such times may
   * be no numbers that a position could have.
   */
  async beforeTime(offset: number, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries WHERE recorded_at < 0 ORDER BY recorded_at, chain, number LIMIT ${limit} OFFSET ${offset}`;
    return rows.map(toEntry);
  }

  /** Entries whose time is no date any more, or in SQLite a text, likewise. */
  async afterTime(offset: number, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries WHERE recorded_at >= ${endOfTime}
      ORDER BY recorded_at, chain, number LIMIT ${limit} OFFSET ${offset}`;
    return rows.map(toEntry);
  }

  /** The newest checkpoints before `number`, the newest first. */
  async checkpointsBefore(number: number, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#sql`
      SELECT chain, number, recorded_at, event, user_id, email, credential_id, address, actor, reason, detail, previous,
        hash, signature
      FROM audit_entries WHERE chain = ${checkpointChain} AND number < ${number} ORDER BY number DESC LIMIT ${limit}`;
    return rows.map(toEntry);
  }

  /** Notes that checkpoints have the chain up to `number`. */
  async markSealed(chain: string, number: number): Promise<void> {
    await this.#sql`
      INSERT INTO audit_chains (chain, sealed_number) VALUES (${chain}, ${number})
      ON CONFLICT (chain) DO UPDATE SET sealed_number = excluded.sealed_number`;
  }

  /** How far each chain has been removed. Whoever can write to the database can change it; checkpoints have it signed. */
  async removals(): Promise<Removal[]> {
    const rows = await this.#sql`
      SELECT chain, removed_number, removed_hash FROM audit_chains WHERE removed_number > 0 ORDER BY chain`;
    return rows.map((row: Record<string, string>) => ({
      chain: String(row["chain"]),
      number: Number(row["removed_number"]),
      hash: String(row["removed_hash"]),
    }));
  }

  /** Removes the entries of a chain up to this one, and notes it. */
  async remove({ chain, number, hash }: Removal): Promise<void> {
    await this.#sql`DELETE FROM audit_entries WHERE chain = ${chain} AND number <= ${number}`;
    await this.#sql`
      INSERT INTO audit_chains (chain, removed_number, removed_hash) VALUES (${chain}, ${number}, ${hash})
      ON CONFLICT (chain) DO UPDATE SET removed_number = excluded.removed_number, removed_hash = excluded.removed_hash`;
  }

  /** Forgets a chain that has no entry: whoever writes to it begins anew. Throws ChainInUseError. */
  async forget(chain: string): Promise<void> {
    if ((await this.ofChain(chain, beforeAll, 1)).length > 0) throw new ChainInUseError(chain);
    await this.#sql`DELETE FROM audit_chains WHERE chain = ${chain}`;
  }
}

/** A chain that was to be forgotten has an entry. */
export class ChainInUseError extends Error {
  constructor(chain: string) {
    super(`The chain ${chain} has an entry.`);
    this.name = "ChainInUseError";
  }
}

/** Whether an entry with this number is there already: another process writes to the same chain. */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return code === "SQLITE_CONSTRAINT_PRIMARYKEY" || errno === "23505";
}

function toEntry(row: Record<string, string | null>): AuditEntry {
  return {
    chain: String(row["chain"]),
    number: Number(row["number"]),
    time: Number(row["recorded_at"]),
    event: String(row["event"]),
    user: row["user_id"] ?? null,
    email: row["email"] ?? null,
    credential: row["credential_id"] ?? null,
    address: row["address"] ?? null,
    by: row["actor"] ?? null,
    reason: row["reason"] ?? null,
    detail: toDetail(row["detail"]),
    previous: row["previous"] ?? null,
    hash: String(row["hash"]),
    signature: row["signature"] ?? null,
  };
}

/** Nesting limit of a detail. */
const maxDepth = 8;

/** What no program of ours has written; so its hash does not fit. */
const unreadable = { unreadable: true };

function toDetail(text: string | null | undefined): Detail {
  const value = parseJson(String(text));
  const isDetail = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isDetail || !Object.values(value).every((each) => isValue(each, maxDepth))) return unreadable;
  // Of a name that is there twice, others may read the value that has no part in the hash.
  return JSON.stringify(value) === text ? (value as Detail) : unreadable;
}

function isValue(value: unknown, depth: number): boolean {
  if (Array.isArray(value)) return depth > 0 && value.every((each) => isValue(each, depth - 1));
  return typeof value !== "object" || value === null;
}
