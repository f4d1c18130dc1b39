/** What runs at the far side, by this machine's own shells. */
import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { farFolder, type FarFolder, holdFolder, withVariable } from "../../../../src/cli/commands/ssh/far-side.ts";
import { requires } from "../../../requires.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const system = "/usr/bin:/bin";

let root: string;
beforeEach(() => (root = tempFolderUntil(onTestFinished, "/tmp")));

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function program(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The folder that the script makes; checks that it is gone once stdin has ended, whatever stands beside the socket. */
async function held(env: Record<string, string>, loginShell = "/bin/sh"): Promise<FarFolder> {
  const child = Bun.spawn([loginShell, "-c", holdFolder], {
    env: { PATH: system, HOME: folder("home"), ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += Buffer.from(chunk).toString();
    const made = farFolder(printed);
    if (made === undefined) continue;
    expect(readdirSync(made.path)).toEqual(["guest.lock"]);
    writeFileSync(join(made.path, "agent.sock"), "");
    await child.stdin.end();
    await child.exited;
    expect(existsSync(made.path)).toBe(false);
    return made;
  }
  throw new Error(`no folder in ${JSON.stringify(printed)}`);
}

test("it is in the runtime folder", async () => {
  const runtime = folder("run");
  const made = await held({ XDG_RUNTIME_DIR: runtime });
  expect(dirname(made.path)).toBe(runtime);
});

test.each([
  ["has a space", "run time"],
  ["has letters beyond ASCII", "rün"],
  ["has a colon, which would split what ssh forwards", "a:b"],
  ["would expand", "$(id)"],
  ["is too long", "r".repeat(80)],
  ["is relative", undefined],
])("a runtime folder that %s is not used", async (_, name) => {
  const runtime = name === undefined ? "." : folder(name);
  const { path } = await held({ XDG_RUNTIME_DIR: runtime });
  expect(path).toMatch(/^\/[\w./+@-]+\/vouch-ssh\.\w+$/);
  expect(dirname(path)).not.toBe(runtime);
});

test("a home folder with such a name is not used either", async () => {
  const { path } = await held({ HOME: folder("my höme") });
  expect(path).not.toContain("my");
});

test.each<[string, string, boolean]>([
  ["is none", "exit 127", false],
  ["is none, with a greeting", 'echo "Welcome to devbox"; exit 127', false],
  ["is none, with a greeting of paths", 'echo "/etc/motd"; exit 127', false],
  ["is one", 'echo "$ROOT/vouch"', true],
  ["is one, with a greeting", 'echo "Welcome"; echo "$ROOT/vouch"; echo "Bye"', true],
  ["is one that reads its input", 'cat; echo "$ROOT/vouch"', true],
])("`vouch` is found by the login shell where there %s", async (_, says, isFound) => {
  program(join(root, "vouch"), "");
  const shell = program(join(root, "shell"), says);
  const { hasVouch } = await held({ SHELL: shell, ROOT: root });
  expect(hasVouch).toBe(isFound);
});

test("`vouch` is found on PATH", async () => {
  program(join(folder("bin"), "vouch"), "");
  expect((await held({ PATH: `${join(root, "bin")}:${system}` })).hasVouch).toBe(true);
});

test("a folder whose name ends with a line end is not used", async () => {
  const runtime = folder("run\n");
  expect(dirname((await held({ XDG_RUNTIME_DIR: runtime })).path)).not.toBe(runtime);
});

describe.each(["sh", "dash", "bash", "zsh", "fish", "tcsh", "elvish"])("with %s as the login shell", (name) => {
  const shell = requires(name) ? Bun.which(name)! : undefined;

  test.skipIf(shell === undefined)("the folder is made", async () => {
    const runtime = folder("run");
    expect(dirname((await held({ XDG_RUNTIME_DIR: runtime }, shell)).path)).toBe(runtime);
  });

  /** As sshd runs it: the login shell is also in SHELL. */
  function run(words: string, loginShell: string, stdin = "") {
    const env = { PATH: system, HOME: folder("home"), SHELL: loginShell };
    const { stdout, stderr } = Bun.spawnSync([loginShell, "-c", words], { env, stdin: Buffer.from(stdin) });
    return { stdout: stdout.toString(), stderr: stderr.toString() };
  }

  test
    .skipIf(shell === undefined)
    .each([
      "env",
      `echo 'it  is' "a $HOME" a\\b 'a\\\\b' %s -n ü`,
      "printf '%s\\n' 'a;b' > /dev/null; echo 'c'",
      `echo it\\'s \\!x`,
      "echo one\necho two",
    ])("the command %j does what it does by ssh alone, with the variable", (command) => {
    const alone = run(command, shell!);
    const { stdout, stderr } = run(withVariable({ path: "/run/x", hasVouch: true }, [command]), shell!);
    if (command !== "env") expect({ stdout, stderr }).toEqual(alone);
    else expect(stdout).toContain("VOUCH_RUNTIME_DIR=/run/x\n");
  });

  test.skipIf(shell === undefined)("a shell has the variable", () => {
    const words = withVariable({ path: "/run/x", hasVouch: true }, []);
    expect(run(words, shell!, "env\n").stdout).toContain("VOUCH_RUNTIME_DIR=/run/x\n");
  });
});
