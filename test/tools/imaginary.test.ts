/**
 * A package manager that does not exist is added as CONTRIBUTING says, by its folder and one line of the table, to a copy
 * of the source: setup, its shim, the doctor, status and the removal know it, and nothing else was touched.
 */
import { expect, onTestFinished, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolderUntil } from "../temp-folder.ts";
import { imaginary } from "./imaginary/tool.ts";

const root = join(import.meta.dir, "../..");

/** The source with the tool in it; `run` starts it under a name. */
function withImaginary() {
  const folder = tempFolderUntil(onTestFinished);
  const home = join(folder, "home");
  cpSync(join(root, "src"), join(folder, "src"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const text = readFileSync(join(import.meta.dir, "imaginary/tool.ts"), "utf8");
  mkdirSync(join(folder, "src/tools/imaginary"));
  writeFileSync(
    join(folder, "src/tools/imaginary/tool.ts"),
    text.replaceAll("../../../src/tools/", "../").replaceAll("../../../src/", "../../"),
  );
  const table = join(folder, "src/tools/tools.ts");
  const before = readFileSync(table, "utf8");
  const after = before
    .replace("\nimport { cargo }", '\nimport { imaginary } from "./imaginary/tool.ts";\nimport { cargo }')
    .replace("\n  cargo,\n", "\n  cargo,\n  imaginary,\n");
  expect(after.length).toBeGreaterThan(before.length + 60);
  writeFileSync(table, after);
  mkdirSync(join(home, "bin"), { recursive: true });
  writeFileSync(join(home, "bin/imaginary"), '#!/bin/sh\necho "the real one: $*"\n', { mode: 0o755 });
  const env = { HOME: home, PATH: `${home}/bin:/usr/bin:/bin`, NO_COLOR: "1", VOUCH_RUNTIME_DIR: join(home, "run") };
  const run = (name: string, ...args: string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, join(folder, "src/main.ts"), ...args], {
      argv0: name,
      cwd: home,
      env,
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };
  return { home, run };
}

test("adding a package manager takes its folder and one line of the table", () => {
  const { home, run } = withImaginary();
  run("vouch", "setup", "aws", "--role", "arn:aws:iam::123456789012:role/dev", "--region", "us-east-1");
  const names = ["--domain", "my-domain", "--repository", "my-repo"];
  const rc = join(home, ".imaginaryrc");
  writeFileSync(rc, "mine\n");
  const set = run("vouch", "setup", "codeartifact", ...names);
  expect(set.stderr).toContain("imaginary get PACKAGE");
  const written = readFileSync(rc, "utf8");
  expect(written).toMatch(/^source https:\/\/\S+\/ruby\/my-repo\/ token-from VOUCH_TOKEN_[0-9A-F]{16}$/m);
  run("vouch", "setup", "codeartifact", ...names, "--tool", "imaginary");
  expect(readFileSync(rc, "utf8")).toBe(written);
  expect(existsSync(join(home, ".local/share/vouch/shims/imaginary"))).toBe(true);
  expect(run("vouch", "status").stdout).toContain("/ruby/my-repo/");
  expect(run("vouch", "doctor", "--json").stdout).toContain("imaginary has its source.");
  expect(run("vouch", "completions", "bash").stdout).toContain("imaginary");
  // The shim: without an agent a line on stderr, then the real program.
  const shim = run("imaginary", "get", "it");
  expect(shim).toMatchObject({ exitCode: 0, stdout: "the real one: get it\n" });
  expect(shim.stderr).toMatch(
    /^vouch: Not logged in: .* imaginary goes on without a token: if it ends with a 401, .*`vouch (login|enroll).*\n$/,
  );
  // What the shim throws is a sentence, and the exit code of a shell.
  renameSync(join(home, "bin/imaginary"), join(home, "imaginary"));
  const without = run("imaginary", "get", "it");
  expect(without.exitCode).toBe(127);
  expect(without.stderr).toMatch(/^vouch: No other imaginary stands on PATH behind Vouch's\. .*\n$/m);
  expect(without.stderr).not.toContain("real-command.ts");
  renameSync(join(home, "imaginary"), join(home, "bin/imaginary"));
  writeFileSync(rc, "mine\n");
  run("vouch", "doctor", "--fix");
  expect(readFileSync(rc, "utf8")).toBe(written);
  run("vouch", "setup", "codeartifact", "--remove");
  expect(readFileSync(rc, "utf8")).toBe("mine\n");
  expect(existsSync(join(home, ".local/share/vouch/shims"))).toBe(false);
  expect(imaginary.shims({}, () => false)).toEqual(["imaginary"]);
});
