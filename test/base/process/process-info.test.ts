import { describe, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { processInfo } from "../../../src/base/process/process-info.ts";
import { tempFolder } from "../../temp-folder.ts";

describe("a process", () => {
  test("is known by its parent, its name and its beginning, which stay the same", () => {
    const own = processInfo(process.pid)!;
    expect(own).toMatchObject({ pid: process.pid, parent: process.ppid });
    expect(processInfo(process.pid)).toEqual(own);
  });

  test("that began later has another beginning", async () => {
    await using child = Bun.spawn(["sleep", "60"]);
    const found = processInfo(child.pid)!;
    expect(found).toMatchObject({ parent: process.pid, name: "sleep" });
    expect(found.startedAt).not.toBe(processInfo(process.pid)!.startedAt);
    child.kill();
  });

  test("may have a name with blanks and parentheses", async () => {
    using folder = tempFolder();
    const program = join(folder.path, "a) S 1 (b");
    copyFileSync(Bun.which("sleep")!, program);
    await using child = Bun.spawn([program, "60"]);
    expect(processInfo(child.pid)).toMatchObject({ parent: process.pid, name: "a) S 1 (b" });
    child.kill();
  });

  test("that has ended is not known", async () => {
    const child = Bun.spawn(["true"]);
    await child.exited;
    expect(processInfo(child.pid)).toBeUndefined();
  });

  test.each([0, -1, 1.5, Number.NaN])("has no id like %p", (pid) => expect(processInfo(pid)).toBeUndefined());
});
