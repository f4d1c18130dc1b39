import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { refusalOnWindows } from "../../../src/base/system/windows.ts";

describe("on Windows a command that needs Unix is refused", () => {
  test.each(
    [["login"], ["agent", "run"], ["setup", "codeartifact"], ["exec", "--", "npm"], ["--cargo-plugin"]].map((args) => [
      args,
    ]),
  )("with the words %p", (args) => {
    expect(refusalOnWindows(args)).toMatchObject({ code: "platform_unsupported", exitCode: 1 });
  });
});

describe("on Windows a command that needs no Unix runs", () => {
  test.each(
    [[], ["--version"], ["--help"], ["login", "--help"], ["server", "run"], ["help", "login"]].map((args) => [args]),
  )("with the words %p", (args) => {
    expect(refusalOnWindows(args)).toBeUndefined();
  });
});

/** The program as Windows would start it. */
function onWindows(...args: string[]) {
  const script = `
    Object.defineProperty(process, "platform", { value: "win32" });
    process.argv = ["bun", "vouch", ...${JSON.stringify(args)}];
    await import(${JSON.stringify(join(import.meta.dir, "../../../src/main.ts"))});
  `;
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script]);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("on Windows a refused command ends with 1, one line on stderr and nothing on stdout", () => {
  const { exitCode, stdout, stderr } = onWindows("login");
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^vouch: Of Vouch only .* work on Windows itself\. Use the Linux version inside WSL 2 .*\n$/);
});

test("on Windows the version is shown", () => {
  expect(onWindows("--version")).toMatchObject({ exitCode: 0, stderr: "" });
});
