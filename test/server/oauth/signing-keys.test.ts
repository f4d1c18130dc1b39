/** Two signing keys, as in a change of keys: the newest signs, both are published. */
import { expect, test } from "bun:test";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { Issuer, makeSigningKey } from "../../../src/server/oauth/issuer.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { startTestServer } from "../test-server.ts";

const user = { id: "00000000-0000-4000-8000-000000000000", email: "dev@example.com", disabled: false };

test("the newest signing key signs and every key is published, whichever was stored first", async () => {
  const server = await startTestServer();
  const { store, database } = server;
  const [first] = await store.configuration.signingKeys();
  const newest = await makeSigningKey(server.now() + 100);
  const oldest = await makeSigningKey(server.now() - 100);
  await store.configuration.addSigningKey(newest);
  await store.configuration.addSigningKey(oldest);
  const reopened = await openStore(database, { create: false, now: server.now() });
  const issuer = new Issuer("https://vouch.example.com", await reopened.configuration.signingKeys(), {
    tagEmail: false,
  });
  await reopened.close();
  await server.stop();

  const published = issuer.jwks();
  expect(published.keys.map(({ kid }) => kid)).toEqual([newest.kid, first!.kid, oldest.kid]);
  for (const key of published.keys) expect(key).not.toHaveProperty("d");
  const now = Math.floor(Date.now() / 1000);
  const session = { user, credentialId: "key", createdAt: now, expiresAt: now + 1000 };
  const { jwt } = await issuer.issueIdToken(session, "sts.amazonaws.com", now);
  expect(decodeProtectedHeader(jwt).kid).toBe(newest.kid);
  const own = published.keys.filter(({ kid }) => kid === newest.kid);
  expect((await jwtVerify(jwt, createLocalJWKSet({ keys: own }))).payload.sub).toBe(user.id);
});
