import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addShimsToPath, pathLine, removeShimsFromPath } from "../../src/config/shell-rc.ts";
import { requires } from "../requires.ts";

const file = "/home/dev/.bashrc";
const line = pathLine("bash", "/home/dev/.local/share/vouch/shims");

test.each([
  ["no file", undefined],
  ["an empty file", ""],
  ["a file", "alias ll='ls -l'\n"],
  ["a file without a line end at its end", "alias ll='ls -l'"],
])("the line is added once, at the end, and taken away to the byte: %s", (_, text) => {
  const edited = addShimsToPath(text, line, file);
  expect(edited).toContain(`\n${line}\n`);
  expect(addShimsToPath(edited, line, file)).toBe(edited);
  expect(removeShimsFromPath(edited, file)).toBe(text);
});

test("another folder takes the place of the first", () => {
  const moved = pathLine("bash", "/elsewhere");
  const edited = addShimsToPath(addShimsToPath("a\n", line, file), moved, file);
  expect(edited).toBe(addShimsToPath("a\n", moved, file));
});

test("a file without the line stays as it is", () => {
  expect(removeShimsFromPath("alias ll='ls -l'", file)).toBe("alias ll='ls -l'");
});

describe("the shell puts the folder first, whatever its name", () => {
  const names = ["plain", "with blank", "it's", 'a "quote"', "$(touch x)", "back\\slash", "ünï"];

  test.each(["sh", "bash", "zsh", "fish"])("%s", (shell) => {
    // bash and sh are everywhere; the others are tried where they are.
    if (Bun.which(shell) === null) return void requires("sh", "bash");
    const folder = mkdtempSync(join(tmpdir(), "vouch-shell-"));
    try {
      for (const name of names) {
        const shims = join(folder, name);
        const script = join(folder, "rc");
        writeFileSync(script, `${addShimsToPath("", pathLine(shell, shims), file)}env\n`);
        const run = Bun.spawnSync([shell, script], { cwd: folder, env: { PATH: "/usr/bin:/bin", HOME: folder } });
        expect(run.stdout.toString()).toContain(`\nPATH=${shims}:/usr/bin:/bin\n`.slice(1));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
