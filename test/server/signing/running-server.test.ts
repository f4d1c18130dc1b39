/** Signing keys of a server that runs: it follows every change by itself, by time. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { publishedSeconds, retiredSeconds } from "../../../src/server/signing/life-cycle.ts";
import { retire, rotate } from "../../../src/server/signing/rotation.ts";
import { keyMaker } from "../../../src/server/signing/signing-key.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";

const make = keyMaker(origin, undefined);
const day = 24 * 3600;
let server: TestServer;
let administrator: Store;
beforeEach(async () => {
  server = await startTestServer({ keyRefreshMs: 5, rotateEverySeconds: 90 * day });
  administrator = await openStore(server.database, { create: false, now: server.now() });
});
afterEach(async () => {
  await administrator.close();
  await server.stop();
});

const jwks = async () => (await server.send("/.well-known/jwks.json")).body as { keys: { kid: string }[] };
const kids = async () => (await jwks()).keys.map(({ kid }) => kid);
async function untilPublished(...expected: string[]): Promise<void> {
  while ((await kids()).join() !== expected.join()) await Bun.sleep(5);
}
async function untilKeys(number: number): Promise<string[]> {
  for (;;) {
    const found = await kids();
    if (found.length === number) return found;
    await Bun.sleep(5);
  }
}
/** The kid of a new token, which the JWKS of this moment verifies. */
async function signs(): Promise<string> {
  const { accessToken, dpop } = await server.session();
  const { body } = await server.exchange(accessToken, dpop);
  const { payload } = await jwtVerify(body.access_token, createLocalJWKSet((await jwks()) as never), {
    issuer: origin,
    currentDate: new Date(server.now() * 1000),
  });
  expect(payload.exp! - payload.iat!).toBe(300);
  return decodeProtectedHeader(body.access_token).kid!;
}

test("a rotation is published at once and signs a day later, without a restart", async () => {
  const [old] = (await kids()) as [string];
  expect(await signs()).toBe(old);
  const { key } = await rotate(administrator, server.now(), make);
  await untilPublished(key.kid, old);
  for (const published of (await jwks()).keys) {
    expect(Object.keys(published).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  }
  expect(await signs()).toBe(old);
  server.advance(publishedSeconds - 1);
  expect(await signs()).toBe(old);
  server.advance(1);
  expect(await signs()).toBe(key.kid);
  expect(await kids()).toEqual([key.kid, old]);
  server.advance(retiredSeconds);
  expect(await kids()).toEqual([key.kid]);
  while ((await administrator.signingKeys.all()).length > 1) await Bun.sleep(5);
  expect(server.logs).toContainEqual(
    expect.objectContaining({ event: "signing_keys_changed", detail: expect.stringContaining(old) }),
  );
});

test("a leaked key is replaced and ended within one interval of reading", async () => {
  const [leaked] = (await kids()) as [string];
  const { key } = await rotate(administrator, server.now(), make, { immediately: true });
  await untilPublished(key.kid, leaked);
  expect(await signs()).toBe(key.kid);
  await retire(administrator, leaked, server.now(), { immediately: true });
  await untilPublished(key.kid);
  expect(await signs()).toBe(key.kid);
});

test("with --rotate-every the server makes the next key itself, in time for it to sign when the old one is old enough", async () => {
  const [old] = (await kids()) as [string];
  server.advance(89 * day - 1);
  expect(await signs()).toBe(old);
  server.advance(1);
  const [made] = (await untilKeys(2)) as [string];
  expect(await signs()).toBe(old);
  server.advance(day);
  expect(await signs()).toBe(made);
  expect(server.logs).toContainEqual(
    expect.objectContaining({ event: "signing_keys_changed", detail: expect.stringContaining(`${made} is published`) }),
  );
});

test("a token asks the database nothing about keys", async () => {
  const quiet = await startTestServer({ keyRefreshMs: 2 ** 30 });
  const { accessToken, dpop } = await quiet.session();
  quiet.store.signingKeys.all = () => Promise.reject(new Error("asked"));
  expect((await quiet.exchange(accessToken, dpop)).status).toBe(200);
  expect((await quiet.send("/.well-known/jwks.json")).status).toBe(200);
  await quiet.stop();
});

test("a server whose database is away goes on with the keys that it has, and says once that it cannot read them", async () => {
  const [old] = (await kids()) as [string];
  const { signingKeys } = server.store;
  const all = signingKeys.all.bind(signingKeys);
  const asked: number[] = [];
  signingKeys.all = async () => {
    asked.push(server.now());
    throw new Error("away");
  };
  while (asked.length < 5) await Bun.sleep(5);
  expect(await signs()).toBe(old);
  signingKeys.all = all;
  const { key } = await rotate(administrator, server.now(), make);
  await untilPublished(key.kid, old);
  expect(server.logs.filter((entry) => "event" in entry && entry.event === "signing_keys_failed")).toEqual([
    expect.objectContaining({ detail: "away" }),
  ]);
});
