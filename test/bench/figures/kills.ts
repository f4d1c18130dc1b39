/** A server that is killed hundreds of times: what was acknowledged and is gone, with each database. */
import { join } from "node:path";
import { executable } from "../../laptop.ts";
import { requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { killAtRandom } from "../../server/store/kills.ts";
import { report, skip } from "../report.ts";

/** The names of the figures, with SQLite and with PostgreSQL. */
export const killFigures = ["server_kills_lost", "server_kills_lost_on_postgres"] as const;

/** Kills the server so many times with each; `folder` is empty and private to it. */
export async function measureKills(folder: string, cycles: number): Promise<void> {
  await count(killFigures[0], `sqlite:${join(folder, "server.db")}`, cycles);
  if (!requiresPostgres()) return skip(killFigures[1], "PostgreSQL is not installed");
  const postgres = await startPostgres();
  try {
    await count(killFigures[1], await postgres.database(), cycles);
  } finally {
    await postgres.remove();
  }
}

async function count(name: string, database: string, cycles: number): Promise<void> {
  const { acknowledged, faults } = await killAtRandom([executable], database, cycles);
  const { keys, sessions, tokens } = acknowledged;
  const counts = `${keys.length} keys, ${sessions.length} sessions and ${tokens.length} ID tokens were acknowledged`;
  report(name, [faults.length], [`${cycles} kills: ${counts}`, ...faults].join("\n    "));
}
