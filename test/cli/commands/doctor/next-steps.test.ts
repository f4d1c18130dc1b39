import { expect, test } from "bun:test";
import { nextSteps } from "../../../../src/cli/commands/doctor/next-steps.ts";
import type { Machine } from "../../../../src/tools/checks/finding.ts";
import { makeMachine, removeMachines } from "./machine.ts";

const { settings, agent } = makeMachine();
removeMachines();
const { server, aws, repositories } = settings;
const empty: Machine["settings"] = { version: 1, repositories: [] };

test.each<[string, Machine["settings"], Machine["agent"], string[]]>([
  ["a fresh machine", empty, undefined, ["security key", "AWS role", "repository"]],
  ["an enrolled key", { ...empty, server }, undefined, ["AWS role", "repository"]],
  ["a role, too", { ...empty, server, aws }, undefined, ["repository"]],
  ["a session without set-up", { ...empty, server }, agent, ["AWS role", "repository"]],
  ["a session of other settings", { ...empty, aws, repositories }, agent, []],
  ["a machine that is set up, without a session", settings, undefined, []],
])("on %s the doctor names the one next command, and what it will ask for", (_, found, running, expected) => {
  const steps = nextSteps({ settings: found, agent: running });
  expect(steps.map(({ command }) => command)).toEqual(expected.length > 0 ? ["vouch enroll"] : []);
  const said = steps.map(({ does }) => does).join();
  expect(["security key", "AWS role", "repository"].filter((each) => said.includes(each))).toEqual(expected);
});
