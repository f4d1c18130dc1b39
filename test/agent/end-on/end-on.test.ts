/** Sessions that end by what the user has chosen: the agent with a real message bus, and logind's stand-in on it. */
import { afterAll, beforeAll, expect, jest, onTestFinished, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentOptions } from "../../../src/agent/agent-options.ts";
import { routes, type StatusReply } from "../../../src/agent/protocol.ts";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { EndWatch } from "../../../src/agent/end-on/end-watch.ts";
import { endLimitsMs, sleepLimitsMs } from "../../../src/agent/end-on/sleep-limits.ts";
import type { Session } from "../../../src/agent/session/session.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { Notification } from "../../../src/base/system/notification.ts";
import type { EndOn } from "../../../src/settings/settings.ts";
import {
  hasLogind,
  othersSession,
  ownSession,
  startScreenSaver,
  startSystemBus,
  type SystemBus,
} from "../../logind/logind.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { AgentHarness, repository, until } from "../harness.ts";

const limitMs = 60_000;
const noBuses = {
  DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/nonexistent",
  DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent",
};

let bus: SystemBus;

beforeAll(async () => {
  if (hasLogind) bus = await startSystemBus();
});
afterAll(async () => bus?.[Symbol.asyncDispose]());

const status = () => askAgent(routes.status);
const stateOf = async (on: EndOn) => (await status()).endOn?.find((each) => each.on === on);
const untilWatched = (on: EndOn) => until(async () => (await stateOf(on))?.failure === undefined, limitMs);

interface Started extends AsyncDisposable {
  harness: AgentHarness;
  shown: Notification[];
  ends: number;
}

function start(endOn: EndOn[], env: Record<string, string> = noBuses, options: AgentOptions = {}): Started {
  const shown: Notification[] = [];
  const started: Started = {
    shown,
    ends: 0,
    harness: new AgentHarness([repository], {
      env: { PATH: process.env["PATH"]!, ...noBuses, ...env },
      notify: (notification) => shown.push(notification),
      onEnd: () => started.ends++,
      ...options,
    }),
    [Symbol.asyncDispose]: () => started.harness[Symbol.asyncDispose](),
  };
  started.harness.configure({ repositories: [repository], session: { endOn } });
  return started;
}

async function expectEnded({ harness, shown }: Started, ended: StatusReply["ended"], happening: string): Promise<void> {
  await until(async () => (await status()).session === undefined, limitMs);
  expect(await status()).toMatchObject({ ended });
  expect(await rejection(harness.token())).toMatchObject({
    code: "login_needed",
    message: `The session ended when ${happening}.`,
    hint: "Run `vouch login`.",
  });
  await until(() => harness.upstream.counts.revoke === 1, limitMs);
  expect(shown).toEqual([
    { summary: `Your Vouch session ended when ${happening}`, body: "Run `vouch login` for a new one.", stays: true },
  ]);
  const { entries } = await askAgent(routes.record, {});
  expect(entries.map(({ operation, target, outcome }) => ({ operation, target, outcome }))).toContainEqual({
    operation: `session ended: ${happening}`,
    target: harness.upstream.url,
    outcome: "ok",
  });
}

test("nothing is watched without the setting, nor without a session", async () => {
  await using off = start([]);
  await off.harness.login();
  off.harness.clock.sleep(3600);
  expect((await status()).session).toBeDefined();
  expect((await status()).endOn).toBeUndefined();
});

test("a setting without a session connects to nothing, and is shown without a failure", async () => {
  await using _ = start(["lock", "suspend", "key-removal"]);
  expect((await status()).endOn).toEqual([{ on: "lock" }, { on: "suspend" }, { on: "key-removal" }]);
});

test("a sleep that nothing tells of ends the session at its next use, by the clocks", async () => {
  await using started = start(["suspend"]);
  await started.harness.login();
  await started.harness.token();
  started.harness.clock.pass(3600);
  started.harness.clock.sleep(2);
  await started.harness.token();
  started.harness.clock.sleep(4);
  expect((await rejection(started.harness.token())).message).toBe("The session ended when the machine went to sleep.");
  await expectEnded(started, "suspended", "the machine went to sleep");
});

test("short sleeps do not add up, for two clocks may drift apart in hours", async () => {
  await using started = start(["suspend"]);
  await started.harness.login();
  for (let look = 0; look < 10; look++) {
    started.harness.clock.sleep(1);
    await started.harness.token();
  }
});

