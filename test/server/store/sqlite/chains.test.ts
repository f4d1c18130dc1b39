/** SQLite: the audit log's chains, where transactions share a commit. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { type AuditEntry, linkProblem } from "../../../../src/server/audit/entry.ts";
import { openStore } from "../../../../src/server/store/open.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const now = 1_800_000_000;
let path: string;
let store: Store;
let recorded: AuditEntry[];
beforeEach(async () => {
  path = join(tempFolderUntil(onTestFinished), "vouch.db");
  recorded = [];
  const sees = (entry: AuditEntry) => recorded.push(entry);
  store = await openStore(`sqlite:${path}`, { create: true, now, replica: "a", sync: "grouped", recorded: sees });
});
afterEach(async () => {
  await store.close();
});

const record = async (reason: string): Promise<string> =>
  await store.transaction(async (tables) => {
    await tables.record({ event: "revoke", reason });
    return reason;
  });
const failing = async () =>
  await store.transaction(async (tables) => {
    await tables.record({ event: "revoke", reason: "refused" });
    throw new Error("refused");
  });
const statuses = async (asked: Promise<unknown>[]) => (await Promise.allSettled(asked)).map(({ status }) => status);

/** The reasons of all entries, chain by chain. Throws where one does not follow on the one before. */
async function chains(): Promise<string[][]> {
  const heads = await store.audit.heads();
  return await Promise.all(
    heads.map(async ({ chain }) => {
      const entries = await store.audit.ofChain(chain, 0, 1000);
      for (const [index, entry] of entries.entries()) expect(linkProblem(entry, entries[index - 1])).toBeUndefined();
      return entries.map(({ reason }) => String(reason));
    }),
  );
}

test("transactions that are asked for at once write one chain, in their order", async () => {
  const all = Array.from({ length: 40 }, (_, index) => `${index}`);
  expect(await Promise.all(all.map(record))).toEqual(all);
  expect(await chains()).toEqual([all]);
  expect(recorded.map(({ reason }) => String(reason))).toEqual(all);
});

test("one that throws leaves no entry, and the others' follow on each other", async () => {
  expect(await statuses([record("1"), failing(), record("2"), record("3")])).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  await record("4");
  expect((await chains()).flat().toSorted()).toEqual(["1", "2", "3", "4"]);
});

test("after all of them were rolled back, the chain goes on where it was", async () => {
  await record("1");
  const other = new Database(path);
  other.run("CREATE TRIGGER full BEFORE INSERT ON users BEGIN SELECT RAISE(ROLLBACK, 'full'); END");
  other.close();
  const invited = () =>
    store.transaction(async (tables) => await tables.accounts.invite("dev@example.com", "code", now, now + 9));
  expect(await statuses([record("lost"), record("lost"), invited(), record("lost")])).toEqual(
    Array.from({ length: 4 }, () => "rejected"),
  );
  expect(await Promise.all([record("2"), record("3")])).toEqual(["2", "3"]);
  expect(await chains()).toEqual([["1", "2", "3"]]);
  expect(recorded.map(({ reason }) => String(reason))).toEqual(["1", "2", "3"]);
});
