import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hookLines } from "../../../src/tools/shell/hook.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";
import { interactive, requiresShell, shells } from "./interactive.ts";

const names = Object.keys(shells);

function hook(shell: string, folder: string): string {
  return `${hookLines(shell, folder)!.join("\n")}\n`;
}

const folders = [
  "plain",
  "with blank",
  "it's",
  'a "quote"',
  "$(touch x)",
  "back\\slash",
  "ünï",
  "wow!",
  "a;b",
  "#x",
  "*[a]?",
];

describe.each(names)("the hook of %s", (shell) => {
  const { prepend, answer } = shells[shell]!;

  test.each(folders)("puts the folder first again after a command line has changed PATH: %s", async (folder) => {
    if (!requiresShell(shell)) return;
    using home = tempFolder();
    const shims = join(home.path, folder);
    const typed = [answer("$PATH"), prepend("/other"), answer("$PATH"), prepend("/third"), answer("$PATH")];
    const { answers } = await interactive(shell, { home: home.path, startFile: hook(shell, shims), typed });
    expect(answers).toEqual([
      `${shims}:/usr/bin:/bin`,
      `${shims}:/other:/usr/bin:/bin`,
      `${shims}:/third:/other:/usr/bin:/bin`,
    ]);
  });

  test("says in VOUCH_HOOK which shell it is in, the inner one of two, and is there once however often it is read", async () => {
    if (!requiresShell(shell)) return;
    using home = tempFolder();
    const twice = hook(shell, "/shims").repeat(2);
    const inner = shells[shell]!.command.join(" ");
    const typed = [answer("$VOUCH_HOOK"), inner, prepend("/other"), answer("$VOUCH_HOOK"), answer("$PATH"), "exit"];
    const { answers } = await interactive(shell, { home: home.path, startFile: twice, typed });
    expect(answers[0]).toMatch(/^[0-9]+$/);
    expect(answers[1]).toMatch(/^[0-9]+$/);
    expect(answers[1]).not.toBe(answers[0]!);
    expect(answers[2]).toBe("/shims:/other:/usr/bin:/bin");
  });
});

describe.each(["bash", "zsh"])("the hook of %s", (shell) => {
  const { prepend, answer } = shells[shell]!;

  test("keeps $? and $_ for the prompt and the next line, under `set -eu` too", async () => {
    if (!requiresShell(shell)) return;
    using home = tempFolder();
    const typed = [
      "(exit 7)",
      answer("$?"),
      ": one two",
      answer("$_"),
      "set -u; trap 'echo trapped >>\"$ANSWERS\"' ERR",
      prepend("/other"),
      "! true",
      answer("$?"),
      "set -e",
      "! true",
      answer("$? $PATH"),
    ];
    const { answers } = await interactive(shell, { home: home.path, startFile: hook(shell, "/shims"), typed });
    expect(answers).toEqual(["7", "two", "1", "1 /shims:/other:/usr/bin:/bin"]);
  });

  test("is read under `set -eu` without PATH, PROMPT_COMMAND or any list of functions", async () => {
    if (!requiresShell(shell)) return;
    using home = tempFolder();
    const startFile = `set -eu\nunset PATH PROMPT_COMMAND precmd_functions\n${hook(shell, "/shims")}`;
    const { answers } = await interactive(shell, { home: home.path, startFile, typed: [answer("$PATH")] });
    expect(answers).toEqual(["/shims"]);
  });

  test("leaves empty entries of PATH, and takes its folder from every place but the first", async () => {
    if (!requiresShell(shell)) return;
    using home = tempFolder();
    const typed = ["PATH=:/bin::/shims:/shims:/usr/bin:/shims:", answer("$PATH"), "PATH=", answer("$PATH")];
    const { answers } = await interactive(shell, { home: home.path, startFile: hook(shell, "/shims"), typed });
    expect(answers).toEqual(["/shims::/bin::/usr/bin:", "/shims"]);
  });
});

