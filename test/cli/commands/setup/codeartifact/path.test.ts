/** `vouch setup codeartifact --path yes` and `vouch hook`: the shims folder in the start file of every shell. */
import { beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathLine } from "../../../../../src/tools/shell/dialects.ts";
import { hookShells } from "../../../../../src/tools/shell/hook.ts";
import { addShimsToPath, startLines } from "../../../../../src/tools/shell/start-file.ts";
import { codeartifact, command, env, home, read, setRole, setup, snapshot, useHome, write } from "../home.ts";

useHome();
beforeEach(() => setRole());

const startFiles: Record<string, string> = {
  bash: ".bashrc",
  zsh: ".zshrc",
  fish: ".config/fish/conf.d/vouch.fish",
  nu: ".config/nushell/config.nu",
  pwsh: ".config/powershell/profile.ps1",
  tcsh: ".cshrc",
  elvish: ".config/elvish/rc.elv",
  xonsh: ".xonshrc",
};
const shims = (): string => join(home, ".local/share/vouch/shims");

async function hook(shell: string, cwd = home) {
  const child = Bun.spawn([command[0]!, command[1]!, "hook", shell], { cwd, env, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

describe.each(Object.entries(startFiles))("--path yes for %s", (shell, file) => {
  test("writes the shell's start file in its language, in place of an earlier version's line, and takes it back to the byte", async () => {
    env["SHELL"] = `/usr/bin/${shell}`;
    write(file, "# mine");
    const before = snapshot();
    write(file, addShimsToPath("# mine", [pathLine(shell, shims())], file));
    expect(await codeartifact("--tool", "pip", "--path", "yes")).toMatchObject({ exitCode: 0 });
    expect(read(file)).toBe(addShimsToPath("# mine", startLines(shell, shims()), file));
    const again = snapshot();
    await codeartifact("--tool", "pip", "--path", "yes");
    expect(snapshot()).toEqual(again);
    expect(await setup("codeartifact", "--remove")).toMatchObject({ exitCode: 0 });
    expect(snapshot()).toEqual(before);
  });
});

test("the setup names the one line that gets the hook, where it does not write the start file", async () => {
  env["SHELL"] = "/usr/bin/fish";
  expect((await codeartifact("--tool", "pip", "--path", "no")).stderr).toContain("vouch hook fish | source");
});

test.each([
  ["bash", 'type this in the one you have: eval "$(vouch hook bash)"'],
  ["nu", "type this in the one you have: $env.PATH = ("],
])("--path yes says what to type in a %s that runs", async (shell, words) => {
  env["SHELL"] = `/usr/bin/${shell}`;
  expect((await codeartifact("--tool", "pip", "--path", "yes")).stderr).toContain(words);
});

test("the setup does not send to --path yes whose shell it does not know", async () => {
  env["SHELL"] = "/usr/bin/rc";
  const { stderr } = await codeartifact("--tool", "pip", "--path", "yes");
  expect(stderr).toContain("with this line in the start file of your shell:");
  expect(stderr).not.toContain("--path yes");
});

describe("vouch hook", () => {
  test.each([...hookShells])("prints for %s what --path yes writes, and nothing without shims", async (shell) => {
    expect(await hook(shell)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    await codeartifact("--tool", "pip");
    const printed = await hook(shell);
    expect(printed).toEqual({ exitCode: 0, stdout: `${startLines(shell, shims()).join("\n")}\n`, stderr: "" });
    await setup("codeartifact", "--remove");
    expect(await hook(shell)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test("prints the same in a project that would have it otherwise", async () => {
    await codeartifact("--tool", "pip");
    const project = join(home, "project");
    mkdirSync(join(project, ".local/share/vouch/shims"), { recursive: true });
    writeFileSync(join(project, ".env"), "HOME=/evil\nXDG_DATA_HOME=/evil\n");
    writeFileSync(join(project, "config.json"), "{}");
    const printed = await hook("bash");
    expect(printed.stdout).toContain(`_vouch_shims='${shims()}'`);
    env["XDG_DATA_HOME"] = ".local/share";
    expect(await hook("bash", project)).toEqual(printed);
  });

  test("names the shells it knows for any other", async () => {
    const run = await hook("cmd");
    expect(run).toMatchObject({ exitCode: 2, stdout: "" });
    expect(run.stderr).toContain("Expected one of bash, zsh, fish, nu, pwsh");
  });
});
