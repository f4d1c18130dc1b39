/** `vouch setup session`. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { whyNot } from "../../../../src/agent/end-on/support.ts";
import { env, home, setRole, settings, setup, useHome } from "./home.ts";

useHome();

test("keeps what ends a session, in one order and each once, and the default stands in no file", async () => {
  await setRole();
  const before = settings();
  const { exitCode, stderr } = await setup("session", "--end-on", "key-removal, suspend,suspend");
  expect(exitCode).toBe(0);
  // Where nothing tells of a sleep, a warning follows.
  expect(stderr).toMatch(/^✓ A session (?:ends|is to end) on sleep, removal of the security key\.\n/);
  expect(settings().session).toEqual({ endOn: ["suspend", "key-removal"] });
  expect((await setup("session", "--end-on", "none")).stderr).toBe(
    "✓ A session ends by time and by `vouch logout` only.\n",
  );
  expect(settings()).toEqual(before);
});

test("without flags says what is set, and changes nothing", async () => {
  expect(await setup("session")).toMatchObject({
    exitCode: 0,
    stdout: "A session ends by time and by `vouch logout` only.\n",
  });
  expect(existsSync(join(home, ".config/vouch/config.json"))).toBe(false);
  expect(JSON.parse((await setup("session", "--json")).stdout)).toEqual({ endOn: [], limits: [] });
});

test("--dry-run shows the change and makes none", async () => {
  await setRole();
  const before = settings();
  const { exitCode, stdout, stderr } = await setup("session", "--end-on", "key-removal", "--dry-run");
  expect(exitCode).toBe(0);
  expect(stdout).toContain('+       "key-removal"');
  expect(stderr).toContain("A session would end on removal of the security key.");
  expect(JSON.parse((await setup("session", "--end-on", "suspend", "--dry-run", "--json")).stdout)).toMatchObject({
    dryRun: true,
    endOn: ["suspend"],
  });
  expect(settings()).toEqual(before);
});

test.each([
  ["locked", '--end-on expects lock, suspend, key-removal (several with commas), or none, got "locked".', "lock"],
  ["lock,none", '(several with commas), or none, got "none".', ""],
  ["", "--end-on expects a value (lock,suspend,key-removal|none).", ""],
])("refuses %j", async (value, message, hint) => {
  const { exitCode, stderr } = await setup("session", `--end-on=${value}`);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});

test("what this machine cannot notice is said, and set all the same", async () => {
  const address = "unix:path=/nonexistent";
  Object.assign(env, { DBUS_SYSTEM_BUS_ADDRESS: address, DBUS_SESSION_BUS_ADDRESS: address });
  const { exitCode, stderr } = await setup("session", "--end-on", "lock,suspend");
  expect(exitCode).toBe(0);
  expect(stderr).toStartWith("✓ A session is to end on screen lock, sleep.\n");
  expect(stderr).toContain(`A locked screen cannot be noticed here: no message bus answers at ${address}`);
  expect(stderr).toContain("A sleep is noticed only when the machine is awake again: no message bus answers");
  expect(settings().session).toEqual({ endOn: ["lock", "suspend"] });
  const { limits } = JSON.parse((await setup("session", "--json")).stdout);
  expect(limits.map(({ on }: { on: string }) => on)).toEqual(["lock", "suspend"]);
});

test("on macOS the lock cannot be noticed, a sleep only after it, and a key's removal can", async () => {
  expect(await whyNot("lock", {}, "darwin")).toContain("distributed notifications");
  expect(await whyNot("suspend", {}, "darwin")).toStartWith("A sleep is noticed only when the machine is awake again");
  expect(await whyNot("key-removal", {}, "darwin")).toBeUndefined();
});