describe("PROMPT_COMMAND of bash", () => {
  const record = `record() { local left=$?; printf '%s %s\\n' "$1" "$left" >>"$ANSWERS"; return $left; }\n`;
  const after = `PROMPT_COMMAND="\${PROMPT_COMMAND:+$PROMPT_COMMAND; }record after"\n`;

  test.each([
    ["text", "PROMPT_COMMAND='record before'", after],
    ["text that ends with a semicolon", "PROMPT_COMMAND='record before; '", after],
    ["text that ends with a comment", "PROMPT_COMMAND='record before # mine'", after],
    ["an array", "PROMPT_COMMAND=('record before' ':')", "PROMPT_COMMAND+=('record after')\n"],
    ["an array of one", "PROMPT_COMMAND=('record before')", "PROMPT_COMMAND+=('record after')\n"],
  ])("is run whole, with the status of the command line: %s", async (_, set, append) => {
    if (!requires("bash")) return;
    using home = tempFolder();
    const startFile = `${record}${set}\n${hook("bash", "/shims")}${append}`;
    const typed = ["PATH=/other:$PATH; (exit 3)", 'printf "%s\\n" "$PATH" >>"$ANSWERS"; (exit 4)'];
    const { answers } = await interactive("bash", { home: home.path, startFile, typed });
    expect(answers).toEqual([
      "before 0",
      "after 0",
      "before 3",
      "after 3",
      "/shims:/other:/usr/bin:/bin",
      "before 4",
      "after 4",
    ]);
  });

  test("names nothing unknown in a shell that has inherited it and has not read the start file", async () => {
    if (!requires("bash")) return;
    using home = tempFolder();
    const startFile = `export PROMPT_COMMAND=\n${hook("bash", "/shims")}`;
    const typed = ["bash --norc", "set -u", 'printf "%s\\n" "$PATH" >>"$ANSWERS"', "exit"];
    const { answers, screen } = await interactive("bash", { home: home.path, startFile, typed });
    expect(answers).toEqual(["/shims:/usr/bin:/bin"]);
    expect(screen).not.toContain("not found");
    expect(screen).not.toContain("unbound");
  });
});

test("the lists of functions of zsh keep those of others", async () => {
  if (!requires("zsh")) return;
  using home = tempFolder();
  const startFile = `a() { :; }\nprecmd_functions=(a)\n${hook("zsh", "/shims")}autoload -Uz add-zsh-hook\nb() { :; }\nadd-zsh-hook precmd b\n`;
  const typed = ["printf '%s\\n' \"$precmd_functions\" >>$ANSWERS"];
  const { answers } = await interactive("zsh", { home: home.path, startFile, typed });
  expect(answers).toEqual(["a _vouch_hook b"]);
});

test("fish keeps $status, and PATH of a block stays in it", async () => {
  if (!requires("fish")) return;
  using home = tempFolder();
  const typed = [
    "false",
    "echo $status >>$ANSWERS",
    "begin; set -lx PATH /block $PATH; cd /; end",
    "cd; string join : $PATH >>$ANSWERS",
  ];
  const { answers } = await interactive("fish", { home: home.path, startFile: hook("fish", "/shims"), typed });
  expect(answers).toEqual(["1", "/shims:/usr/bin:/bin"]);
});

test.each(["dash", "busybox"])("~/.profile with the hook of bash is read by %s, too", (program) => {
  if (!requires(program)) return;
  using home = tempFolder();
  const file = join(home.path, ".profile");
  mkdirSync(join(home.path, "it's"));
  writeFileSync(file, `set -eu\n${hook("bash", join(home.path, "it's"))}printf '%s\\n' "$PATH"\n`);
  const command = program === "busybox" ? ["busybox", "sh", file] : [program, file];
  const { stdout, stderr } = Bun.spawnSync(command, { env: { PATH: "/usr/bin:/bin" } });
  expect(stderr.toString()).toBe("");
  expect(stdout.toString()).toBe(`${join(home.path, "it's")}:/usr/bin:/bin\n`);
});
