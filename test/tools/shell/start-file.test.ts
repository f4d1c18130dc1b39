import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathLine } from "../../../src/tools/shell/dialects.ts";
import { hookShells } from "../../../src/tools/shell/hook.ts";
import { addShimsToPath, removeShimsFromPath, startLines } from "../../../src/tools/shell/start-file.ts";
import { requires, requiresPath } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";

const file = "/home/dev/.bashrc";
const lines = startLines("bash", "/home/dev/.local/share/vouch/shims");

test.each([
  ["no file", undefined],
  ["an empty file", ""],
  ["a file", "alias ll='ls -l'\n"],
  ["a file without a line end at its end", "alias ll='ls -l'"],
])("the line is added to a shell's file once, at the end, and removed to the byte: %s", (_, text) => {
  const edited = addShimsToPath(text, lines, file);
  expect(edited).toContain(`\n${lines.join("\n")}\n`);
  expect(addShimsToPath(edited, lines, file)).toBe(edited);
  expect(removeShimsFromPath(edited, file)).toBe(text);
});

test.each([...hookShells])("the plain line of an earlier version gives way to the hook of %s", (shell) => {
  const plain = [pathLine(shell, "/home/dev/.local/share/vouch/shims")];
  const hook = startLines(shell, "/home/dev/.local/share/vouch/shims");
  expect(addShimsToPath(addShimsToPath("a", plain, file), hook, file)).toBe(addShimsToPath("a", hook, file));
});

test("the line for another folder replaces the first", () => {
  const moved = startLines("bash", "/elsewhere");
  const edited = addShimsToPath(addShimsToPath("a\n", lines, file), moved, file);
  expect(edited).toBe(addShimsToPath("a\n", moved, file));
});

test("a shell's file without the line stays as it is", () => {
  expect(removeShimsFromPath("alias ll='ls -l'", file)).toBe("alias ll='ls -l'");
});

describe("a shell with the line puts the folder first on PATH, whatever the folder's name", () => {
  const folders = ["plain", "with blank", "it's", 'a "quote"', "$(touch x)", "back\\slash", "ünï", "wow!", "a;b", "#x"];
  const nu = join(import.meta.dir, "../../../.tools/nushell/node_modules/.bin/nu");
  const shells: [name: string, program: string, ...flags: string[]][] = [
    ["sh", "sh"],
    ["bash", "bash"],
    ["zsh", "zsh"],
    ["fish", "fish"],
    ["tcsh", "tcsh", "-f"],
    ["elvish", "elvish", "-norc"],
    ["nu", nu, "--no-config-file"],
  ];

  test.each(shells)("in %s", (shell, program, ...flags) => {
    if (program === nu ? !requiresPath(nu, ".ci/run") : !requires(program)) return;
    using folder = tempFolder();
    for (const name of folders) {
      const shims = join(folder.path, name);
      const script = join(folder.path, "rc");
      writeFileSync(script, `${addShimsToPath("", [pathLine(shell, shims)], file)}/usr/bin/env\n`);
      if (shell === "nu") writeFileSync(script, readFileSync(script, "utf8").replace("/usr/", "^/usr/"));
      const run = Bun.spawnSync([program, ...flags, script], {
        cwd: folder.path,
        env: { PATH: "/usr/bin:/bin", HOME: folder.path, XDG_DATA_HOME: folder.path },
      });
      expect(run.stdout.toString()).toContain(`PATH=${shims}:/usr/bin:/bin\n`);
    }
  });

  // PowerShell and xonsh cannot be installed everywhere: their quoting is compared with their manuals.
  test.each([
    ["pwsh", "/a/it's", "$env:PATH = '/a/it''s' + [IO.Path]::PathSeparator + $env:PATH"],
    ["xonsh", "/a/it's\\", "$PATH.insert(0, '/a/it\\'s\\\\')"],
    ["nushell", "/a/b", "$env.PATH = ($env.PATH | split row (char esep) | prepend /a/b)"],
    ["csh", "/a/b", 'setenv PATH /a/b:"$PATH"'],
    ["unknown", "/a/b", 'export PATH=/a/b:"$PATH"'],
  ])("the line for %s puts the folder first: %s", (shell, folder, expected) => {
    expect(pathLine(shell, folder)).toBe(expected);
  });

  test.each(["sh", "bash", "zsh", "fish", "nu", "pwsh", "tcsh", "elvish", "xonsh"])(
    "the lines for %s are removed to the byte",
    (shell) => {
      for (const written of [startLines(shell, "/a/it's"), [pathLine(shell, "/a/it's")]]) {
        const edited = addShimsToPath("# mine\n", written, file);
        expect(removeShimsFromPath(edited, file)).toBe("# mine\n");
      }
    },
  );
});
