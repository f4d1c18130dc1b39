/** The user's security keys through the agent: what it asks of the server, and what it makes of the answers. */
import { describe, expect, test } from "bun:test";
import { askAgent } from "../../src/agent/wire/client.ts";
import { routes } from "../../src/agent/protocol.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness } from "./harness.ts";
import { apiFailure, key } from "./upstream.ts";

const status = () => askAgent(routes.status);
const list = () => askAgent(routes.keys);
const startAddition = (request = {}) => askAgent(routes.keyAddStart, request);
const finishAddition = (ceremony: string, more: object = {}) =>
  askAgent(routes.keyAddFinish, { ceremony, approval: {}, credential: {}, ...more });
const startRenaming = () => askAgent(routes.keyRenameStart, { id: key.id, name: "renamed" });
const finishRenaming = (ceremony: string) => askAgent(routes.keyRenameFinish, { ceremony, approval: {} });
const startRemoval = (force = false) => askAgent(routes.keyRemoveStart, { id: key.id, force });
const finishRemoval = (ceremony: string) => askAgent(routes.keyRemoveFinish, { ceremony, approval: {} });
const remove = async (force = false) => finishRemoval((await startRemoval(force)).ceremony);

test.each([
  [routes.keys, {}],
  [routes.keyAddStart, {}],
  [routes.keyRenameStart, { id: key.id, name: "x" }],
  [routes.keyRemoveStart, { id: key.id, force: true }],
] as const)("%s needs a session", async (route, body) => {
  await using harness = new AgentHarness();
  expect((await rejection(askAgent(route, body))).code).toBe("login_needed");
  await harness.login();
  harness.clock.pass(8 * 3600);
  expect((await rejection(askAgent(route, body))).code).toBe("session_expired");
  expect(harness.upstream.counts).toMatchObject({
    keys: 0,
    keyAddOptions: 0,
    keyRenameOptions: 0,
    keyRemoveOptions: 0,
  });
});

test("the keys are listed as the server lists them, in the name of the session's key", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  expect(await list()).toEqual({ keys: [key] });
  expect(new Set(harness.upstream.keys).size).toBe(1);
});

test("an addition goes to the session's server with the names of both keys", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  const { ceremony, server } = await startAddition({ name: "drawer" });
  expect(server).toBe(harness.upstream.url);
  const added = await finishAddition(ceremony, { name: "drawer", product: "Odd Key" });
  expect(added.key).toMatchObject({ id: "bmV3", thisSession: false });
  expect(harness.upstream.bodies).toEqual([
    { name: "drawer" },
    { ceremony, approval: {}, credential: {}, name: "drawer", product: "Odd Key" },
  ]);
});

test("a key is renamed and removed at the server", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  const { ceremony } = await startRenaming();
  expect(await finishRenaming(ceremony)).toEqual({ id: key.id, name: "renamed" });
  expect(await remove()).toEqual({ sessionsEnded: 0, thisSession: false });
  expect((await status()).session).toBeDefined();
  expect(harness.upstream.bodies).toEqual([
    { id: key.id, name: "renamed" },
    { ceremony, approval: {}, id: key.id, name: "renamed" },
    { id: key.id, force: false },
    { ceremony: expect.any(String), approval: {}, id: key.id, force: false },
  ]);
});

test("removing the key that opened the session ends the session here, with its tokens", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  await harness.token();
  harness.upstream.answer("keyRemove", () => Response.json({ sessionsEnded: 1, thisSession: true }));
  expect(await remove(true)).toEqual({ sessionsEnded: 1, thisSession: true });
  expect(await status()).toMatchObject({ ended: "revoked" });
  expect((await rejection(harness.token())).code).toBe("login_needed");
});

