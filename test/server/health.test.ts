import { expect, jest, test } from "bun:test";
import { type Failure, toFailure } from "../../src/server/http/failure.ts";
import { readiness } from "../../src/server/health.ts";
import type { ServerContext } from "../../src/server/context.ts";

const nextTurn = () => new Promise((done) => setImmediate(done));

/** A context of which readiness needs so much, and the probes that were begun. */
function context() {
  const probes: PromiseWithResolvers<void>[] = [];
  const store = {
    probe: async () => {
      const probe = Promise.withResolvers<void>();
      probes.push(probe);
      await probe.promise;
    },
  };
  const issuer = { signingFailure: () => undefined };
  return { probes, context: { store, issuer, now: () => 0, isDraining: false } as unknown as ServerContext };
}

test("any number of requests for readiness at once are one write to the database, and the next one another", async () => {
  const { probes, context: given } = context();
  const ask = async () => (await readiness(new Request("http://localhost/readyz"), given)).response.status;
  const asked = Array.from({ length: 50 }, ask);
  await nextTurn();
  expect(probes).toHaveLength(1);
  probes[0]!.resolve();
  expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
  const failing = [ask(), ask()];
  await nextTurn();
  expect(probes).toHaveLength(2);
  probes[1]!.reject(new Error("full"));
  expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

test("a database that says nothing is one that is away, and what it says later is heard by the next who asks", async () => {
  const { probes, context: given } = context();
  const ask = async () => (await readiness(new Request("http://localhost/readyz"), given)).response.status;
  jest.useFakeTimers();
  try {
    const asked = ask().catch((error: unknown) => toFailure(error, "/readyz"));
    jest.advanceTimersByTime(3000);
    const { response, detail } = (await asked) as Failure;
    expect([response.status, response.headers.get("retry-after"), detail]).toEqual([
      503,
      "5",
      "it did not answer in time",
    ]);
  } finally {
    jest.useRealTimers();
  }
  const again = ask();
  expect(probes).toHaveLength(1);
  probes[0]!.resolve();
  expect(await again).toBe(200);
});
