/** Deletes what has expired, a batch at a time. */
import { nextTurn } from "../next-turn.ts";
import { beforeAll } from "./audit.ts";
import type { Sql, SqlRows } from "./sql.ts";

/** Retention of expired or used invites and ended sessions, so that errors can name the reason ("used", "expired"). */
const keepEndedSeconds = 7 * 24 * 3600;
/** Rows that one statement deletes; takes some milliseconds. */
const batchRows = 200;

interface Times {
  /** Seconds since 1970. */
  now: number;
  /** What ended before is deleted where errors name the reason for a while. */
  ended: number;
}

interface Expiring {
  /** Before the place of the first row. */
  from: number | string;
  toPlace: (value: unknown) => number | string;
  /** Deletes at most `batchRows` rows from the place `first` on, in order, and resolves with their places. */
  remove: (sql: Sql, first: number | string, times: Times) => Promise<SqlRows>;
}

const expiring: readonly Expiring[] = [
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { now }) => sql`DELETE FROM ceremonies WHERE id IN
      (SELECT id FROM ceremonies WHERE expires_at >= ${first} AND expires_at <= ${now}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { now }) => sql`DELETE FROM sign_ons WHERE state_hash IN
      (SELECT state_hash FROM sign_ons WHERE expires_at >= ${first} AND expires_at <= ${now}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { now }) => sql`DELETE FROM authorization_codes WHERE code_hash IN
      (SELECT code_hash FROM authorization_codes WHERE expires_at >= ${first} AND expires_at <= ${now}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { now }) => sql`DELETE FROM pushed_requests WHERE uri_hash IN
      (SELECT uri_hash FROM pushed_requests WHERE expires_at >= ${first} AND expires_at <= ${now}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
  {
    from: "",
    toPlace: String,
    remove: (sql, first, { now }) => sql`DELETE FROM dpop_proofs WHERE id IN
      (SELECT id FROM dpop_proofs WHERE id >= ${first} AND id < ${`${now + 1} `}
      ORDER BY id LIMIT ${batchRows}) RETURNING id AS place`,
  },
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { ended }) => sql`DELETE FROM sessions WHERE token_hash IN
      (SELECT token_hash FROM sessions WHERE expires_at >= ${first} AND expires_at <= ${ended}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { now }) => sql`DELETE FROM page_sessions WHERE token_hash IN
      (SELECT token_hash FROM page_sessions WHERE expires_at >= ${first} AND expires_at <= ${now}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
  {
    from: beforeAll,
    toPlace: Number,
    remove: (sql, first, { ended }) => sql`DELETE FROM invites WHERE code_hash IN
      (SELECT code_hash FROM invites WHERE expires_at >= ${first} AND expires_at <= ${ended}
      ORDER BY expires_at LIMIT ${batchRows}) RETURNING expires_at AS place`,
  },
];

/**
 * Deletes in batches and yields to the event loop in between; `now` in seconds since 1970. A batch begins at the last
 * place of the one before: PostgreSQL's indexes keep deleted rows until a vacuum, longer while a backup reads, and a
 * search from the beginning would step over all of them each time. Throws the database's error.
 */
export async function purgeExpired(sql: Sql, now: number): Promise<void> {
  const times = { now, ended: now - keepEndedSeconds };
  for (const { from, toPlace, remove } of expiring) {
    for (let first = from; ; await nextTurn()) {
      const places = ((await remove(sql, first, times)) as { place: unknown }[]).map(({ place }) => toPlace(place));
      if (places.length < batchRows) break;
      first = places.reduce((last, place) => (place > last ? place : last));
    }
  }
}
