/** Query plans: with 100,000 people and 1,000,000 sessions no statement may read a whole table, or sort one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import type { ReservedSQL, SQL } from "bun";
import { openStore } from "../../../src/server/store/open.ts";
import { tempFolder } from "../../temp-folder.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { storeStatements } from "./statements.ts";

/** Tables that grow with people and time. */
const large = [
  "users",
  "invites",
  "credentials",
  "ceremonies",
  "sessions",
  "page_sessions",
  "dpop_proofs",
  "audit_entries",
  "group_members",
];
const everyStatement = storeStatements();
/** `vouch server restore`, with no server beside it, ends what is open of everybody. */
const ofEverybody = /^\s*DELETE FROM (invites WHERE used_at IS NULL RETURNING|(ceremonies|page_sessions)\s*$)/;
const statements = everyStatement.filter(({ parts }) => !ofEverybody.test(parts.join("?")));

test("every statement of the store is looked at", () => {
  const all = everyStatement.map(({ parts }) => parts.join("?"));
  expect(everyStatement.length - statements.length).toBe(3);
  for (const table of large) expect(all.filter((sql) => sql.includes(` ${table}`)).length).toBeGreaterThan(1);
  expect(all.every((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(sql))).toBe(true);
  expect(all.length).toBeGreaterThan(50);
});

test("a join by one value is planned once", () => {
  const joins = everyStatement.filter(({ parts }) => parts.length === 2 && / JOIN /.test(parts.join("?")));
  expect(joins.length).toBeGreaterThanOrEqual(3);
  for (const { parts } of joins) expect(parts.join("?")).toContain("CAST(? AS TEXT)");
});

describe("SQLite", () => {
  const folder = tempFolder();
  let database: Database;
  beforeAll(async () => {
    const path = `${folder.path}/vouch.db`;
    await (await openStore(`sqlite:${path}`, { create: true, now: 1_800_000_000 })).close();
    database = new Database(path, { readonly: true });
  });
  afterAll(() => {
    database?.close();
    folder[Symbol.dispose]();
  });

  test.each(statements)("$place reads no table as a whole", ({ parts }) => {
    const plan = database.query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${parts.join("?")}`).all();
    const scanned = plan
      .map(({ detail }) => detail)
      .filter((line) => large.some((name) => line.startsWith(`SCAN ${name}`)));
    expect(scanned).toEqual([]);
  });

  test("pages are read in the order of an index", () => {
    const paged = statements.filter(({ parts }) => isPaged(parts)).map(({ parts }) => parts.join("?"));
    expect(paged.length).toBeGreaterThanOrEqual(6);
    for (const sql of paged) {
      const plan = database.query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`).all();
      expect(plan.map(({ detail }) => detail).filter((line) => line.includes("TEMP B-TREE"))).toEqual([]);
    }
  });
});

describe.skipIf(!requiresPostgres())("PostgreSQL", () => {
  let server: Postgres;
  let sql: SQL;
  let connection: ReservedSQL;
  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.database();
    await (await openStore(url, { create: true, now: 1_800_000_000 })).close();
    sql = lookInto(url);
    connection = await sql.reserve();
    // As the sessions of the pool, and the plan that a prepared statement has for any parameters.
    await connection
      .unsafe(
        "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan",
      )
      .simple();
  });
  afterAll(async () => {
    await connection?.release();
    await sql?.close();
    await server?.remove();
  });

  async function plan(parts: string[]): Promise<Plan> {
    const text = parts.reduce((before, part, index) => `${before}$${index}${part}`);
    const nulls = parts.slice(1).map(() => "NULL");
    await connection.unsafe(`PREPARE asked AS ${text}`).simple();
    const asked = `EXPLAIN (FORMAT JSON) EXECUTE asked${nulls.length === 0 ? "" : `(${nulls.join()})`}`;
    const [row] = (await connection.unsafe(asked).simple()) as { "QUERY PLAN": string | [{ Plan: Plan }] }[];
    await connection.unsafe("DEALLOCATE asked").simple();
    const found = row!["QUERY PLAN"];
    return (typeof found === "string" ? (JSON.parse(found) as [{ Plan: Plan }]) : found)[0].Plan;
  }

  test.each(statements)("$place reads no table as a whole", async ({ parts }) => {
    expect(wholeReads(await plan(parts))).toEqual([]);
  });

  test.each(statements.filter(({ parts }) => isPaged(parts)))(
    "$place reads its page in the order of an index",
    async ({ parts }) => {
      expect(nodes(await plan(parts)).flatMap(unordered)).toEqual([]);
    },
  );
});

/** Whether the statement takes so many rows in an order; those of one group are sorted. */
function isPaged(parts: string[]): boolean {
  const sql = parts.join("?");
  return /ORDER BY[^)]* LIMIT \?/.test(sql) && !sql.includes("FROM group_members WHERE group_id");
}

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Cond"?: string;
  Plans?: Plan[];
}

/** Scans of a large table that are bound neither by a condition on an index nor by a limit right above. */
function wholeReads(node: Plan, above?: Plan): string[] {
  const { "Node Type": type, "Relation Name": table, "Index Cond": condition, Plans: below = [] } = node;
  const isWhole = type.endsWith("Scan") && table !== undefined && large.includes(table) && condition === undefined;
  const isLimited = type.startsWith("Index") && above?.["Node Type"] === "Limit";
  const own = isWhole && !isLimited ? [`${type} of ${table}`] : [];
  return [...own, ...below.flatMap((each) => wholeReads(each, node))];
}

function nodes(node: Plan): Plan[] {
  return [node, ...(node.Plans ?? []).flatMap(nodes)];
}

/** Sorts right below a limit: they read all that a page is taken from. */
function unordered({ "Node Type": type, Plans: below = [] }: Plan): string[] {
  return type === "Limit" ? below.map((each) => each["Node Type"]).filter((name) => name.endsWith("Sort")) : [];
}
