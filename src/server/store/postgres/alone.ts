/** Whether other processes of Vouch are connected to a PostgreSQL database. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ReservedSQL } from "bun";
import { VouchError } from "../../../base/errors.ts";
import type { PostgresAddress } from "./address.ts";
import { applicationName, Pool } from "./pool.ts";

/** How long a connection may still be listed whose process has ended; PostgreSQL itself waits so long. */
const endingMs = 5_000;
const retryMs = 50;

/**
 * Waits until this process is the only one of Vouch that is connected; a server always is, because it reads the signing
 * keys every few seconds. Throws `edit_conflict` where another stays, and the database's errors.
 */
export async function requireAloneAt(address: PostgresAddress): Promise<void> {
  const pool = new Pool(address);
  try {
    await pool.once(async (connection) => {
      const deadline = performance.now() + endingMs;
      while (await hasOthers(connection)) {
        if (performance.now() > deadline) throw inUse(address.name);
        await sleep(retryMs);
      }
    });
  } finally {
    await pool.close();
  }
}

/** Every user sees these columns of every connection. */
async function hasOthers(connection: ReservedSQL): Promise<boolean> {
  const [{ found }] = await connection`
    SELECT EXISTS (
      SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'vouch%' AND application_name <> ${applicationName}
    ) AS found`;
  return found === true;
}

function inUse(name: string): VouchError {
  return new VouchError("edit_conflict", `${name} is in use by a Vouch server or command.`, {
    hint: "Stop every server first.",
  });
}
