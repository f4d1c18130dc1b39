/** Keys that cannot be opened, or not yet: they delay nothing that does not need them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { VouchError } from "../../../src/base/errors.ts";
import { Secret } from "../../../src/base/secret.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { KeyRing } from "../../../src/server/signing/key-ring.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import type { KeyProtector } from "../../../src/server/signing/protection.ts";
import { retire, rotate } from "../../../src/server/signing/rotation.ts";
import { keyMaker } from "../../../src/server/signing/signing-key.ts";
import { SigningUnavailableError } from "../../../src/server/signing/unavailable.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { tempFolder } from "../../temp-folder.ts";
import { origin, startTestServer } from "../test-server.ts";

const now = 1_800_000_000;
const kek = await localKek(new Secret(new Uint8Array(32).fill(1)));
const maker = keyMaker(origin, kek);
const data = new Uint8Array(1);
const day = 24 * 3600;

let folder: ReturnType<typeof tempFolder>;
let store: Store;
beforeEach(async () => {
  folder = tempFolder();
  store = await openStore(`sqlite:${join(folder.path, "vouch.db")}`, { create: true, now });
  await initializeServer(store, origin, undefined, now, maker);
});
afterEach(async () => {
  await store.close();
  folder[Symbol.dispose]();
});

/** The protector, with `before` in front of the decryption of a key. */
function protectorWith(before: (kid: string) => Promise<void>): KeyProtector {
  return {
    kek: kek.kek,
    protect: kek.protect.bind(kek),
    async unprotect(protection, binding) {
      await before(binding.of === "signing key" ? binding.kid : "");
      return await kek.unprotect(protection, binding);
    },
  };
}
const open = (protector: KeyProtector) => KeyRing.open({ store, issuer: origin, protector, now: () => now });
const kids = (ring: KeyRing) => ring.jwks().keys.map(({ kid }) => kid);

test("a key whose decryption hangs is published at once, and delays neither the start nor a retirement", async () => {
  const { key, previous } = await rotate(store, now + 1, maker);
  const ring = await open(protectorWith((kid) => (kid === key.kid ? new Promise(() => {}) : Promise.resolve())));
  expect(kids(ring)).toEqual([key.kid, previous.kid]);
  expect(await ring.signer().signer.sign(data)).toHaveLength(64);
  await retire(store, key.kid, now + 1);
  await ring.refresh();
  expect(kids(ring)).toEqual([previous.kid]);
});

test("a server starts while KMS is away, gives no signature, and signs when it is back", async () => {
  let isAway = true;
  const ring = await open(
    protectorWith(async () => {
      if (isAway) throw new VouchError("timeout", "AWS KMS does not answer.");
    }),
  );
  expect(kids(ring)).toHaveLength(1);
  expect(ring.failures()).toEqual([expect.any(SigningUnavailableError)]);
  const { signer } = ring.signer();
  expect(await signer.sign(data).catch((error: unknown) => error)).toBeInstanceOf(SigningUnavailableError);
  isAway = false;
  await ring.refresh();
  expect(await signer.sign(data)).toHaveLength(64);
  expect(ring.failures()).toEqual([]);
});

test("a signature waits for a key that is being opened", async () => {
  const gate = Promise.withResolvers<void>();
  const old = (await store.signingKeys.all())[0]!.kid;
  const ring = await open(protectorWith((kid) => (kid === old ? Promise.resolve() : gate.promise)));
  const { key } = await rotate(store, now, maker, { immediately: true });
  await ring.refresh();
  const { kid, signer } = ring.signer();
  expect(kid).toBe(key.kid);
  const signature = signer.sign(data);
  gate.resolve();
  expect(await signature).toHaveLength(64);
});

test("a rotation that hangs delays no change of keys by somebody else", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<never>();
  const protector: KeyProtector = {
    kek: kek.kek,
    async protect() {
      asked.resolve();
      return await answer.promise;
    },
    unprotect: kek.unprotect.bind(kek),
  };
  const server = await startTestServer({ keyRefreshMs: 5, rotateEverySeconds: 90 * day, keyProtector: protector });
  const published = async () =>
    (await server.send("/.well-known/jwks.json")).body.keys.map(({ kid }: { kid: string }) => kid);
  const [leaked] = await published();
  server.advance(89 * day);
  await asked.promise;
  const { key } = await rotate(server.store, server.now(), keyMaker(origin, undefined), { immediately: true });
  await retire(server.store, leaked, server.now(), { immediately: true });
  while ((await published()).join() !== key.kid) await Bun.sleep(5);
  answer.reject(new Error("away"));
  await server.stop();
});

test("a server that lacks the key-encryption key of the next key is not ready when that begins to sign", async () => {
  const server = await startTestServer({ keyRefreshMs: 5, rateLimits: { enroll: 100, login: 100, token: 100 } });
  await rotate(server.store, server.now(), maker);
  expect((await server.send("/readyz")).status).toBe(200);
  while (!server.logs.some((entry) => "event" in entry && entry.event === "signing_keys_failed")) await Bun.sleep(5);
  expect((await server.send("/readyz")).body).toEqual({ status: "ok", signing: "ok" });
  server.advance(day);
  expect((await server.send("/readyz")).status).toBe(503);
  expect((await server.send("/.well-known/jwks.json")).status).toBe(200);
  await server.stop();
});
