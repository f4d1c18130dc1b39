/** The whole chain of a ceremony: CTAPHID, CTAP2 and WebAuthn on one side, this server on the other. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { openChannel } from "../../../src/fido/hid/channel.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { transport } from "../../authenticator/transport.ts";
import { person } from "../../fido/webauthn/person.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { email, origin, startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer;
let authenticator: RunningAuthenticator;
let socketPath: string;
beforeAll(async () => {
  server = await startTestServer();
  socketPath = join(server.folder, "key.sock");
  authenticator = await startAuthenticator({ socketPath, pin: "123456" });
});
afterAll(async () => {
  await authenticator.stop();
  await server.stop();
});

const ui = person(Array.from({ length: 9 }, () => "123456"));

async function openKey() {
  const info = { path: socketPath, product: "Software Security Key", vendorId: 0, productId: 0 };
  return openChannel(await transport.open(info), info);
}

test("a security key enrols, logs in twice, and cannot be enrolled a second time", async () => {
  const device = await openKey();
  const code = await server.invite();
  const creation = await server.enrollOptions(code);
  const registration = await createCredential({
    deed: { purpose: "enroll" },
    device,
    options: creation.options,
    origin,
    ui,
  });
  const enrolled = await server.post("/v1/enroll", { ceremony: creation.ceremony, code, credential: registration });
  expect(enrolled.body).toEqual({ user: email, credentialId: registration.id, name: "security key" });

  const dpop = await DpopKey.generate();
  for (let login = 0; login < 2; login++) {
    const { ceremony, options } = await server.loginOptions();
    const credential = JSON.stringify(await getAssertion({ deed: { purpose: "login" }, device, options, origin, ui }));
    const parameters = { grant_type: webauthnGrant, ceremony, credential };
    const { body } = await server.form("/oauth/token", parameters, { dpop: await server.proof(dpop) });
    expect((await server.exchange(body.access_token, dpop)).status).toBe(200);
  }

  const again = await server.enrollOptions(await server.invite());
  const excluded: unknown = await createCredential({
    deed: { purpose: "enroll" },
    device,
    options: again.options,
    origin,
    ui,
  }).catch((error: unknown) => error);
  expect(excluded).toMatchObject({ code: "credential_excluded" });
  await device.close();
});
