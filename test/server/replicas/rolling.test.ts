/** Three servers behind a load balancer that looks at /readyz, replaced one after the other under load. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { tokenExchangeGrant } from "../../../src/server/oauth/issuer.ts";
import { sha256 } from "../../../src/server/random.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { assertion, enrolled, proof, type Replica, send, startReplica, url } from "./replica.ts";

describe.skipIf(!requiresPostgres())("three replicas behind a load balancer", () => {
  let postgres: Postgres;
  let database: string;
  let store: Store;
  let balancer: Balancer;
  let replicas: Replica[] = [];
  const drain = ["--drain-time", "8s"];
  beforeAll(async () => {
    postgres = await startPostgres();
    database = await postgres.database();
    balancer = startBalancer();
    replicas = await Promise.all([1, 2, 3].map(() => startReplica(database, ...drain)));
    for (const { base } of replicas) balancer.add(base);
    for (const { base } of replicas) await balancer.untilReady(base, true);
    const now = Math.floor(Date.now() / 1000);
    store = await openStore(database, { create: false, now, patienceMs: 60_000, attemptMs: 60_000 });
  });
  afterAll(async () => {
    await balancer?.stop();
    await store?.close();
    await Promise.all(replicas.map((replica) => replica.kill("SIGKILL")));
    await postgres?.remove();
  });

  test("fail no request while each is replaced: not ready first, then what runs is finished", async () => {
    const { base } = balancer;
    const people = await Promise.all(
      [1, 2, 3, 4].map((number) => enrolled(base, store, `rolling-${number}@example.com`)),
    );
    const phase = { isOver: false };
    const failures: unknown[] = [];
    const answers: number[] = [];
    const expectGranted = ({ status, body }: Awaited<ReturnType<typeof send>>) => {
      answers.push(status);
      if (status !== 200) failures.push({ status, body });
    };
    const load = people.map(async ({ key, dpop }) => {
      while (!phase.isOver) {
        const login = await send(base, "/oauth/token", await assertion(base, key), await proof(dpop));
        expectGranted(login);
        const form = new URLSearchParams({
          grant_type: tokenExchangeGrant,
          subject_token: login.body.access_token,
          subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
        });
        const claims = { ath: sha256(login.body.access_token) };
        const now = Math.floor(Date.now() / 1000);
        const bound = await dpop.proof({ url: `${url}/oauth/token`, now, claims });
        expectGranted(await send(base, "/oauth/token", form, { dpop: bound }));
      }
    });
    const reached = async (number: number) => {
      while (answers.length < number) await Bun.sleep(5);
    };
    for (const [index, old] of replicas.entries()) {
      await reached(answers.length + 20);
      const ended = old.kill("SIGTERM");
      await balancer.untilReady(old.base, false);
      await reached(answers.length + 20);
      await ended;
      balancer.remove(old.base);
      const next = await startReplica(database, ...drain);
      replicas[index] = next;
      balancer.add(next.base);
      await balancer.untilReady(next.base, true);
    }
    await reached(answers.length + 20);
    phase.isOver = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(answers.length).toBeGreaterThan(100);
  });
});
