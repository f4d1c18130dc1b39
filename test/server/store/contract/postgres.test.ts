/** The contract of the store, kept by PostgreSQL. */
import { afterAll, beforeAll, describe } from "bun:test";
import type { SQL } from "bun";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../../postgres.ts";
import { keepsAuditLog } from "./audit.ts";
import { encryptsSigningKeys } from "./encrypted-keys.ts";
import { grantsOnce } from "./at-once.ts";
import { changesOnePerson } from "./one-person.ts";
import { keeps } from "./keeps.ts";
import { changesSigningKeys } from "./signing-keys.ts";
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
  describe("about one person", () => changesOnePerson(postgres));
  describe("at once", () => grantsOnce(postgres));
  describe("signing keys", () => changesSigningKeys(postgres));
  describe("encrypted signing keys", () => encryptsSigningKeys(postgres));
  describe("audit log", () => keepsAuditLog(postgres));
});