describe("a ceremony of the agent", () => {
  test("of an addition is finished once, and is neither enrolment nor login", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    const { ceremony } = await startAddition();
    await finishAddition(ceremony);
    expect((await rejection(finishAddition(ceremony))).code).toBe("enrollment_denied");
    for (const [route, code] of [
      [routes.enrollFinish, "enrollment_denied"],
      [routes.loginFinish, "login_denied"],
    ] as const) {
      const begun = await startAddition();
      expect((await rejection(askAgent(route, { ceremony: begun.ceremony, credential: {} }))).code).toBe(code);
    }
    const { ceremony: login } = await askAgent(routes.loginStart);
    expect((await rejection(finishAddition(login))).code).toBe("enrollment_denied");
    expect(harness.upstream.counts.keyAdd).toBe(1);
  });

  test("of a removal is finished once, within five minutes, and is no other", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    const { ceremony } = await startRemoval();
    await finishRemoval(ceremony);
    expect((await rejection(finishRemoval(ceremony))).code).toBe("enrollment_denied");
    expect((await rejection(finishRemoval((await startAddition()).ceremony))).code).toBe("enrollment_denied");
    expect((await rejection(finishAddition((await startRemoval()).ceremony))).code).toBe("enrollment_denied");
    const late = await startRemoval();
    harness.clock.pass(301);
    expect((await rejection(finishRemoval(late.ceremony))).code).toBe("enrollment_denied");
    expect(harness.upstream.counts).toMatchObject({ keyAdd: 0, keyRemove: 1 });
  });

  test("of a renaming is finished once, within five minutes, and is no other", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    const { ceremony } = await startRenaming();
    await finishRenaming(ceremony);
    expect((await rejection(finishRenaming(ceremony))).code).toBe("enrollment_denied");
    expect((await rejection(finishRenaming((await startRemoval()).ceremony))).code).toBe("enrollment_denied");
    expect((await rejection(finishRemoval((await startRenaming()).ceremony))).code).toBe("enrollment_denied");
    const late = await startRenaming();
    harness.clock.pass(301);
    expect((await rejection(finishRenaming(late.ceremony))).code).toBe("enrollment_denied");
    expect(harness.upstream.counts).toMatchObject({ keyRename: 1, keyRemove: 0 });
  });

  test("of an addition that takes longer than five minutes is refused", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    const { ceremony } = await startAddition();
    harness.clock.pass(301);
    expect((await rejection(finishAddition(ceremony))).code).toBe("enrollment_denied");
  });

  test("of an addition whose session ended in between is refused without asking the server", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    const { ceremony } = await startAddition();
    await askAgent(routes.logout);
    await harness.login();
    expect((await rejection(finishAddition(ceremony))).code).toBe("login_needed");
    expect(harness.upstream.counts.keyAdd).toBe(0);
  });

  test("of a login is begun at the server that is named, whatever the settings say", async () => {
    await using harness = new AgentHarness([]);
    harness.configure({ server: undefined });
    const server = `${harness.upstream.url}/`;
    const begun = await askAgent(routes.loginStart, { server });
    expect(begun.server).toBe(harness.upstream.url);
    await askAgent(routes.loginFinish, { ceremony: begun.ceremony, credential: {} });
    expect((await status()).session).toBeDefined();
  });
});

describe("a refusal by the server while keys are managed:", () => {
  test("a server that is older, and does not know the beginning, is named as that", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    for (const [operation, start] of [
      ["keyAddOptions", startAddition],
      ["keyRenameOptions", startRenaming],
      ["keyRemoveOptions", startRemoval],
    ] as const) {
      harness.upstream.answer(operation, () => apiFailure(404, "protocol_error", "There is no such path."));
      expect(await rejection(start())).toMatchObject({
        code: "server_error",
        message: expect.stringContaining("The Vouch server is older than this vouch"),
      });
    }
  });

  test.each([
    ["last_credential", 409],
    ["credential_not_found", 404],
  ])("%s is passed on, and the session goes on", async (code, httpStatus) => {
    await using harness = new AgentHarness([]);
    await harness.login();
    harness.upstream.answer("keyRemove", () => apiFailure(httpStatus, code, "No."));
    expect(await rejection(remove())).toMatchObject({ code, message: "No." });
    expect((await status()).session).toBeDefined();
  });

  test.each([
    ["login_needed", "revoked"],
    ["session_expired", "expired"],
  ])("%s ends the session here", async (code, ended) => {
    await using harness = new AgentHarness([]);
    await harness.login();
    harness.upstream.answer("keys", () => apiFailure(401, code, "No."));
    expect((await rejection(list())).code).toBe(code as never);
    expect(await status()).toMatchObject({ ended });
  });

  test.each<[string, () => Response]>([
    ["another code", () => apiFailure(400, "protocol_error", "No.")],
    ["text", () => new Response("ok")],
    ["a list of another form", () => Response.json({ credentials: [{ ...key, id: "../../x" }] })],
    ["an AAGUID that is none", () => Response.json({ credentials: [{ ...key, aaguid: "\u001b[2J" }] })],
    [
      "a thousand keys and one",
      () => Response.json({ credentials: Array.from({ length: 1001 }, () => ({ ...key, transports: [] })) }),
    ],
  ])("%s is reported as the server's fault", async (_, answer) => {
    await using harness = new AgentHarness([]);
    await harness.login();
    harness.upstream.answer("keys", answer);
    expect((await rejection(list())).code).toBe("server_error");
  });

  test("the names in it cannot steer the terminal", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    harness.upstream.answer("keys", () =>
      Response.json({ credentials: [{ ...key, name: "a\u001b[2Jb\r\nc", product: "\u009bx" }] }),
    );
    const [listed] = (await list()).keys;
    expect(listed?.name).toBe("a\ufffd[2Jb c");
    expect(listed?.product).toBe("\ufffdx");
  });

  test("a logout in between is reported to whoever waits", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    const held = harness.upstream.hold("keys");
    const asked = rejection(list());
    await held.arrived;
    await askAgent(routes.logout);
    expect((await asked).code).toBe("login_needed");
    held.release();
  });
});
