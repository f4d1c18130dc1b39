/** A server that is killed at any moment of an enrolment: a code is used up with its key, or not at all. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import { initializeServer } from "../../../src/server/initialize.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { lookInto, requiresPostgres, startPostgres } from "../postgres.ts";
import { sqlite, type TestDatabase } from "./contract/database.ts";
import { killAtRandom } from "./kills.ts";

const source = (path: string) => new URL(`../../../src/${path}`, import.meta.url).pathname;
const url = "http://localhost:8787";
const now = Math.floor(Date.now() / 1000);
/** `npm run bench -- --only kills` runs five hundred. */
const cycles = 8;

/** A database of a PostgreSQL of its own. */
async function postgres(): Promise<TestDatabase> {
  const server = await startPostgres();
  const made = await server.database();
  const sql = lookInto(made);
  return {
    url: made,
    sql,
    async remove() {
      await sql.close();
      await server.remove();
    },
  };
}

const databases = [["SQLite", sqlite] as const, ...(requiresPostgres() ? [["PostgreSQL", postgres] as const] : [])];

describe.each(databases)("with %s", (_name, make) => {
  let database: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    database = await make();
    store = await openStore(database.url, { create: true, now });
    await initializeServer(store, url, ["sts.amazonaws.com"], now);
  });
  afterAll(async () => {
    await store?.close();
    await database?.remove();
  });

  test("a server that is killed between the claim of a code and the addition of its key leaves the code good", async () => {
    const { id } = await store.accounts.invite("dev@example.com", "hash", now, now + 600);
    const script = `
    import { openStore } from ${JSON.stringify(source("server/store/open.ts"))};
    const store = await openStore("${database.url}", { create: false, now: ${now} });
    await store.transaction(async ({ accounts }) => {
      if (await accounts.claimInvite("hash", "${id}", ${now})) process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    });`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    expect((await store.accounts.findInvite("hash"))?.usedAt).toBeUndefined();
    expect(await store.accounts.claimInvite("hash", id, now)).toBe(true);
    await store.accounts.removeInvites(id);
    await database.sql`DELETE FROM invites`;
  });
});

test.each(databases)(
  "killed at random moments with %s, nothing that was acknowledged is lost, and no code is used up without a key",
  async (_name, make) => {
    const database = await make();
    onTestFinished(() => database.remove());
    const { acknowledged, faults } = await killAtRandom([process.execPath, source("main.ts")], database.url, cycles);
    expect(faults).toEqual([]);
    expect(acknowledged.keys.length).toBeGreaterThan(0);
    expect(acknowledged.sessions.length).toBeGreaterThan(0);
  },
  600_000,
);
