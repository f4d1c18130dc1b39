/** Three servers with one PostgreSQL database: each thing is granted once by all of them, and nothing is lost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { verifyAudit } from "../../../src/server/audit/verify.ts";
import { makeEnrollmentCode } from "../../../src/server/keys/enrollment-code.ts";
import { randomToken, sha256 } from "../../../src/server/random.ts";
import { KeyRing } from "../../../src/server/signing/key-ring.ts";
import { retire, rotate } from "../../../src/server/signing/rotation.ts";
import { keyMaker } from "../../../src/server/signing/signing-key.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { codeIn } from "../oauth/browser-client.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { lookInto, type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { assertion, enrolled, login, proof, type Replica, send, startReplica, url } from "./replica.ts";

const count = (statuses: number[]) =>
  Object.fromEntries(
    Map.groupBy(statuses, String)
      .entries()
      .map(([status, all]) => [status, all.length]),
  );

describe.skipIf(!requiresPostgres())("three replicas", () => {
  let server: Postgres;
  let database: string;
  let replicas: Replica[] = [];
  let store: Store;
  beforeAll(async () => {
    server = await startPostgres();
    database = await server.database();
    replicas = await Promise.all([1, 2, 3].map(() => startReplica(database, "--browser-login", "on")));
    const now = Math.floor(Date.now() / 1000);
    store = await openStore(database, { create: false, now, patienceMs: 60_000, attemptMs: 60_000 });
  });
  afterAll(async () => {
    await store?.close();
    await Promise.all(replicas.map((replica) => replica.kill("SIGKILL")));
    await server?.remove();
  });

  const at = (index: number) => replicas[index % replicas.length]!.base;
  const sessions = async () => {
    const sql = lookInto(database);
    const rows = await sql`SELECT token_hash FROM sessions`;
    await sql.close();
    return rows.map(({ token_hash }: { token_hash: string }) => token_hash) as string[];
  };

  test("that start at once on an empty database publish one signing key", async () => {
    const sets = await Promise.all(
      replicas.map(
        async ({ base }) => (await fetch(`${base}/.well-known/jwks.json`)).json() as Promise<{ keys: unknown[] }>,
      ),
    );
    expect(sets[0]!.keys).toHaveLength(1);
    for (const set of sets) expect(set).toEqual(sets[0]!);
    for (const { base } of replicas) expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  test("give one session for a code of a login in the browser that all of them are sent at once", async () => {
    const { key, dpop } = await enrolled(at(0), store, "browser@example.com");
    const verifier = randomToken();
    const parameters = new URLSearchParams({
      response_type: "code",
      client_id: "vouch",
      code_challenge: sha256(verifier),
      code_challenge_method: "S256",
    });
    const pushed = await send(at(2), "/oauth/par", parameters, {
      dpop: await dpop.proof({ url: `${url}/oauth/par`, now: Math.floor(Date.now() / 1000) }),
    });
    const request = { request_uri: pushed.body.request_uri };
    const own = { origin: url, "sec-fetch-site": "same-origin" };
    const begun = await send(at(0), "/sign-in/code/options", new URLSearchParams(request), own);
    const { ceremony, options } = begun.body;
    const credential = JSON.stringify(key.authenticate(options, url, { challenge: options.challenge }));
    const page = await fetch(`${at(1)}/sign-in/code`, {
      method: "POST",
      headers: own,
      body: new URLSearchParams({ ...request, ceremony, credential }),
    });
    const code = codeIn(await page.text());
    const form = { grant_type: "authorization_code", client_id: "vouch", code, code_verifier: verifier };
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) =>
        send(at(index), "/oauth/token", new URLSearchParams(form), await proof(dpop)),
      ),
    );
    expect(count(answers.map(({ status }) => status))).toEqual({ 200: 1, 400: 11 });
  });

  test("give one session for an assertion that is sent to them a thousand times at once", async () => {
    const { key } = await enrolled(at(0), store, "replayed@example.com");
    const form = await assertion(at(1), key);
    // Half from thieves with keys of their own, half the very same request.
    const own = await proof(await DpopKey.generate());
    const thieves = await Promise.all(Array.from({ length: 10 }, () => DpopKey.generate()));
    const headers = await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => (index % 2 === 0 ? own : proof(thieves[index % 10]!))),
    );
    const before = (await sessions()).length;
    const replies = await Promise.all(headers.map((header, index) => send(at(index), "/oauth/token", form, header)));
    const statuses = count(replies.map(({ status }) => status));
    expect(statuses).toMatchObject({ 200: 1 });
    // 503: an attempt that met others for five seconds gives up.
    expect((statuses["400"] ?? 0) + (statuses["503"] ?? 0)).toBe(999);
    expect(await sessions()).toHaveLength(before + 1);
    const { body } = replies.find(({ status }) => status === 200)!;
    expect(await sessions()).toContain(sha256(body.access_token));
  });

  test("enrol one key for a code that is used at all of them at once", async () => {
    const code = makeEnrollmentCode();
    const time = Math.floor(Date.now() / 1000);
    const user = await store.accounts.invite("once@example.com", sha256(code), time, time + 3600);
    const begun = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => send(at(index), "/v1/enroll/options", { code })),
    );
    const statuses = await Promise.all(
      begun.map(async ({ body }, index) => {
        const credential = new TestSecurityKey().register(body.options, url);
        const finish = { ceremony: body.ceremony, code, credential };
        return (await send(at(index), "/v1/enroll", finish)).status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(await store.credentials.ofUser(user.id)).toHaveLength(1);
  });

  test("lose no session that was acknowledged while one is killed and the database crashes in a storm of logins", async () => {
    const people = await Promise.all(
      Array.from({ length: 12 }, (_, index) => enrolled(at(index), store, `storm-${index}@example.com`)),
    );
    const before = new Set(await sessions());
    const acknowledged: string[] = [];
    const unanswered: string[] = [];
    let killed: string | undefined;
    let attempts = 0;
    const phase = { isOver: false };
    /** Logs in again and again, at another replica each time, as behind a load balancer. */
    const storm = people.map(async ({ key, dpop }, person) => {
      for (let turn = person; !phase.isOver; turn++) {
        const base = at(turn);
        try {
          attempts++;
          const { status, body } = await login(base, key, dpop);
          if (status === 200) acknowledged.push(body.access_token);
          // 503: the database is away, or an attempt met others for five seconds.
          else if (status !== 503) unanswered.push(`${status} ${JSON.stringify(body)}`);
        } catch (error) {
          // Only one that was killed gives no answer; the next one is asked.
          if (base !== killed) unanswered.push(String(error));
        }
      }
    });
    const reached = async (number: number) => {
      while (acknowledged.length < number) await Bun.sleep(5);
    };
    await reached(20);
    killed = replicas[0]!.base;
    await replicas[0]!.kill("SIGKILL");
    await reached(acknowledged.length + 20);
    await server.stop("SIGQUIT");
    await server.start();
    await reached(acknowledged.length + 20);
    replicas[0] = await startReplica(database);
    await reached(acknowledged.length + 20);
    phase.isOver = true;
    await Promise.all(storm);
    expect(unanswered).toEqual([]);
    const opened = (await sessions()).filter((hash) => !before.has(hash));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(opened).toEqual(expect.arrayContaining(acknowledged.map((token) => sha256(token))));
    expect(opened.length).toBeLessThanOrEqual(attempts);
    for (const { base } of replicas) expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  test("take over a new signing key and let the leaked one go without a restart, whatever clock a replica has", async () => {
    const jwks = async ({ base }: Replica) =>
      ((await (await fetch(`${base}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }).keys.map(
        ({ kid }) => kid,
      );
    const [leaked] = (await jwks(replicas[0]!)) as [string];
    const time = await store.time(0);
    const make = keyMaker(url, undefined);
    const { key } = await rotate(store, time, make, { immediately: true });
    for (const ahead of [-3600, 0, 3600]) {
      const ring = await KeyRing.open({ store, issuer: url, protector: undefined, now: () => time + ahead });
      expect(ring.signer().kid).toBe(key.kid);
    }
    await retire(store, leaked, time, { immediately: true });
    for (const replica of replicas) while ((await jwks(replica)).join() !== key.kid) await Bun.sleep(50);
    const { key: next } = await rotate(store, time, make);
    for (const ahead of [-48 * 3600, 48 * 3600]) {
      const ring = await KeyRing.open({ store, issuer: url, protector: undefined, now: () => time + ahead });
      expect(ring.signer().kid).toBe(key.kid);
      expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([next.kid, key.kid]);
    }
  });

  test("say that they are alive and not ready while the database is away, and are ready when it is back", async () => {
    await server.stop();
    const { base } = replicas[1]!;
    const away = await fetch(`${base}/readyz`);
    expect({ status: away.status, retryAfter: away.headers.get("retry-after") }).toEqual({
      status: 503,
      retryAfter: "5",
    });
    expect((await send(base, "/v1/login/options", {})).status).toBe(503);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    await server.start();
    while ((await fetch(`${base}/readyz`)).status !== 200) await Bun.sleep(20);
    expect((await send(base, "/v1/login/options", {})).status).toBe(200);
  });

  test("answer every request while they are replaced one after the other", async () => {
    const { key, dpop } = await enrolled(at(0), store, "rolling@example.com");
    const phase = { isOver: false };
    const inService = [...replicas];
    const statuses: number[] = [];
    const client = (async () => {
      for (let turn = 0; !phase.isOver; turn++) {
        const { base } = inService[turn % inService.length]!;
        const form = await assertion(base, key);
        statuses.push((await send(base, "/oauth/token", form, await proof(dpop))).status);
      }
    })();
    for (let index = 0; index < replicas.length; index++) {
      const old = replicas[index]!;
      // The load balancer takes it out of service first.
      inService.splice(inService.indexOf(old), 1);
      const asked = statuses.length;
      while (statuses.length < asked + 2) await Bun.sleep(5);
      await old.kill("SIGTERM");
      replicas[index] = await startReplica(database);
      inService.push(replicas[index]!);
    }
    phase.isOver = true;
    await client;
    expect(statuses.length).toBeGreaterThan(5);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test("have recorded each session of all this once, in chains that are whole", async () => {
    const kids = (await store.signingKeys.all()).map(({ kid }) => kid);
    // The replica that was killed, and those that were ended, have chains, too.
    const verdict = await verifyAudit(store, { issuer: url, kids });
    expect(verdict.problems).toEqual([]);
    expect(verdict.checkpoints).toBeGreaterThan(1);
    const sql = lookInto(database);
    const [row] = await sql`SELECT count(*) AS logins FROM audit_entries WHERE event = 'login'`;
    await sql.close();
    expect(Number(row.logins)).toBe((await sessions()).length);
  });
});
