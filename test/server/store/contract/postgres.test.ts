/** The contract of the store, kept by PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SQL } from "bun";
import { openStore } from "../../../../src/server/store/open.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../../postgres.ts";
import { keepsAuditLog } from "./audit.ts";
import { encryptsSigningKeys } from "./encrypted-keys.ts";
import { grantsOnce } from "./at-once.ts";
import { changesOnePerson } from "./one-person.ts";
import { keeps } from "./keeps.ts";
import { keepsAttestations } from "./attestations.ts";
import { keepsGroups } from "./groups.ts";
import { keepsPageSessions } from "./page-sessions.ts";
import { keepsProvisioned } from "./provisioned.ts";
import { changesSigningKeys } from "./signing-keys.ts";
import { keepsRefreshTokens } from "./refresh-tokens.ts";
import { signsOn } from "./sign-on.ts";
import type { TestDatabase } from "./database.ts";

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  let server: Postgres;
  let url: string;
  let sql: SQL;
  beforeAll(async () => {
    server = await startPostgres();
    url = await server.database();
    sql = lookInto(url);
  });
  afterAll(async () => {
    await sql?.close();
    await server?.remove();
  });

  async function postgres(): Promise<TestDatabase> {
    return {
      url,
      sql,
      async remove() {
        await sql.unsafe("DROP SCHEMA public CASCADE; CREATE SCHEMA public").simple();
      },
    };
  }

  describe("what it keeps", () => keeps(postgres));
  describe("groups and roles", () => keepsGroups(postgres));
  describe("attestations", () => keepsAttestations(postgres));
  describe("sessions of the pages", () => keepsPageSessions(postgres));
  describe("single sign-on", () => signsOn(postgres));
  describe("refresh tokens", () => keepsRefreshTokens(postgres));
  describe("SCIM", () => keepsProvisioned(postgres));
  describe("about one person", () => changesOnePerson(postgres));
  describe("at once", () => grantsOnce(postgres));
  describe("signing keys", () => changesSigningKeys(postgres));
  describe("encrypted signing keys", () => encryptsSigningKeys(postgres));
  describe("audit log", () => keepsAuditLog(postgres));

  test("the audit log has the database's time, whatever the machine's is", async () => {
    const database = await postgres();
    const store = await openStore(database.url, { create: true, now: 5, clock: () => 5 });
    const before = await store.time(5);
    await store.transaction(async (tables) => tables.record({ event: "login" }));
    const [entry] = await store.audit.page({ time: 0, chain: "", number: 0 }, 2 ** 40, 1);
    expect(entry!.time).toBe(before);
    expect(before).toBeGreaterThan(1_700_000_000);
    await store.close();
    await database.remove();
  });
});