test("what is done before a sleep fits into the time that logind waits by default, with a second to spare", () => {
  const all = Object.values(sleepLimitsMs).reduce((sum, each) => sum + each, 0);
  expect(all).toBeLessThanOrEqual(4_000);
});

test("only an end by a sleep is short of time for the record", () => {
  expect(endLimitsMs(["logged_out", "suspended"])).toEqual(sleepLimitsMs);
  for (const reasons of [[], ["logged_out"], ["locked", "key_removed"]] as const) {
    expect(endLimitsMs(reasons).flush).toBe(2_000);
    expect(endLimitsMs(reasons).drain).toBe(2_000);
  }
});

test("without buses the state says of each what cannot be noticed, and why", async () => {
  await using started = start(["lock", "suspend"]);
  await started.harness.login();
  await until(async () => (await stateOf("lock"))?.failure !== undefined, limitMs);
  expect((await stateOf("lock"))!.failure).toMatch(
    /^no message bus answers at unix:path=\/nonexistent.*; no message bus/,
  );
  await until(async () => (await stateOf("suspend"))?.failure !== undefined, limitMs);
  expect((await stateOf("suspend"))!.failure).toStartWith("it is noticed only after the sleep: ");
  for (const on of ["lock", "suspend"] as const) expect((await stateOf(on))!.failure).not.toMatch(/ENOENT|ECONN|EPIPE/);
});

test("a key that cannot be seen ends no session, and hides no other one's", async () => {
  const keys = new Map([["DevSrvsID:1", true]]);
  const listKeys = () => (keys.size > 0 ? Promise.reject(new Error("the driver hangs")) : Promise.resolve([]));
  using folder = tempFolder();
  const own = join(folder.path, "own");
  writeFileSync(own, "");
  await using started = start([]);
  await started.harness.login();
  const ended: unknown[] = [];
  const end = (_: string, session?: Session) => ended.push(session);
  const watch = new EndWatch({ clock: started.harness.clock, env: {}, listKeys, end });
  const [first, second] = [{} as Session, {} as Session];
  watch.opened(first, "DevSrvsID:1");
  watch.opened(second, own);
  watch.follow(["key-removal"], [first, second]);
  rmSync(own);
  await until(() => ended.includes(second), limitMs);
  expect(ended).not.toContain(first);
  expect(watch.states).toEqual([{ on: "key-removal", failure: "the driver hangs" }]);
  watch.stop();
});

test("a key that cannot be seen makes the next look at the others no later", async () => {
  jest.useFakeTimers();
  onTestFinished(() => void jest.useRealTimers());
  let looks = 0;
  const listKeys = () => Promise.reject(new Error(`the driver hangs, ${++looks}`));
  const watch = new EndWatch({ clock: systemClock, env: {}, listKeys, end: () => {} });
  const session = {} as Session;
  watch.opened(session, "DevSrvsID:1");
  watch.follow(["key-removal"], [session]);
  for (let second = 1; second <= 10; second++) {
    // Promises settle before the next second.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(watch.states).toEqual([{ on: "key-removal", failure: `the driver hangs, ${second}` }]);
    jest.advanceTimersByTime(1_000);
  }
  watch.stop();
});

test("on macOS a lock cannot be noticed, a sleep only after it", async () => {
  await using started = start(["suspend"]);
  await started.harness.login();
  const watch = new EndWatch({
    clock: started.harness.clock,
    env: {},
    platform: "darwin",
    listKeys: () => Promise.resolve([]),
    end: () => {},
  });
  watch.follow(["lock", "suspend"], [started.harness.agent.session()]);
  expect(watch.states).toEqual([
    { on: "lock", failure: "this system tells programs of Vouch's kind nothing of its screen lock" },
    { on: "suspend", failure: "it is noticed only after the sleep" },
  ]);
  watch.stop();
});

test("the session ends when its key is taken out, not when another one is", async () => {
  using folder = tempFolder();
  const [own, other] = [join(folder.path, "own"), join(folder.path, "other")];
  writeFileSync(own, "");
  writeFileSync(other, "");
  await using started = start(["key-removal"]);
  await started.harness.login(own);
  await started.harness.token();
  rmSync(other);
  await untilWatched("key-removal");
  expect((await status()).session).toBeDefined();
  rmSync(own);
  await expectEnded(started, "key_removed", "the security key was taken out");
  await until(() => started.ends > 0, limitMs);
});

