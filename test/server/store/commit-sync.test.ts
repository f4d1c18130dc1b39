/** Commits that share one file sync: what is acknowledged is on the disk. */
import { afterEach, describe, expect, onTestFinished, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Database } from "bun:sqlite";
import { sha256 } from "../../../src/server/random.ts";
import { CommitSync } from "../../../src/server/store/sqlite/commit-sync.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer | undefined;
afterEach(async () => server?.stop());

const rateLimits = { enroll: 1e6, login: 1e6, token: 1e6 };

/** Syncs that wait to be let through, once they are held. */
class HeldSyncs {
  begun = 0;
  #held: (() => void)[] | undefined;
  #onBegin: (() => void) | undefined;

  readonly sync = async (): Promise<void> => {
    this.begun++;
    this.#onBegin?.();
    const held = this.#held;
    if (held) await new Promise<void>((resolve) => held.push(resolve));
  };

  /** From now on syncs wait; resolves when the first one has begun. */
  hold(): Promise<void> {
    this.#held = [];
    return new Promise((resolve) => (this.#onBegin = resolve));
  }

  release(): void {
    for (const resolve of this.#held ?? []) resolve();
    this.#held = undefined;
  }
}

test("a login is answered only when its session is on the disk", async () => {
  const syncs = new HeldSyncs();
  server = await startTestServer({ rateLimits, sync: syncs.sync });
  const key = new TestSecurityKey();
  await server.enroll(key);
  const dpop = await DpopKey.generate();
  const { ceremony, options } = await server.loginOptions();
  const credential = JSON.stringify(key.authenticate(options, "https://vouch.example.com"));
  const begun = syncs.hold();
  let isAnswered = false;
  const grant = { grant_type: "urn:vouch:params:oauth:grant-type:webauthn", ceremony, credential };
  const answer = server.form("/oauth/token", grant, { dpop: await server.proof(dpop) }).then((given) => {
    isAnswered = true;
    return given;
  });
  await begun;
  // Whole requests after it: an answer would have come by now.
  for (let turn = 0; turn < 5; turn++) await server.send("/healthz");
  expect(isAnswered).toBe(false);
  syncs.release();
  expect((await answer).status).toBe(200);
});

test("what a power cut leaves has every session that was acknowledged by then", async () => {
  const folder = tempFolderUntil(onTestFinished);
  let path = "";
  let synced = 0;
  /** The files as they are when a sync begins: all that is sure to be on the disk when it has ended. */
  const sync = async (log: string) => {
    path = log.replace(/-wal$/, "");
    const own = join(folder, `${synced + 1}`);
    mkdirSync(own, { recursive: true });
    for (const file of [path, log]) copyFileSync(file, join(own, basename(file)));
    await Bun.sleep(0);
    synced++;
  };
  const started = (server = await startTestServer({ rateLimits, sync }));
  const keys = Array.from({ length: 6 }, () => new TestSecurityKey());
  for (const key of keys) await started.enroll(key);
  const acknowledged: { tokenHash: string; disk: number }[] = [];
  const dpop = await DpopKey.generate();
  await Promise.all(
    keys.map(async (key) => {
      for (let turn = 0; turn < 4; turn++) {
        const { status, body } = await started.login(key, dpop);
        expect(status).toBe(200);
        acknowledged.push({ tokenHash: sha256(body.access_token), disk: synced });
      }
    }),
  );
  expect(acknowledged).toHaveLength(24);
  for (const { tokenHash, disk } of acknowledged) {
    const found = new Database(join(folder, `${disk}`, basename(path)), { readwrite: true });
    expect(found.query("SELECT count(*) AS n FROM sessions WHERE token_hash = ?").get(tokenHash)).toEqual({ n: 1 });
    found.close();
  }
});

test("a token costs one file sync, with its entry in the audit log", async () => {
  const syncs = new HeldSyncs();
  server = await startTestServer({ rateLimits, sync: syncs.sync });
  const { accessToken, dpop } = await server.session();
  const entries = async () => (await server!.store.audit.page({ time: 0, chain: "", number: 0 }, 2 ** 40, 1000)).length;
  // The server's first checkpoint is made by then.
  while ((await server.store.audit.checkpointsBefore(2 ** 40, 1)).length === 0) await Bun.sleep(1);
  await server.store.settled();
  const before = { syncs: syncs.begun, entries: await entries() };
  for (let index = 0; index < 10; index++) await server.exchange(accessToken, dpop);
  expect(syncs.begun - before.syncs).toBe(10);
  expect((await entries()) - before.entries).toBe(10);
});

test("a login costs two file syncs, and logins at once share them", async () => {
  const syncs = new HeldSyncs();
  server = await startTestServer({ rateLimits, sync: syncs.sync });
  const key = new TestSecurityKey();
  await server.enroll(key);
  const dpop = await DpopKey.generate();
  // The server's first checkpoint is made by then.
  while ((await server.store.audit.checkpointsBefore(2 ** 40, 1)).length === 0) await Bun.sleep(1);
  await server.store.settled();
  const before = syncs.begun;
  for (let turn = 0; turn < 10; turn++) expect((await server.login(key, dpop)).status).toBe(200);
  expect(syncs.begun - before).toBe(20);
  const ceremonies = async () => (await server!.loginOptions()).ceremony;
  const begun = syncs.hold();
  const waiting = Array.from({ length: 20 }, ceremonies);
  await begun;
  const held = syncs.begun;
  const database = new Database(server.database.replace("sqlite:", ""), { readonly: true });
  const stored = () => (database.query("SELECT count(*) AS n FROM ceremonies").get() as { n: number }).n;
  while (stored() < 20) await Bun.sleep(1);
  // Their last steps before the answer take a few turns after the commit.
  for (let turn = 0; turn < 20; turn++) await server.send("/healthz");
  syncs.release();
  expect(new Set(await Promise.all(waiting)).size).toBe(20);
  expect(syncs.begun - held).toBeLessThanOrEqual(2);
  database.close();
});

test("requests that commit while a sync runs share the next one", async () => {
  const syncs = new HeldSyncs();
  server = await startTestServer({ rateLimits, sync: syncs.sync });
  const { accessToken, dpop } = await server.session();
  const database = new Database(server.database.replace("sqlite:", ""), { readonly: true });
  const proofs = () => (database.query("SELECT count(*) AS n FROM dpop_proofs").get() as { n: number }).n;
  const before = { syncs: syncs.begun, proofs: proofs() };
  const begun = syncs.hold();
  const answers = Array.from({ length: 20 }, () => server!.exchange(accessToken, dpop));
  await begun;
  while (proofs() < before.proofs + 20) await Bun.sleep(1);
  // Their last steps before the answer take a few turns after the commit.
  for (let turn = 0; turn < 20; turn++) await server.send("/healthz");
  syncs.release();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
  expect(syncs.begun - before.syncs).toBeLessThanOrEqual(3);
  database.close();
});

test("where the disk refuses, nothing is acknowledged until it takes what was committed", async () => {
  let isBroken = false;
  const sync = async () => {
    if (isBroken) throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
  };
  server = await startTestServer({ rateLimits, sync });
  const { accessToken, dpop } = await server.session();
  isBroken = true;
  const refused = await server.exchange(accessToken, dpop);
  expect(refused.status).toBe(503);
  expect(server.logs.at(-1)?.detail).toContain("cannot be written to the disk");
  const log = `${server.database.replace("sqlite:", "")}-wal`;
  expect(statSync(log).size).toBeGreaterThan(0);
  // Written again, because a sync after one that failed says nothing of the pages that are lost.
  expect((await server.send("/readyz")).status).toBe(200);
  expect(statSync(log).size).toBe(0);
  expect((await server.exchange(accessToken, dpop)).status).toBe(503);
  isBroken = false;
  expect((await server.exchange(accessToken, dpop)).status).toBe(200);
});

const neverRewritten = () => Promise.reject(new Error("expected no failed sync"));

describe("the sync of a group", () => {
  const log = () => join(tempFolderUntil(onTestFinished), "vouch.db-wal");

  test("that began before a commit does not count for it", async () => {
    const syncs = new HeldSyncs();
    const commits = new CommitSync(log(), neverRewritten, syncs.sync);
    const begun = syncs.hold();
    commits.wrote();
    const first = commits.settled();
    await begun;
    commits.wrote();
    const second = commits.settled();
    const third = commits.settled();
    syncs.release();
    await Promise.all([first, second, third]);
    expect(syncs.begun).toBe(2);
  });

  test("is none where nothing was committed", async () => {
    const syncs = new HeldSyncs();
    await new CommitSync(log(), neverRewritten, syncs.sync).settled();
    expect(syncs.begun).toBe(0);
  });

  test("that fails fails for all who wait for it, and the log is written anew until that succeeds", async () => {
    const calls: string[] = [];
    const failing = (name: string, failures: number) => async () => {
      calls.push(name);
      if (calls.filter((one) => one === name).length <= failures) throw new Error(`no ${name}`);
    };
    const commits = new CommitSync(log(), failing("rewrite", 1), failing("sync", 1));
    commits.wrote();
    const waiting = [commits.settled(), commits.settled()];
    for (const one of waiting) expect((await one.catch((error: Error) => error))?.name).toBe("SyncFailedError");
    expect((await commits.settled().catch((error: Error) => error))?.name).toBe("SyncFailedError");
    await commits.settled();
    commits.wrote();
    await commits.settled();
    expect(calls).toEqual(["sync", "rewrite", "rewrite", "sync"]);
  });

  test("writes the real log", async () => {
    const path = join(tempFolderUntil(onTestFinished), "vouch.db");
    const store = await openStore(`sqlite:${path}`, { create: true, now: 1_800_000_000, sync: "grouped" });
    expect(existsSync(`${path}-wal`)).toBe(true);
    await store.accounts.invite("dev@example.com", "hash", 1_800_000_000, 1_800_000_600);
    await store.settled();
    await store.close();
  });
});
