/** What doctor says of the ways in which a person is asked. */
import { afterAll, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { checkAsking } from "../../../../../src/cli/commands/doctor/machine/asking.ts";
import type { Settings } from "../../../../../src/settings/settings.ts";
import { brief, makeMachine, removeMachines, said } from "../machine.ts";

afterAll(removeMachines);

const { settings } = makeMachine();
const prompting = (prompt: "always" | "terminal" | "never"): Settings => ({ ...settings, login: { prompt } });
const publishing: Settings = {
  ...settings,
  repositories: settings.repositories.map((each) => ({
    ...each,
    publishRoleArn: "arn:aws:iam::123456789012:role/publisher",
  })),
};

/** The findings on a machine with `~/bin/pinentry`, or with another content of gpg-agent.conf. */
function findings(changed: Settings, env: Record<string, string> = {}, config?: string) {
  const files = { "bin/pinentry": "#!/bin/sh\n", ...(config === undefined ? {} : { ".gnupg/gpg-agent.conf": config }) };
  const machine = makeMachine(files, { settings: changed });
  chmodSync(join(machine.home, "bin/pinentry"), 0o755);
  const found = checkAsking({ ...machine, env: { ...machine.env, PATH: join(machine.home, "bin"), ...env } });
  return { brief: brief(found), said: said(found, machine) };
}

const display = { DISPLAY: ":0" };

test.each<[string, Settings, Record<string, string>, string | undefined, string[], string]>([
  ["nothing where neither setting nor dialogue matters", settings, display, undefined, [], ""],
  ["the setting", prompting("never"), display, undefined, ["ok login-prompt"], "login.prompt is never"],
  ["the program", prompting("always"), display, undefined, ["ok login-prompt", "ok pinentry"], "~/bin/pinentry asks"],
  ["the program for publishing", publishing, display, undefined, ["ok pinentry"], "~/bin/pinentry asks"],
  [
    "that none is found",
    prompting("always"),
    { ...display, PATH: "/nowhere" },
    undefined,
    ["ok login-prompt", "warn pinentry"],
    "No pinentry is on PATH",
  ],
  [
    "that none is found for publishing",
    publishing,
    { PATH: "/nowhere" },
    undefined,
    ["ok pinentry"],
    "publishing is allowed on a terminal only",
  ],
  [
    "one that gpg-agent.conf names and that is not there",
    publishing,
    display,
    "pinentry-program /opt/gone\u001b[2J\n",
    ["warn pinentry"],
    "names a pinentry that is not there, /opt/gone\ufffd[2J",
  ],
  [
    "a program without a place to ask",
    prompting("always"),
    {},
    undefined,
    ["ok login-prompt", "warn pinentry"],
    "no display and no GPG_TTY",
  ],
  ["no pinentry in CI, where nobody is asked", publishing, { ...display, CI: "true" }, undefined, [], ""],
])("names %s", (_, changed, env, config, expected, words) => {
  const found = findings(changed, env, config);
  expect(found.brief).toEqual(expected);
  expect(found.said).toContain(words);
});
