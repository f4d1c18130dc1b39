import { expect, test } from "bun:test";
import { nextSteps } from "../../../../src/cli/commands/doctor/next-steps.ts";
import type { Machine } from "../../../../src/tools/finding.ts";
import { makeMachine, removeMachines } from "./machine.ts";

const { settings, agent } = makeMachine();
removeMachines();
const { server, aws, repositories } = settings;
const empty: Machine["settings"] = { version: 1, repositories: [] };

test.each<[string, Machine["settings"], Machine["agent"], string[]]>([
  ["a fresh machine", empty, undefined, ["enroll", "setup aws", "setup codeartifact", "login"]],
  ["an enrolled key", { ...empty, server }, undefined, ["setup aws", "setup codeartifact", "login"]],
  ["a role, too", { ...empty, server, aws }, undefined, ["setup codeartifact", "login"]],
  ["a session without set-up", { ...empty, server }, agent, ["setup aws", "setup codeartifact"]],
  ["a session of other settings", { ...empty, aws, repositories }, agent, []],
  ["a machine that is set up, without a session", settings, undefined, []],
])("on %s the doctor names the next steps in the order in which they are done", (_, found, running, expected) => {
  const commands = nextSteps({ settings: found, agent: running }).map(({ command }) => command);
  expect(commands.map((command) => command.replace(/^vouch /, "").replace(/ --.*/, ""))).toEqual(expected);
});
