import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askTools } from "../../../../src/cli/commands/doctor/asked.ts";
import { host } from "../../../settings/my-repository.ts";
import { brief, makeMachine, removeMachines } from "./machine.ts";

afterAll(removeMachines);

/** A machine whose npm and pip print that, and end with that code. */
function machineOf(npm: string, pip: string, exitCode = 0) {
  const machine = makeMachine();
  const bin = join(machine.home, "bin");
  mkdirSync(bin);
  for (const [name, answer] of Object.entries({ npm, pip })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\n' '${answer}'\nexit ${exitCode}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  machine.env["PATH"] = `${bin}:/usr/bin:/bin`;
  return machine;
}

const npmIndex = `https://${host}/npm/my-repo/`;
const pipIndex = `https://aws@${host}/pypi/my-repo/simple/`;

test.each([
  ["both name the repository", npmIndex, pipIndex, 0, ["ok pip-answer", "ok npm-answer"]],
  ["npm names another", "https://registry.example.com/", pipIndex, 0, ["ok pip-answer", "warn npm-answer"]],
  ["pip names another", npmIndex, "https://pypi.example.com/simple", 0, ["warn pip-answer", "ok npm-answer"]],
  ["neither has an answer", "undefined", "no such key", 1, []],
])("the doctor asks npm and pip themselves: %s", async (_, npm, pip, exitCode, findings) => {
  expect(brief(await askTools(machineOf(npm, pip, exitCode)))).toEqual(findings);
});

test("a tool that is not set up is not asked", async () => {
  const machine = machineOf(npmIndex, pipIndex);
  const repositories = machine.settings.repositories.map((each) => ({ ...each, files: {} }));
  expect(await askTools({ ...machine, settings: { ...machine.settings, repositories } })).toEqual([]);
});