test("a key that is plugged in again between two looks has been taken out", async () => {
  using folder = tempFolder();
  const own = join(folder.path, "own");
  writeFileSync(own, "");
  await using started = start(["key-removal"]);
  await started.harness.login(own);
  writeFileSync(join(folder.path, "next"), "");
  renameSync(join(folder.path, "next"), own);
  await expectEnded(started, "key_removed", "the security key was taken out");
});

test("where keys have no files (macOS), the list of keys is asked", async () => {
  const keys = ["DevSrvsID:1", "DevSrvsID:2"];
  await using started = start(["key-removal"], noBuses, { listKeys: () => Promise.resolve(keys) });
  await started.harness.login("DevSrvsID:2");
  keys.shift();
  await untilWatched("key-removal");
  expect((await status()).session).toBeDefined();
  keys.shift();
  await expectEnded(started, "key_removed", "the security key was taken out");
});

test("keys that cannot be listed end no session; the state says why", async () => {
  const listKeys = () => Promise.reject(new Error("the driver hangs"));
  await using started = start(["key-removal"], noBuses, { listKeys });
  await started.harness.login("DevSrvsID:2");
  await until(async () => (await stateOf("key-removal"))?.failure === "the driver hangs", limitMs);
  expect((await status()).session).toBeDefined();
});

test("a session that was begun without the setting says that its key is not known", async () => {
  await using started = start([]);
  await started.harness.login();
  started.harness.configure({ repositories: [repository], session: { endOn: ["key-removal"] } });
  expect(await stateOf("key-removal")).toEqual({
    on: "key-removal",
    failure: "the open session was begun without it: log in again",
  });
});

test("the server is told again if it was not reached; here the session is gone at once", async () => {
  using folder = tempFolder();
  const own = join(folder.path, "own");
  writeFileSync(own, "");
  await using started = start(["key-removal"]);
  await started.harness.login(own);
  let asked = 0;
  started.harness.upstream.answer("revoke", () => (++asked < 3 ? new Response("", { status: 503 }) : undefined));
  rmSync(own);
  await until(async () => (await status()).session === undefined, limitMs);
  // The process is replaced, with the session's key in it, once the server has been told.
  if (asked < 3) expect(started.ends).toBe(0);
  await until(() => started.ends > 0, limitMs);
  expect(asked).toBe(3);
  expect(started.harness.logged).toContain(`${started.harness.upstream.url} has ended it, too`);
});

test("a notification that is not wanted is not shown", async () => {
  await using started = start(["suspend"]);
  started.harness.configure({ session: { endOn: ["suspend"] }, notifications: { sessionEnd: false } });
  await started.harness.login();
  started.harness.clock.sleep(10);
  expect((await status()).ended).toBe("suspended");
  expect(started.shown).toEqual([]);
});

const hint = (session: string, method: string, value: string) =>
  bus.run("busctl", "call", "org.freedesktop.login1", session, "org.freedesktop.login1.Session", method, "b", value);

test.skipIf(!hasLogind)(
  "the session ends when logind locks a session of this user, not of another one, nor one that is not there",
  async () => {
    await using _ = await bus.startLogind();
    await using started = start(["lock"], bus.env);
    await started.harness.login();
    await untilWatched("lock");
    await lockSession("2");
    await bus.run("busctl", "call", ...manager, "LockGone", "s", "9");
    await hint(othersSession, "SetLockedHint", "true");
    await hint(ownSession, "SetIdleHint", "true");
    await hint(ownSession, "SetLockedHint", "false");
    await started.harness.token();
    await lockSession("1");
    await expectEnded(started, "locked", "the screen was locked");
  },
  60_000,
);

test.skipIf(!hasLogind)(
  "the session ends when the desktop tells logind that it is locked",
  async () => {
    await using _ = await bus.startLogind();
    await using started = start(["lock"], bus.env);
    await started.harness.login();
    await untilWatched("lock");
    await hint(ownSession, "SetLockedHint", "true");
    await expectEnded(started, "locked", "the screen was locked");
  },
  60_000,
);

test.skipIf(!hasLogind)(
  "a session of a screen that was locked before goes on, until it is locked again",
  async () => {
    await using _ = await bus.startLogind();
    await using started = start(["lock"], bus.env);
    await hint(ownSession, "SetLockedHint", "true");
    await started.harness.login();
    await untilWatched("lock");
    for (const idle of ["true", "false", "true"]) await hint(ownSession, "SetIdleHint", idle);
    await started.harness.token();
    await hint(ownSession, "SetLockedHint", "false");
    await started.harness.token();
    await hint(ownSession, "SetLockedHint", "true");
    await expectEnded(started, "locked", "the screen was locked");
  },
  60_000,
);

