/** Which tokens the agent has given out, by fingerprint, and when they end. */
import { expect, test } from "bun:test";
import { routes } from "../../../src/agent/protocol.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { GivenOut } from "../../../src/agent/tokens/given-out.ts";
import { Secret } from "../../../src/base/secret.ts";
import { tokenFingerprint } from "../../../src/base/token-fingerprint.ts";
import { knownTokens } from "../../../src/cli/commands/doctor/leaks/known.ts";
import { AgentHarness } from "../harness.ts";
import { rejection } from "../../rejection.ts";
import { ManualClock } from "../manual-clock.ts";

test("the agent knows the tokens that it gave out, after the session's end too, and no others", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token, expiration } = await harness.token();
  const expected = new Map([[token, expiration]]);
  expect(await knownTokens([token, `${token}x`, "my-domain-token"])).toEqual(expected);
  await askAgent(routes.logout, {});
  expect(await knownTokens([token])).toEqual(expected);
});

test("neither the question nor the answer has a token in it", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  const { salt } = await askAgent(routes.fingerprints, { fingerprints: [] });
  const fingerprint = tokenFingerprint(salt, token);
  const reply = await askAgent(routes.fingerprints, { fingerprints: [fingerprint, "0".repeat(64)] });
  expect(reply.known.map((each) => each.fingerprint)).toEqual([fingerprint]);
  expect(JSON.stringify([reply, harness.agent.given.state])).not.toContain(token);
});

test.each<[what: string, fingerprints: unknown]>([
  ["a token in place of its fingerprint", ["eyJhbGciOi"]],
  ["too many", Array(5001).fill("0".repeat(64))],
  ["no list", "0".repeat(64)],
])("the agent refuses %s", async (_, fingerprints) => {
  await using harness = new AgentHarness();
  const error = await rejection(askAgent(routes.fingerprints, { fingerprints }));
  expect(error).toMatchObject({ code: "protocol_error" });
  expect(harness.agent.given.state.ends).toEqual([]);
});

test("every agent has a salt of its own", async () => {
  const clock = new ManualClock();
  expect(new GivenOut(clock).state.salt).not.toBe(new GivenOut(clock).state.salt);
});

test("the memory is bounded: ended tokens go first, then the oldest", () => {
  const clock = new ManualClock();
  const given = new GivenOut(clock);
  const now = clock.now() / 1000;
  const { salt } = given.state;
  const knows = (token: string): boolean => given.among([tokenFingerprint(salt, token)]).known.length > 0;
  given.remember({ token: new Secret("first"), expiration: now + 3600 });
  given.remember({ token: new Secret("ended"), expiration: now - 1 });
  for (let index = 0; index < 511; index++)
    given.remember({ token: new Secret(`token-${index}`), expiration: now + 3600 });
  expect([knows("first"), knows("ended"), knows("token-510")]).toEqual([true, false, true]);
  given.remember({ token: new Secret("last"), expiration: now + 3600 });
  expect([knows("first"), knows("last")]).toEqual([false, true]);
  expect(given.state.ends).toHaveLength(512);
});

test("the agent that follows knows what was given out before", () => {
  const clock = new ManualClock();
  const before = new GivenOut(clock);
  const expiration = Math.floor(clock.now() / 1000) + 3600;
  before.remember({ token: new Secret("token"), expiration });
  const { salt, ends } = before.state;
  const after = new GivenOut(clock, { salt, ends });
  expect(after.among([tokenFingerprint(salt, "token")]).known).toMatchObject([{ expiration }]);
});
