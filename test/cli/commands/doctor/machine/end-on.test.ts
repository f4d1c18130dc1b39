import { afterAll, expect, test } from "bun:test";
import { checkEndOn } from "../../../../../src/cli/commands/doctor/machine/end-on.ts";
import { endOnLines, endOnStates } from "../../../../../src/cli/commands/end-on.ts";
import { brief, makeMachine, removeMachines, said } from "../machine.ts";

afterAll(removeMachines);

const machine = makeMachine();
const env = { DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/nonexistent", DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" };
const settings = { ...machine.settings, session: { endOn: ["lock" as const, "suspend" as const] } };

test("the doctor says nothing where nothing is chosen", async () => {
  expect(await checkEndOn(machine)).toEqual([]);
});

test.skipIf(process.platform !== "linux")("the doctor says what this machine cannot notice", async () => {
  const findings = await checkEndOn({ ...machine, env, settings });
  expect(brief(findings)).toEqual(["warn end-on", "warn end-on"]);
  expect(said(findings, machine)).toContain(
    "A locked screen cannot be noticed here: no message bus answers at unix:path=/nonexis",
  );
  expect(said(findings, machine)).toContain("vouch setup session --end-on");
});

test("the doctor says what the agent cannot notice now", async () => {
  const endOn = [{ on: "key-removal", failure: "the open session was begun without it: log in again" }];
  const agent = { ...machine.agent!, endOn };
  const chosen = { ...machine.settings, session: { endOn: ["key-removal" as const] } };
  const findings = await checkEndOn({ ...machine, settings: chosen, agent });
  expect(findings).toHaveLength(1);
  expect(said(findings, machine)).toContain("A session ends on removal of the security key.");
});

test("the status names what ends a session, and what does not work; what it does not know is cleaned", () => {
  expect(endOnLines(machine.settings, undefined)).toEqual([]);
  expect(endOnLines(settings, undefined)).toEqual(["screen lock, sleep"]);
  const agent = { ...machine.agent!, endOn: [{ on: "lock" }, { on: "\u001b[31mnew", failure: "because\n" }] };
  const lines = endOnLines(settings, agent);
  expect(lines).toHaveLength(2);
  // oxlint-disable-next-line no-control-regex
  expect(lines.join("").replaceAll(/\u001b\[\d+m/g, "")).not.toMatch(/[\u0000-\u001f]/);
  expect(endOnStates(settings, agent)[0]).toEqual({ on: "lock", failure: null });
});
