/** The server's wall clock moves: no session lives longer than eight hours for that, and no request fails. */
import { expect, onTestFinished, test } from "bun:test";
import { SQL } from "bun";
import { startServer } from "../../src/server/server.ts";
import { DpopKey } from "./oauth/dpop-key.ts";
import { TestSecurityKey } from "./webauthn/security-key.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const hour = 3600;

/** Runs a statement of the test's own. */
async function inDatabase(server: TestServer, statement: string): Promise<ReturnType<typeof JSON.parse>> {
  const sql = new SQL({ adapter: "sqlite", filename: server.database.replace("sqlite:", "") });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.close();
  }
}

/** A server whose wall clock and monotonic clock are apart, and a session on it. */
async function startWithClocks() {
  const clocks = { wall: 1_800_000_000, seconds: 0 };
  const server = await startTestServer({ now: () => clocks.wall, monotonic: () => clocks.seconds });
  onTestFinished(() => server.stop());
  const key = new TestSecurityKey();
  await server.enroll(key);
  const open = async () => {
    const dpop = await DpopKey.generate();
    // Proofs are of the time that the server believes.
    server.advance(clocks.wall - server.now());
    const accessToken = (await server.login(key, dpop)).body.access_token as string;
    return async () => {
      server.advance(clocks.wall - server.now());
      return (await server.exchange(accessToken, dpop)).status;
    };
  };
  const events = () =>
    server.logs.flatMap((entry) => ("event" in entry && entry.event === "clock_set_back" ? [entry.detail] : []));
  return { clocks, server, open, events };
}

test.each([
  ["by an hour in the middle of a session", 6 * hour, -hour],
  ["before the session began", hour, -9 * hour],
  ["by 61 seconds", hour, -61],
])("a server's clock that is set back %s ends the session, and another login works", async (_, age, jump) => {
  const { clocks, open, events } = await startWithClocks();
  const exchange = await open();
  clocks.wall += age;
  clocks.seconds += age;
  expect(await exchange()).toBe(200);
  clocks.wall += jump;
  expect(await exchange()).toBe(400);
  expect(events()).toEqual([`the clock was set back by ${-jump} s: ended 1 session`]);
  const again = await open();
  expect(await again()).toBe(200);
  clocks.wall -= jump;
  expect(await exchange()).toBe(400);
});

test("a server's clock that is set back while nobody asks is noticed by the monotonic clock", async () => {
  const { clocks, open } = await startWithClocks();
  const exchange = await open();
  clocks.seconds += 2 * hour;
  clocks.wall += hour;
  expect(await exchange()).toBe(400);
});

test("a session of a server whose clock was ahead at the login ends in time when the clock is set right", async () => {
  const { clocks, open } = await startWithClocks();
  clocks.wall += 24 * hour;
  const exchange = await open();
  expect(await exchange()).toBe(200);
  clocks.wall -= 24 * hour;
  expect(await exchange()).toBe(400);
  clocks.wall += 24 * hour;
  clocks.seconds += 24 * hour;
  expect(await exchange()).toBe(400);
});

test("a server's clock that is set forward ends a session by its time; a step of a minute back and sleep end none", async () => {
  const { clocks, open, events } = await startWithClocks();
  const exchange = await open();
  clocks.wall -= 60;
  expect(await exchange()).toBe(200);
  // Asleep: the monotonic clock stands still.
  clocks.wall += 7 * hour;
  expect(await exchange()).toBe(200);
  clocks.wall += 2 * hour;
  expect(await exchange()).toBe(400);
  expect(events()).toEqual([]);
});

test("a server that starts with a clock behind its sessions ends them", async () => {
  const { clocks, server, open, events } = await startWithClocks();
  const exchange = await open();
  const restart = async (now: number) => {
    const { store, logs } = server;
    const log = (entry: (typeof logs)[number]) => logs.push(entry);
    await (await startServer({ store, hostname: "127.0.0.1", port: 0, now: () => now, log })).stop();
  };
  await restart(clocks.wall - 60);
  expect(await exchange()).toBe(200);
  await restart(clocks.wall - 61);
  expect(await exchange()).toBe(400);
  expect(events()).toEqual(["the clock is behind the start of sessions: ended 1 session"]);
});

test("a clock that is set back ends thousands of sessions, some at a time", async () => {
  const { clocks, server, open, events } = await startWithClocks();
  const exchange = await open();
  const [{ user_id, id }] = await inDatabase(server, "SELECT user_id, id FROM credentials");
  await inDatabase(
    server,
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
    INSERT INTO sessions (token_hash, user_id, credential_id, jkt, created_at, expires_at)
    SELECT n, '${user_id}', '${id}', '', ${clocks.wall}, ${clocks.wall + 8 * hour} FROM numbers`,
  );
  clocks.wall -= hour;
  expect(await exchange()).toBe(400);
  expect(events()).toEqual([`the clock was set back by ${hour} s: ended 2501 sessions`]);
  const live = "SELECT count(*) AS live FROM sessions WHERE revoked_at IS NULL";
  expect(await inDatabase(server, live)).toEqual([{ live: 0 }]);
  const recorded = "SELECT json_extract(detail, '$.sessions') AS n FROM audit_entries WHERE event = 'revoke'";
  expect(await inDatabase(server, recorded)).toEqual([{ n: 1000 }, { n: 1000 }, { n: 501 }]);
});

test("requests that come while the sessions end wait for one end; where it fails, the next one tries again", async () => {
  const { clocks, server, open, events } = await startWithClocks();
  await open();
  const transaction = server.store.transaction.bind(server.store);
  let ends = 0;
  server.store.transaction = async () => {
    ends++;
    throw new Error("the disk is full");
  };
  const ask = async () => (await server.post("/v1/login/options", {})).status;
  clocks.wall -= hour;
  expect(await ask()).toBe(500);
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  server.store.transaction = async (work) => {
    ends++;
    begun.resolve();
    await held.promise;
    return await transaction(work);
  };
  const asked = Array.from({ length: 10 }, ask);
  await begun.promise;
  // Answered only after those that came before it were routed.
  for (let round = 0; round < 3; round++) expect((await server.send("/healthz")).status).toBe(200);
  held.resolve();
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 10 }, () => 200));
  expect(ends).toBe(2);
  expect(events()).toHaveLength(1);
});

test("a clock that is set back withdraws the codes of logins in the browser, which would be good for longer", async () => {
  const { clocks, server, open } = await startWithClocks();
  const exchange = await open();
  const [{ id: credentialId, user_id: userId }] = await inDatabase(server, "SELECT id, user_id FROM credentials");
  const bound = { challenge: "x", jkt: "j", ceremony: "c", revocation: 0 };
  const times = { createdAt: clocks.wall, expiresAt: clocks.wall + 60 };
  const add = () => server.store.authorizationCodes.add("code", { userId, credentialId, ...bound, ...times });
  expect(await add()).toBe(true);
  clocks.wall -= hour;
  expect(await exchange()).toBe(400);
  expect(await server.store.authorizationCodes.take("code")).toBeUndefined();
  expect(await add()).toBe(true);
  expect(await server.store.authorizationCodes.take("code")).toMatchObject({
    userId,
    credentialId,
    ...bound,
    ...times,
  });
});
