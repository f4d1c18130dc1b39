/** Requests that were authorised, or begun, while something was alive that has ended since: they grant nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { sha256 } from "../../src/server/random.ts";
import { webauthnGrant } from "../../src/server/oauth/issuer.ts";
import { DpopKey } from "./oauth/dpop-key.ts";
import { addKey, approveAdd, approveRemove, approveRename, begin, newPerson, type Person } from "./person.ts";
import { TestSecurityKey } from "./webauthn/security-key.ts";
import { origin, startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  // The commands of the administrator take the machine's clock.
  server.advance(Math.floor(Date.now() / 1000) - server.now());
});
afterAll(() => server.stop());

/** `vouch server …` in a process of its own, on the server's database. */
async function administrator(...args: string[]): Promise<string> {
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  const command = [process.execPath, main, "server", ...args, "--database", server.database];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** Sends the head and all of the body but its last byte, waits for `meanwhile`, then sends it. Gives the answer's status. */
async function held(
  path: string,
  headers: Record<string, string>,
  body: string,
  meanwhile: () => Promise<unknown>,
): Promise<number> {
  const socket = connect(Number(new URL(server.base).port), "127.0.0.1");
  const answer = new Promise<number>((resolve, reject) => {
    socket.once("data", (data) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1])));
    socket.once("error", reject);
  });
  const fields = Object.entries({ ...headers, host: "x", "content-length": `${Buffer.byteLength(body)}` });
  socket.write(`POST ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  await new Promise((resolve) => socket.write(body.slice(0, -1), resolve));
  // A whole request after it: the server has read the one that is held.
  expect((await fetch(`${server.base}/healthz`)).status).toBe(200);
  await meanwhile();
  socket.write(body.slice(-1));
  const status = await answer;
  socket.destroy();
  return status;
}

async function heldInSession(person: Person, path: string, json: object, meanwhile: () => Promise<unknown>) {
  const claims = { ath: sha256(person.accessToken) };
  const proof = await person.dpop.proof({ method: "POST", url: origin + path, now: server.now(), claims });
  const headers = { "content-type": "application/json", authorization: `DPoP ${person.accessToken}`, dpop: proof };
  return await held(path, headers, JSON.stringify(json), meanwhile);
}

const endings: [string, (email: string) => Promise<unknown>][] = [
  ["revoke --credentials", (email) => administrator("revoke", email, "--credentials")],
  ["revoke", (email) => administrator("revoke", email)],
  ["disable", (email) => administrator("disable", email)],
];

describe.each(endings)("a body that is held back while `vouch server %s` runs in another process", (name, end) => {
  test("adds no key", async () => {
    const person = await newPerson(server);
    const key = new TestSecurityKey();
    const { ceremony, approval, options } = await begin(server, person);
    const json = {
      ceremony,
      approval: person.key.authenticate(approval, origin, {}, approveAdd(key)),
      credential: key.register(options, origin, {}, addKey),
    };
    expect([401, 403]).toContain(
      await heldInSession(person, "/v1/credentials/addition", json, () => end(person.email)),
    );
    expect(await server.store.credentials.find(key.id)).toBeUndefined();
  });

  test("removes and renames no key", async () => {
    const person = await newPerson(server);
    const { id } = person.key;
    const begun = await server.inSession(person, "POST", "/v1/credentials/removal/options", { id, force: true });
    const { ceremony, approval } = begun.body;
    const json = {
      id,
      force: true,
      ceremony,
      approval: person.key.authenticate(approval, origin, {}, approveRemove(id, "first", true)),
    };
    const change = { id, name: "mine" };
    const renaming = (await server.inSession(person, "POST", "/v1/credentials/renaming/options", change)).body;
    const given = person.key.authenticate(renaming.approval, origin, {}, approveRename(id, "first", "mine"));
    const rename = { ...change, ceremony: renaming.ceremony, approval: given };
    const renamed = heldInSession(person, "/v1/credentials/renaming", rename, () => end(person.email));
    expect([401, 403]).toContain(await renamed);
    expect([401, 403]).toContain(await heldInSession(person, "/v1/credentials/removal", json, async () => {}));
    const left = await server.store.credentials.find(id);
    expect(left?.credential.name).toBe(name === "revoke --credentials" ? undefined : "first");
  });

  test("gets no ID token", async () => {
    const person = await newPerson(server);
    const body = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: person.accessToken,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      requested_token_type: "urn:ietf:params:oauth:token-type:id_token",
    });
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      dpop: await server.proof(person.dpop, { ath: sha256(person.accessToken) }),
    };
    expect(await held("/oauth/token", headers, body.toString(), () => end(person.email))).toBe(400);
  });

  test("opens no session by a login that was begun before", async () => {
    const person = await newPerson(server);
    const dpop = await DpopKey.generate();
    const { ceremony, options } = await server.loginOptions();
    const credential = JSON.stringify(person.key.authenticate(options, origin));
    const body = new URLSearchParams({ grant_type: webauthnGrant, ceremony, credential });
    const headers = { "content-type": "application/x-www-form-urlencoded", dpop: await server.proof(dpop) };
    expect(await held("/oauth/token", headers, body.toString(), () => end(person.email))).toBe(400);
    // Begun after it, a login is good again, for who has a key still and is not disabled.
    const again = await server.login(person.key, await DpopKey.generate());
    expect(again.status).toBe(name === "revoke" ? 200 : 400);
  });

  test("enrols nothing by an open code, unless only sessions were ended", async () => {
    const { email } = await newPerson(server);
    const key = new TestSecurityKey();
    const code = await server.invite(email);
    const { ceremony, options } = await server.enrollOptions(code);
    const body = JSON.stringify({ ceremony, code, credential: key.register(options, origin) });
    const headers = { "content-type": "application/json" };
    expect(await held("/v1/enroll", headers, body, () => end(email))).toBe(name === "revoke" ? 200 : 403);
  });
});

test("a person who is disabled gets nothing until enabled, and others are not affected", async () => {
  const [person, other] = [await newPerson(server), await newPerson(server)];
  const code = await server.invite(person.email);
  expect(await administrator("disable", person.email)).toContain("Ended 1 session.");
  expect((await server.inSession(person, "GET", "/v1/credentials")).status).toBe(401);
  expect((await server.exchange(person.accessToken, person.dpop)).status).toBe(400);
  expect((await server.login(person.key, await DpopKey.generate())).body.error).toBe("invalid_grant");
  expect((await server.post("/v1/enroll/options", { code })).status).toBe(403);
  expect((await server.exchange(other.accessToken, other.dpop)).status).toBe(200);
  expect(await administrator("enable", person.email)).toContain("is enabled");
  // What ended stays ended; the key opens a new session.
  expect((await server.exchange(person.accessToken, person.dpop)).status).toBe(400);
  expect((await server.login(person.key, await DpopKey.generate())).status).toBe(200);
});

test("`vouch server revoke` ends the live session and reports it, and only that person's", async () => {
  const [person, other] = [await newPerson(server), await newPerson(server)];
  const user = (await server.store.accounts.findUser(person.email))!;
  expect(await administrator("revoke", person.email)).toStartWith(`Ended 1 session of ${person.email}.\n`);
  expect((await server.exchange(person.accessToken, person.dpop)).body.error_description).toContain("revoked");
  expect((await server.inSession(person, "GET", "/v1/credentials")).status).toBe(401);
  expect((await server.exchange(other.accessToken, other.dpop)).status).toBe(200);
  expect(await server.store.sessions.revokeAll(user.id, server.now())).toBe(0);
});

describe("of 200 requests at once", () => {
  test("one enrols a key by the same code", async () => {
    const code = await server.invite("crowd@example.com");
    const begun = await Promise.all(Array.from({ length: 200 }, () => server.enrollOptions(code)));
    const answers = await Promise.all(
      begun.map(({ ceremony, options }) =>
        server.post("/v1/enroll", { ceremony, code, credential: new TestSecurityKey().register(options, origin) }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const { id } = (await server.store.accounts.findUser("crowd@example.com"))!;
    expect(await server.store.credentials.ofUser(id)).toHaveLength(1);
  });

  test("one is accepted with the same DPoP proof", async () => {
    const person = await newPerson(server);
    const claims = { ath: sha256(person.accessToken) };
    const url = `${origin}/v1/credentials`;
    const dpop = await person.dpop.proof({ method: "GET", url, now: server.now(), claims });
    const headers = { authorization: `DPoP ${person.accessToken}`, dpop };
    const answers = await Promise.all(Array.from({ length: 200 }, () => server.send("/v1/credentials", { headers })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

test("a statement of another request neither joins a transaction nor is rolled back with it", async () => {
  const { store } = server;
  const failed = store.transaction(async ({ accounts }) => {
    await accounts.invite("inside@example.com", "inside", 1, 2);
    await Promise.resolve();
    throw new Error("no");
  });
  const outside = store.accounts.invite("outside@example.com", "outside", 1, 2);
  expect(await failed.catch((error: Error) => error.message)).toBe("no");
  await outside;
  expect(await store.accounts.findUser("inside@example.com")).toBeUndefined();
  expect(await store.accounts.findUser("outside@example.com")).toBeDefined();
});
