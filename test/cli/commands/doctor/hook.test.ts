import { afterAll, expect, test } from "bun:test";
import { checkHook, hookPlace } from "../../../../src/cli/commands/doctor/hook.ts";
import { brief, makeMachine, removeMachines, said } from "./machine.ts";

afterAll(removeMachines);

test.each([
  ["in the shell that has started this process", "4711", "here"],
  ["in a shell around that one", "4710", "around"],
  ["in none", undefined, "nowhere"],
  ["in none that says who it is", "", "nowhere"],
])("the hook is found %s", (_, shell, expected) => {
  expect(hookPlace({ VOUCH_HOOK: shell }, 4711)).toBe(expected as ReturnType<typeof hookPlace>);
});

test.each<[what: string, env: Record<string, string>, expected: string[], words: string]>([
  ["says that the hook is there", { VOUCH_HOOK: "4711", NVM_DIR: "/n" }, ["ok hook"], "first on PATH again"],
  ["says nothing where nothing changes PATH", {}, [], ""],
  [
    "names what changes PATH, and the line for bash",
    { NVM_DIR: "/n" },
    ["warn hook"],
    'Last in ~/.bashrc: eval "$(vouch hook bash)"',
  ],
  [
    "names all that change PATH, each once, and the line for zsh",
    { ASDF_DIR: "/a", ASDF_DATA_DIR: "/a", DIRENV_DIR: "-/d", SHELL: "/bin/zsh", VOUCH_HOOK: "1" },
    ["warn hook"],
    'asdf and direnv can take the first place on PATH from the shims folder, and this shell has no hook. Last in ~/.zshrc: eval "$(vouch hook zsh)"',
  ],
  [
    "names the line for fish",
    { MISE_SHELL: "fish", SHELL: "/usr/bin/fish" },
    ["warn hook"],
    "vouch hook fish | source",
  ],
  [
    "says how Nushell takes it",
    { FNM_MULTISHELL_PATH: "/f", SHELL: "/bin/nu" },
    ["warn hook"],
    "Once, in Nushell: vouch hook nu",
  ],
  ["says nothing for a shell without a hook", { CONDA_SHLVL: "1", SHELL: "/bin/tcsh" }, [], ""],
])("the doctor %s", (_, env, expected, words) => {
  const machine = makeMachine({}, { env: { SHELL: "/bin/bash", ...env } });
  const findings = checkHook(machine, 4711);
  expect(brief(findings)).toEqual(expected);
  expect(said(findings, machine)).toContain(words);
});
