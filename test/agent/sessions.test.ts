/** The user's sessions through the agent: what it asks of the server, and what becomes of its own. */
import { expect, test } from "bun:test";
import { askAgent } from "../../src/agent/wire/client.ts";
import { routes } from "../../src/agent/protocol.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness } from "./harness.ts";
import { apiFailure, ownSession } from "./upstream.ts";

const status = () => askAgent(routes.status);

test.each([
  [routes.sessions, {}],
  [routes.sessionsEnd, { which: "all" }],
] as const)("%s needs a session", async (route, body) => {
  await using harness = new AgentHarness();
  expect((await rejection(askAgent(route, body))).code).toBe("login_needed");
  await harness.login();
  harness.clock.pass(8 * 3600);
  expect((await rejection(askAgent(route, body))).code).toBe("session_expired");
  expect(harness.upstream.counts).toMatchObject({ sessions: 0, sessionsEnd: 0 });
});

test("the sessions are listed as the server lists them, in the name of the session's key", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  expect(await askAgent(routes.sessions)).toEqual({ sessions: [ownSession] });
  expect(new Set(harness.upstream.keys).size).toBe(1);
});

test.each([{ id: ownSession.id }, { which: "others" }, { which: "all" }] as const)(
  "%j is asked of the server, and an agent whose session lives on keeps it",
  async (request) => {
    await using harness = new AgentHarness([]);
    await harness.login();
    expect(await askAgent(routes.sessionsEnd, request)).toEqual({ ended: 1, thisSession: false });
    expect(harness.upstream.bodies).toEqual([request]);
    expect((await status()).session).toBeDefined();
  },
);

test("the agent's own session ends here when the server has ended it", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  await harness.token();
  harness.upstream.answer("sessionsEnd", () => Response.json({ ended: 2, thisSession: true }));
  expect(await askAgent(routes.sessionsEnd, { which: "all" })).toEqual({ ended: 2, thisSession: true });
  expect(await status()).toMatchObject({ ended: "logged_out" });
  expect((await status()).session).toBeUndefined();
  expect((await rejection(harness.token())).code).toBe("login_needed");
});

test("a session that was ended elsewhere ends at the agent's next question", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  harness.upstream.answer("sessions", () => apiFailure(401, "login_needed", "Not logged in: the session was revoked."));
  expect((await rejection(askAgent(routes.sessions))).code).toBe("login_needed");
  expect(await status()).toMatchObject({ ended: "revoked" });
});

test("an unknown id is said as the server says it, an older server in words that help", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  harness.upstream.answer("sessionsEnd", () => apiFailure(404, "session_not_found", "You have no such session."));
  expect(await rejection(askAgent(routes.sessionsEnd, { id: "0000" }))).toMatchObject({ code: "session_not_found" });
  harness.upstream.answer("sessions", () => apiFailure(404, "protocol_error", "No such path."));
  expect(await rejection(askAgent(routes.sessions))).toMatchObject({
    code: "server_error",
    message: expect.stringContaining("older than this vouch"),
  });
  expect((await status()).session).toBeDefined();
});

test.each([{}, { which: "mine" }, { id: "" }, { id: "x".repeat(300) }, { id: "a", which: "all" }])(
  "a request of the wrong shape reaches no server: %j",
  async (request) => {
    await using harness = new AgentHarness([]);
    await harness.login();
    expect((await rejection(askAgent(routes.sessionsEnd, request))).code).toBe("protocol_error");
    expect(harness.upstream.counts.sessionsEnd).toBe(0);
  },
);
