/** A signature that takes its time, as AWS KMS may: a session that ends meanwhile gets no token. */
import { afterAll, afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { KeyRing } from "../../../src/server/signing/key-ring.ts";
import { holder, newPerson, type Person, publishing } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer;
let meanwhile: (() => Promise<unknown>) | undefined;
const signer = Object.getOwnPropertyDescriptor(KeyRing.prototype, "signer")!.value as KeyRing["signer"];
const spy = spyOn(KeyRing.prototype, "signer").mockImplementation(function (this: KeyRing) {
  const found = signer.call(this);
  const sign = async (data: Uint8Array<ArrayBuffer>) => {
    // Only of a token (RFC 7515, 3.1).
    if (meanwhile !== undefined && Buffer.from(data).toString().startsWith("eyJ")) {
      const begun = performance.now();
      await meanwhile();
      while (performance.now() - begun < 110) await Bun.sleep(5);
    }
    return await found.signer.sign(data);
  };
  return { ...found, signer: { sign, failure: () => undefined, check: () => {} } };
});
beforeEach(async () => {
  server = await startTestServer();
});
afterAll(() => spy.mockRestore());
afterEach(async () => {
  meanwhile = undefined;
  await server.stop();
});

const userOf = async ({ key }: Person) => (await server.store.credentials.find(key.id))!.user.id;
const exchange = (person: Person) => server.exchange(person.accessToken, person.dpop);
async function publish(person: Person) {
  const { ceremony, approval } = (await server.inSession(person, "POST", "/v1/publish/options", {})).body;
  const touched = person.key.authenticate(approval, origin, { userVerified: false }, publishing);
  return await server.inSession(person, "POST", "/v1/publish", { holder, ceremony, approval: touched });
}

test.each<[string, (person: Person) => Promise<unknown>]>([
  ["is disabled", async (person) => server.store.accounts.setDisabled(await userOf(person), server.now())],
  ["is revoked", async (person) => server.store.sessions.revokeAll(await userOf(person), server.now())],
])("who %s during the signature gets no token", async (_, end) => {
  const person = await newPerson(server);
  meanwhile = () => end(person);
  expect(await exchange(person)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  const other = await newPerson(server);
  meanwhile = () => end(other);
  expect(await publish(other)).toMatchObject({ status: 401, body: { error: { code: "login_needed" } } });
});

test("a late signature alone costs nobody a token", async () => {
  const person = await newPerson(server);
  meanwhile = async () => {};
  expect((await exchange(person)).status).toBe(200);
  expect((await publish(person)).status).toBe(200);
});
