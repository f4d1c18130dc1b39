/** A flood of refused requests: the audit log has the first of them, and how many more there were. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { RefusalLog } from "../../../src/server/audit/refusal.ts";
import type { AuditEntry } from "../../../src/server/audit/entry.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { tempFolder } from "../../temp-folder.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { newPerson } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";

const failure = (code = "login_needed") => ({ path: "/oauth/token", code, detail: "no" });

async function refusals(store: Store): Promise<AuditEntry[]> {
  const all = await store.audit.page({ time: 0, chain: "", number: 0 }, Number.MAX_SAFE_INTEGER, 10_000);
  return all.filter(({ event }) => event === "refuse");
}

describe("by themselves", () => {
  let folder: ReturnType<typeof tempFolder>;
  let store: Store;
  let time = 0;
  let log: RefusalLog;
  beforeEach(async () => {
    folder = tempFolder();
    time = 0;
    const now = 1_800_000_000;
    store = await openStore(`sqlite:${folder.path}/vouch.db`, { create: true, now, clock: () => now, by: "server" });
    await initializeServer(store, origin, undefined, now);
    log = new RefusalLog(store, () => time);
  });
  afterEach(async () => {
    await store.close();
    folder[Symbol.dispose]();
  });
  const caller = (id: string) => ({
    address: "192.0.2.1",
    user: { id, email: `${id}@example.com`, disabled: false },
    count: () => undefined,
  });

  test("one person's are recorded one by one up to twenty, then as a number when five minutes are over", async () => {
    for (let index = 0; index < 100; index++) await log.add(caller("a"), failure(index % 2 === 0 ? "x" : "y"));
    await log.add(caller("b"), failure());
    await log.flush(false);
    expect(await refusals(store)).toHaveLength(21);
    time = 300;
    await log.flush(false);
    await log.flush(false);
    expect((await refusals(store)).slice(21)).toMatchObject([
      {
        user: "a",
        address: null,
        by: "server",
        reason: "more was refused than is recorded one by one",
        detail: { refusals: 80, codes: ["x", "y"], since: 1_800_000_000 },
      },
    ]);
    await log.add(caller("a"), failure());
    expect((await refusals(store)).at(-1)).toMatchObject({ user: "a", detail: { code: "login_needed" } });
  });

  test("all people's together are at most a thousand entries in five minutes, and none is left uncounted", async () => {
    for (let person = 0; person < 800; person++) {
      for (let index = 0; index < 3; index++) await log.add(caller(`p${person}`), failure());
    }
    await log.flush(true);
    const found = await refusals(store);
    expect(found.length).toBeLessThanOrEqual(1001);
    const numbers = found.map(({ detail }) => Number(detail["refusals"] ?? 1));
    expect(numbers.reduce((sum, number) => sum + number, 0)).toBe(2400);
    expect(found.at(-1)).toMatchObject({ user: null, detail: { refusals: 900 } });
  });

  test("a number that could not be recorded is recorded later", async () => {
    let isBroken = false;
    const sometimes: Pick<Store, "now" | "transaction"> = {
      now: () => store.now(),
      transaction: async (work) => {
        if (isBroken) throw new Error("full");
        return store.transaction(work);
      },
    };
    const counting = new RefusalLog(sometimes, () => time);
    for (let index = 0; index < 30; index++) await counting.add(caller("a"), failure());
    time = 300;
    isBroken = true;
    expect(await counting.flush(false).catch((error: Error) => error.message)).toBe("full");
    isBroken = false;
    await counting.flush(false);
    expect((await refusals(store)).at(-1)).toMatchObject({ detail: { refusals: 10 } });
  });
});

describe("of a server", () => {
  let server: TestServer;
  beforeEach(async () => {
    const rateLimits = { enroll: 1e6, login: 1e6, token: 1e6 };
    server = await startTestServer({ rateLimits, auditLookMs: 5 });
  });
  afterEach(async () => server.stop());

  test("who knows the id of a security key, and has no account, does not fill the database", async () => {
    const { key, email } = await newPerson(server);
    const { id } = (await server.store.accounts.findUser(email))!;
    const userHandle = Buffer.from(id).toString("base64url");
    for (let attempt = 0; attempt < 60; attempt++) {
      const { ceremony, options } = await server.loginOptions();
      const forged = {
        ...new TestSecurityKey().authenticate(options, origin, { userHandle }),
        id: key.id,
        rawId: key.id,
      };
      const form = { grant_type: webauthnGrant, ceremony, credential: JSON.stringify(forged) };
      await server.form("/oauth/token", form, { dpop: await server.proof(await DpopKey.generate()) });
    }
    expect(await refusals(server.store)).toHaveLength(20);
    server.advance(300);
    while ((await refusals(server.store)).length < 21) await Bun.sleep(5);
    expect((await refusals(server.store)).at(-1)).toMatchObject({ detail: { refusals: 40, codes: ["invalid_grant"] } });
  });
});
