import { afterAll, expect, test } from "bun:test";
import { checkHook, hookPlace } from "../../../../../src/cli/commands/doctor/path/hook.ts";
import { checkPath } from "../../../../../src/cli/commands/doctor/path/path.ts";
import { checkSudo } from "../../../../../src/cli/commands/doctor/path/place.ts";
import { brief, makeMachine, removeMachines, said } from "../machine.ts";

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
    "names the line for Nushell",
    { FNM_MULTISHELL_PATH: "/f", SHELL: "/bin/nu" },
    ["warn hook"],
    "Last in ~/.config/nushell/config.nu: mkdir $nu.user-autoload-dirs.0; vouch hook nu",
  ],
  ["says nothing for a shell without a hook", { CONDA_SHLVL: "1", SHELL: "/bin/tcsh" }, [], ""],
])("the doctor %s", (_, env, expected, words) => {
  const machine = makeMachine({}, { env: { SHELL: "/bin/bash", ...env } });
  const findings = checkHook(machine, 4711);
  expect(brief(findings)).toEqual(expected);
  expect(said(findings, machine)).toContain(words);
});

test.each<[place: string, env: Record<string, string>, words: string]>([
  [
    "no place that it knows",
    {},
    'is not on PATH: keyring, pip, pip3, npm, npx are not Vouch\'s. Last in ~/.bashrc: eval "$(vouch hook bash)"',
  ],
  ["a line that changes PATH", { VOUCH_HOOK: String(process.ppid) }, "repeat the command on a line of its own"],
  ["make", { MAKELEVEL: "1", VOUCH_HOOK: "1" }, "is not on the PATH that make gives: "],
  ["make", { MAKELEVEL: "1" }, "In the Makefile: export PATH := ~/.local/share/vouch/shims:$(PATH)"],
  ["tox", { TOX_ENV_NAME: "py" }, "set_env = PATH={env_bin_dir}:~/.local/share/vouch/shims:{env:PATH}"],
  ["nox", { NOX_CURRENT_SESSION: "a" }, 'session.env["PATH"] = "~/.local/share/vouch/shims:" + os.environ["PATH"]'],
  ["pre-commit", { PRE_COMMIT: "1" }, 'PATH=~/.local/share/vouch/shims:"$PATH" pre-commit install-hooks'],
])("without the shims the doctor has the line for %s", (_, env, words) => {
  const machine = makeMachine({}, { env: { SHELL: "/bin/bash", PATH: "/nowhere", ...env } });
  expect(said(checkPath(machine), machine)).toContain(words);
});

test("the doctor sends nobody who is another user by sudo to a start file", () => {
  const machine = makeMachine({}, { env: { SUDO_USER: "dev", SUDO_UID: "54321", PATH: "/nowhere" } });
  expect(brief(checkPath(machine))).toEqual(["fail path"]);
  expect(said(checkPath(machine), machine)).toContain("without sudo");
  expect(checkSudo({ SUDO_USER: "root", SUDO_UID: "0" })).toEqual([]);
});
