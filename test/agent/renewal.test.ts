/** A login while a session lasts: what goes on, and what is told before a session ends. */
import { expect, test } from "bun:test";
import { AgentHarness } from "./harness.ts";
import type { Notification } from "../../src/base/system/notification.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import { routes } from "../../src/agent/protocol.ts";
import { rejection } from "../rejection.ts";
import { accessDenied, otherPersonsLogin } from "./upstream.ts";

test("a renewal keeps the token that is held, also while AWS does not give another one", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  harness.upstream.answer("token", accessDenied);
  await harness.login();
  expect((await harness.token()).token).toBe(token);
  // The old session has ended, and the token is renewed by the new one.
  harness.upstream.answer("token", undefined);
  harness.clock.pass(7 * 3600 + 55 * 60);
  await harness.token();
  expect((await askAgent(routes.status)).session).toBeDefined();
});

test("a login as another person takes no token over", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  harness.upstream.answer("login", otherPersonsLogin);
  await harness.login();
  expect((await harness.token()).token).not.toBe(token);
});

test("a login after a logout takes no token over", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  await harness.agent.logout();
  await harness.login();
  expect((await harness.token()).token).not.toBe(token);
});

test("fifteen minutes before the end a notification says so, once, and after a renewal again", async () => {
  const shown: Notification[] = [];
  await using harness = new AgentHarness(undefined, { notify: (notification) => shown.push(notification) });
  await harness.login();
  harness.clock.pass(7 * 3600 + 44 * 60);
  harness.agent.watch();
  expect(shown).toEqual([]);
  harness.clock.pass(60);
  harness.agent.watch();
  harness.agent.watch();
  expect(shown).toEqual([
    {
      summary: expect.stringMatching(/^Your Vouch session ends at \d\d:\d\d$/),
      body: "Run `vouch login` to go on without a break.",
    },
  ]);
  await harness.login();
  harness.clock.pass(7 * 3600 + 50 * 60);
  harness.agent.watch();
  expect(shown).toHaveLength(2);
});

test("no notification where the settings say so", async () => {
  const shown: Notification[] = [];
  await using harness = new AgentHarness([], { notify: (notification) => shown.push(notification) });
  harness.configure({ notifications: { sessionEnd: false } });
  await harness.login();
  harness.clock.pass(7 * 3600 + 50 * 60);
  harness.agent.watch();
  expect(shown).toEqual([]);
});

test("a prompt is told the time left in one word, and nothing without a session", async () => {
  await using harness = new AgentHarness([]);
  expect((await rejection(askAgent(routes.timeLeft, {}))).code).toBe("login_needed");
  await harness.login();
  harness.clock.pass(55 * 60);
  expect(await askAgent(routes.timeLeft, {})).toEqual({ text: "7h05m" });
  harness.clock.pass(7 * 3600);
  expect(await askAgent(routes.timeLeft, {})).toEqual({ text: "5m!" });
});
