/** Nonces of DPoP proofs (RFC 9449, 8): who needs one, which are accepted, and that replicas know each other's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { KeyRing } from "../../../src/server/signing/key-ring.ts";
import { DpopNonces, nonceSeconds } from "../../../src/server/oauth/dpop-nonce.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { SigningUnavailableError } from "../../../src/server/signing/unavailable.ts";
import { DpopKey } from "./dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { type Answer, origin, startTestServer, type TestServer } from "../test-server.ts";

const rateLimits = { enroll: 1000, login: 1000, token: 1000 };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits });
});
afterAll(() => server.stop());

const nonceOf = ({ headers }: Answer) => headers.get("dpop-nonce") ?? "";
type Session = Awaited<ReturnType<TestServer["session"]>>;

/** Exchanges the session's token with this nonce in the proof. */
async function exchange({ accessToken, dpop }: Session, nonce: unknown, from = server): Promise<Answer> {
  const parameters = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: accessToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  };
  return await from.form("/oauth/token", parameters, { dpop: await from.proof(dpop, { nonce }) });
}

/** Any request with a proof brings a nonce, also one that is refused. */
const freshNonce = async (from = server) => nonceOf(await from.form("/oauth/token", {}, { dpop: "x" }));

function changed(nonce: string): string {
  return nonce.slice(0, -2) + (nonce.endsWith("AA") ? "BB" : "AA");
}

describe("a nonce", () => {
  test("comes with every answer to a proof, and is accepted in the next one", async () => {
    const session = await server.session();
    const answers = [
      await exchange(session, undefined),
      await exchange(session, await freshNonce()),
      await server.inSession(session, "GET", "/v1/sessions"),
      await server.inSession(session, "POST", "/v1/sessions/end", { id: "unknown" }),
      await server.form("/oauth/token", {}, { dpop: "x" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 400]);
    for (const answer of answers) expect((await exchange(session, nonceOf(answer))).status).toBe(200);
  });

  test("does not come with answers to requests without a proof", async () => {
    expect((await server.send("/healthz")).headers.has("dpop-nonce")).toBe(false);
  });

  test("is the same for two minutes, and accepted for five", async () => {
    const session = await server.session();
    const nonce = await freshNonce();
    server.advance(119);
    expect(await freshNonce()).toBe(nonce);
    server.advance(1);
    // It is renewed in the background.
    while ((await freshNonce()) === nonce) await Bun.sleep(1);
    server.advance(nonceSeconds - 121);
    expect((await exchange(session, nonce)).status).toBe(200);
    server.advance(1);
    const late = await exchange(session, nonce);
    expect(late).toMatchObject({ status: 400, body: { error: "use_dpop_nonce" } });
    expect((await exchange(session, nonceOf(late))).status).toBe(200);
  });

  test.each<[string, (nonce: string) => unknown]>([
    ["that was made up", () => "made-up"],
    ["that is empty", () => ""],
    ["with another signature", changed],
    ["with another time", (nonce) => nonce.replace(/\d\./, (last) => `${(Number(last[0]) + 1) % 10}.`)],
    ["without a signature", (nonce) => nonce.split(".")[0]],
    ["of a time to come", (nonce) => nonce.replace(/^\d+/, "99999999999")],
    ["with more behind it", (nonce) => `${nonce}A`],
  ])("%s is refused, also where none is needed", async (_, forge) => {
    const session = await server.session();
    const answer = await exchange(session, forge(await freshNonce()));
    expect(answer).toMatchObject({ status: 400, body: { error: "use_dpop_nonce" } });
    expect(answer.body.error_description).toContain("unknown or too old");
    expect((await exchange(session, nonceOf(answer))).status).toBe(200);
  });

  test("that is no text, or endless, is refused as a malformed proof", async () => {
    const session = await server.session();
    for (const nonce of [1, null, ["x"], "x".repeat(257)]) {
      expect((await exchange(session, nonce)).body).toMatchObject({ error: "invalid_dpop_proof" });
    }
  });

  test("of another server is refused", async () => {
    const other = await startTestServer();
    const answer = await exchange(await server.session(), await freshNonce(other));
    expect(answer.body.error).toBe("use_dpop_nonce");
    await other.stop();
  });

  test("that is refused in a request in a session is answered with a challenge (RFC 9449, 9)", async () => {
    const session = await server.session();
    const answer = await server.inSession(session, "GET", "/v1/sessions", undefined, { nonce: "made-up" });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: "access_denied", hint: "Update vouch." } } });
    expect(answer.headers.get("www-authenticate")).toBe('DPoP error="use_dpop_nonce", algs="ES256"');
    const nonce = nonceOf(answer);
    expect((await server.inSession(session, "GET", "/v1/sessions", undefined, { nonce })).status).toBe(200);
  });
});

