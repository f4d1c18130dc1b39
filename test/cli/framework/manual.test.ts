/** The manual page under the two programs that show manual pages. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allVariableGroups } from "../../../build/variables.ts";
import { commands } from "../../../src/cli/commands.ts";
import { commandTree } from "../../../src/cli/framework/command-tree.ts";
import { manualPage } from "../../../src/cli/framework/manual.ts";
import { requires } from "../../requires.ts";

const tree = await commandTree(commands, {
  agent: () => import("../../../src/agent/process/daemon.ts"),
  server: () => import("../../../src/server/command/command.ts"),
});
const page = manualPage(tree, allVariableGroups, "1.2.3", "2026-11-24");

function show(...command: string[]): { stdout: string; stderr: string; exitCode: number } {
  const { stdout, stderr, exitCode } = Bun.spawnSync(command, {
    stdin: Buffer.from(page),
    env: { ...process.env, LC_ALL: "C.UTF-8", MANWIDTH: "100" },
  });
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

test("the manual page names every command with its flags", () => {
  for (const command of tree.children) expect(page).toContain(`.SS "${command.path}`);
  expect(page).toContain("\\fB\\-\\-timeout\\fR \\fISECONDS\\fR");
});

test("the manual page lists the exit codes of the README, and --version", () => {
  const readme = readFileSync(join(import.meta.dir, "../../../README.md"), "utf8");
  const table = /^### Exit codes\n\n([^]*?)\n\n/m.exec(readme)![1]!;
  const documented = [...table.matchAll(/^\| ([\d, ]+) \|/gm)].map(([, code]) => code);
  const section = /^\.SH "EXIT STATUS"\n([^]*?)^\.SH/m.exec(page)![1]!;
  expect([...section.matchAll(/^\.TP\n\\fB(.+)\\fR$/gm)].map(([, code]) => code)).toEqual(documented);
  expect(documented).toContain("126, 127");
  expect(page).toContain("\\fB\\-V, \\-\\-version\\fR");
});

describe.skipIf(!requires("mandoc"))("with mandoc the manual page", () => {
  test("has no warnings", () => {
    const { stdout, exitCode } = show("mandoc", "-T", "lint", "-W", "warning");
    expect(stdout).toBe("");
    expect(exitCode).toBe(0);
  });
});

describe.skipIf(!requires("groff"))("with groff the manual page", () => {
  test("has no warnings and is plain text that can be copied", () => {
    const { stdout, stderr, exitCode } = show("groff", "-man", "-ww", "-T", "utf8", "-P-cbou", "-rLL=100n");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("vouch 1.2.3");
    expect(stdout).toContain("vouch login --timeout 120");
    expect(stdout).toContain("npm_config_//HOST/PATH/:_authToken");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("CODEARTIFACT_AUTH_TOKEN=$(vouch credential codeartifact) docker");
  });
});

test("the manual page is what the build puts beside the executable", async () => {
  const built = await Bun.file(join(import.meta.dir, "../../../dist/man/vouch.1")).text();
  expect(built.split("\n").slice(1)).toEqual(page.split("\n").slice(1));
});