test.skipIf(!hasLogind)(
  "signals of other programs end no session, whatever they claim",
  async () => {
    await using _ = await bus.startLogind();
    await using started = start(["lock", "suspend"], bus.env);
    await started.harness.login();
    await untilWatched("lock");
    await untilWatched("suspend");
    const list = await bus.run("busctl", "list", "--unique", "--no-legend");
    const everybody = list.split("\n").flatMap((line) => /^:\S+/.exec(line)?.[0] ?? []);
    for (const destination of [[], ...everybody.map((name) => [`--dest=${name}`])]) {
      const send = (...words: string[]) => bus.run("dbus-send", "--system", "--type=signal", ...destination, ...words);
      await send(ownSession, "org.freedesktop.login1.Session.Lock");
      await send("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", "boolean:true");
      await send("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", "string:true");
      await send("/a", "org.freedesktop.login1.Session.Lock", `string:${"x".repeat(100_000)}`);
    }
    await started.harness.token();
    expect((await status()).endOn).toEqual([{ on: "lock" }, { on: "suspend" }]);
    await lockSession("1");
    await expectEnded(started, "locked", "the screen was locked");
  },
  60_000,
);

test.skipIf(!hasLogind)(
  "a sleep waits until the session has ended at the server, and no longer",
  async () => {
    await using logind = await bus.startLogind();
    await using started = start(["suspend"], bus.env, { onEnd: () => started.harness.agent.close() });
    await started.harness.login();
    await untilWatched("suspend");
    expect(await bus.run("systemd-inhibit", "--list", "--no-legend")).toMatch(/Vouch .* sleep +Ends the Vouch session/);
    const revoked = Promise.withResolvers<void>();
    let isSleeping = false;
    started.harness.upstream.answer("revoke", async () => {
      await revoked.promise;
      expect(isSleeping).toBe(false);
      return new Response("");
    });
    const slept = logind.line().then((line) => {
      isSleeping = true;
      return line;
    });
    await suspend();
    await until(async () => (await status()).ended === "suspended", limitMs);
    revoked.resolve();
    expect(await slept).toBe("sleeps, 0 delays");
    await expectEnded(started, "suspended", "the machine went to sleep");
  },
  60_000,
);

test.skipIf(!hasLogind)(
  "a server that does not answer holds up a sleep no longer than logind waits",
  async () => {
    await using logind = await bus.startLogind();
    await using started = start(["suspend"], bus.env, { onEnd: () => started.harness.agent.close() });
    await started.harness.login();
    await untilWatched("suspend");
    const never = Promise.withResolvers<Response>();
    started.harness.upstream.answer("revoke", () => never.promise);
    await suspend();
    expect(await logind.line()).toBe("sleeps, 0 delays");
    expect((await status()).ended).toBe("suspended");
    never.resolve(new Response(""));
  },
  60_000,
);

test.skipIf(!hasLogind)(
  "a logind that is started anew is watched again, one that is missing is said",
  async () => {
    await using started = start(["lock"], bus.env);
    {
      await using _ = await bus.startLogind();
      await started.harness.login();
      await untilWatched("lock");
    }
    await until(async () => (await stateOf("lock"))?.failure?.includes("is not on the system bus") === true, limitMs);
    await using _ = await bus.startLogind();
    await untilWatched("lock");
    await lockSession("1");
    await expectEnded(started, "locked", "the screen was locked");
  },
  60_000,
);

test.skipIf(!hasLogind).each(["org.gnome.ScreenSaver", "org.freedesktop.ScreenSaver"])(
  "the session ends when %s begins, without logind",
  async (name) => {
    await using desktop = await startScreenSaver(name);
    await using started = start(["lock"], desktop.env);
    await started.harness.login();
    await untilWatched("lock");
    const setActive = async (value: string) => {
      const call = ["busctl", "--user", "call", name, `/${name.replaceAll(".", "/")}`, name, "SetActive", "b", value];
      const env = { PATH: process.env["PATH"]!, ...desktop.env };
      expect(await Bun.spawn(call, { env, stdio: ["ignore", "ignore", "inherit"] }).exited).toBe(0);
    };
    await setActive("false");
    await started.harness.token();
    await setActive("true");
    await expectEnded(started, "locked", "the screen was locked");
  },
  60_000,
);

const manager = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"];
const suspend = () => bus.run("busctl", "call", ...manager, "Suspend", "b", "false");
const lockSession = (id: string) => bus.run("busctl", "call", ...manager, "LockSession", "s", id);