test("where a nonce is required nothing is done without one: a login begins anew with its ceremony unused", async () => {
  const strict = await startTestServer({ rateLimits, dpopNonce: "required" });
  const key = new TestSecurityKey();
  await strict.enroll(key);
  const dpop = await DpopKey.generate();
  const { ceremony, options } = await strict.loginOptions();
  const credential = JSON.stringify(key.authenticate(options, origin));
  const login = async (nonce: string | undefined) =>
    await strict.form(
      "/oauth/token",
      { grant_type: webauthnGrant, ceremony, credential },
      { dpop: await strict.proof(dpop, { nonce }) },
    );
  const refused = await login(undefined);
  expect(refused).toMatchObject({ status: 400, body: { error: "use_dpop_nonce" } });
  expect(refused.body.error_description).toContain("got none");
  const { status, body } = await login(nonceOf(refused));
  expect(status).toBe(200);
  const session = { accessToken: body.access_token, dpop, key };
  expect((await exchange(session, undefined, strict)).body.error).toBe("use_dpop_nonce");
  expect((await strict.inSession(session, "GET", "/v1/sessions")).status).toBe(401);
  const nonce = await freshNonce(strict);
  expect((await exchange(session, nonce, strict)).status).toBe(200);
  expect((await strict.inSession(session, "GET", "/v1/sessions", undefined, { nonce })).status).toBe(200);
  await strict.stop();
});

describe("several replicas", () => {
  const ring = () =>
    KeyRing.open({ store: server.store, issuer: origin, protector: undefined, now: () => server.now() });
  const replica = async (keys: ConstructorParameters<typeof DpopNonces>[1]) =>
    new DpopNonces(origin, keys, () => server.now());

  test("accept the nonces of each other, whose clock may differ by a minute", async () => {
    const nonce = (await (await replica(await ring())).current())!;
    const other = await replica(await ring());
    expect(other.accepts(nonce)).toBe(true);
    server.advance(-60);
    expect(other.accepts(nonce)).toBe(true);
    server.advance(-1);
    expect(other.accepts(nonce)).toBe(false);
    server.advance(61);
  });

  test("accept none of a key that is no longer published", async () => {
    const keys = await ring();
    const nonce = (await (await replica(keys)).current())!;
    expect((await replica(keys)).accepts(nonce)).toBe(true);
    const without = { signer: () => keys.signer(), jwks: () => ({ keys: [] }) };
    expect((await replica(without)).accepts(nonce)).toBe(false);
  });

  test("issue none while no key can sign, and try again after ten seconds", async () => {
    const keys = await ring();
    let asked = 0;
    let works = false;
    const signer = () => {
      asked++;
      if (works) return keys.signer();
      throw new SigningUnavailableError("away");
    };
    const nonces = await replica({ signer, jwks: () => keys.jwks() });
    expect(await nonces.current()).toBeUndefined();
    works = true;
    server.advance(9);
    expect(await nonces.current()).toBeUndefined();
    expect(asked).toBe(1);
    server.advance(1);
    while ((await nonces.current()) === undefined) await Bun.sleep(1);
    expect(asked).toBe(2);
  });

  test("go on with the last one while a signature does not come, as long as it is accepted, and then without", async () => {
    const keys = await ring();
    let isSilent = false;
    const sign = async (data: Uint8Array<ArrayBuffer>) =>
      isSilent ? await new Promise<Uint8Array>(() => {}) : await keys.signer().signer.sign(data);
    const signer = () => ({ ...keys.signer(), signer: { sign, failure: () => undefined, check: () => {} } });
    const nonces = await replica({ signer, jwks: () => keys.jwks() });
    const last = await nonces.current();
    expect(last).toBeString();
    isSilent = true;
    server.advance(nonceSeconds - 1);
    expect(await nonces.current()).toBe(last);
    server.advance(1);
    expect(await nonces.current()).toBeUndefined();
  });
});

test("an ID token cannot stand for a nonce, nor the other way round: what is signed begins differently", async () => {
  const session = await server.session();
  const idToken = (await server.exchange(session.accessToken, session.dpop)).body.access_token as string;
  const [, , signature = ""] = idToken.split(".");
  expect((await exchange(session, `${server.now()}.${signature}`)).body.error).toBe("use_dpop_nonce");
});
