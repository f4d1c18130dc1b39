/** Reading much of the audit log holds nobody else up: others have their turn between two reads, and few read at once. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { activity } from "../../../../src/server/administration/activity.ts";
import { entries, searchPage } from "../../../../src/server/audit/search.ts";
import { Leases } from "../../../../src/server/http/leases.ts";
import { startTestServer, type TestServer } from "../../test-server.ts";
import { type Holder, newHolder } from "../visitor.ts";

let server: TestServer;
let auditor: Holder;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  auditor = await newHolder(server, "auditor");
  await server.store.transaction(async ({ record }) => {
    const detail = { client: "x".repeat(1000) };
    for (let index = 0; index < 2000; index++) await record({ event: "login", detail });
  });
});
afterAll(() => server.stop());

const everything = { since: 0, until: 1e12, who: undefined, event: undefined };
const nothing = { ...everything, who: "nobody@example.com" };

async function count(found: AsyncIterable<unknown>): Promise<number> {
  let number = 0;
  for await (const _ of found) number++;
  return number;
}

test.each<[string, "page" | "pageBefore" | "countAccess", () => Promise<unknown>]>([
  ["all entries", "page", () => count(entries(server.store, everything))],
  ["entries that are none", "page", () => count(entries(server.store, nothing))],
  ["an export", "page", async () => (await auditor.visitor.get("/admin/audit/export")).text()],
  ["a search", "pageBefore", () => searchPage(server.store, nothing, { position: undefined, limit: 50 })],
  [
    "a year's numbers",
    "countAccess",
    () => activity(server.store, { since: server.now() - 300 * 86400, until: server.now(), unit: "day" }),
  ],
])("the event loop turns between two reads of %s", async (_what, read, run) => {
  const { audit } = server.store;
  const original = audit[read].bind(audit) as (...asked: unknown[]) => Promise<never>;
  const loop = { turn: 0, isOver: false };
  const turning = (async () => {
    for (; !loop.isOver; loop.turn++) await new Promise((done) => setImmediate(done));
  })();
  const turns: number[] = [];
  audit[read] = async (...asked: unknown[]) => {
    turns.push(loop.turn);
    return await original(...asked);
  };
  await run();
  loop.isOver = true;
  await turning;
  delete (audit as Partial<typeof audit>)[read];
  expect(turns.length).toBeGreaterThan(5);
  expect(new Set(turns).size).toBe(turns.length);
});

test("a person has one export at a time, and two may be under way in all", async () => {
  const people = [auditor, await newHolder(server, "auditor"), await newHolder(server, "auditor")];
  const { audit } = server.store;
  const page = audit.page.bind(audit);
  const goOn = Promise.withResolvers<void>();
  const state = { reads: 0 };
  audit.page = async (...asked) => {
    state.reads++;
    await goOn.promise;
    return await page(...asked);
  };
  const begin = (index: number) => people[index]!.visitor.get("/admin/audit/export");
  const underWay = async (number: number) => {
    for (; state.reads < number;) await new Promise((done) => setImmediate(done));
  };
  const running = [begin(0)];
  await underWay(1);
  const own = await begin(0);
  running.push(begin(1));
  await underWay(2);
  const other = await begin(2);
  expect([own.status, own.headers.get("retry-after")]).toEqual([429, "30"]);
  expect(await own.text()).toContain("An export of yours is under way");
  expect(await other.text()).toContain("As many exports as there may be are under way");
  goOn.resolve();
  for (const answer of running) expect((await (await answer).text()).split("\n").length).toBeGreaterThan(2000);
  delete (audit as Partial<typeof audit>).page;
  for (const index of [0, 1, 2]) {
    const again = await begin(index);
    expect(again.status).toBe(200);
    await again.text();
  }
});

test("a HEAD begins no export", async () => {
  const { visitor } = await newHolder(server, "auditor");
  const head = await fetch(`${server.base}/admin/audit/export`, {
    method: "HEAD",
    headers: { cookie: `__Host-vouch-page=${visitor.cookie}` },
  });
  expect(head.status).toBe(200);
  expect((await visitor.get("/admin/audit/export")).status).toBe(200);
});

test("a lease that nobody renews is over after a minute", () => {
  let now = 0;
  const leases = new Leases(1, () => now);
  const first = leases.take("one");
  if (typeof first === "string") throw new Error(first);
  now = 59;
  expect([leases.take("one"), leases.take("other")]).toEqual(["own", "all"]);
  first.renew();
  now = 118;
  expect(leases.take("other")).toBe("all");
  now = 119;
  const second = leases.take("other");
  expect(second).toBeObject();
  // Too late: it is another's by now.
  first.end();
  expect(leases.take("one")).toBe("all");
});
