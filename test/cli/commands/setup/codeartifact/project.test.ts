/** `vouch setup codeartifact --project`: the files of a project, for everyone who works on it. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { host } from "../../../../settings/my-repository.ts";
import {
  codeartifact,
  home,
  names,
  read,
  setRole,
  settings,
  setup,
  setupIn,
  snapshot,
  useHome,
  write,
} from "../home.ts";

useHome();

const here = (...args: string[]) => {
  mkdirSync(join(home, "project"), { recursive: true });
  return setupIn(join(home, "project"), "codeartifact", ...args);
};

test("the project's files name the repository and nothing personal, twice as once, and get their bytes back", async () => {
  await setRole();
  await codeartifact("--registry-name", "company");
  write("project/.npmrc", "fund=false\n");
  const before = snapshot();
  const run = await here("--project");
  expect(run.exitCode).toBe(0);
  expect(run.stderr).toContain("pip reads no configuration of a project's");
  expect(Bun.TOML.parse(read("project/.cargo/config.toml"))).toEqual({
    registries: { company: { index: `sparse+https://${host}/cargo/my-repo/` } },
  });
  expect(read("project/.npmrc")).toContain(`\nregistry=https://${host}/npm/my-repo/`);
  const written = snapshot();
  for (const text of [read("project/.npmrc"), read("project/.cargo/config.toml")]) expect(text).not.toContain(home);
  expect(statSync(join(home, "project/.cargo/config.toml")).mode & 0o777).toBe(0o666 & ~process.umask());
  await here("--project");
  expect(snapshot()).toEqual(written);
  await here("--project", "--remove");
  rmSync(join(home, "project/.cargo"), { recursive: true });
  expect(snapshot()).toEqual(before);
});

test("a dry run shows the lines and writes nothing", async () => {
  await setRole();
  await codeartifact();
  const before = snapshot();
  const run = await here("--project", "--tool", "npm", "--dry-run");
  expect(run.stdout).toContain(`project/.npmrc: the repository my-domain/my-repo, nothing personal`);
  expect(run.stdout).toContain(`+ registry=https://${host}/npm/my-repo/`);
  expect(run.stderr).toEndWith("Nothing has been changed (--dry-run).\n");
  expect(snapshot()).toEqual(before);
});

test("the outcome names the repository, and a token in the project's file by its line", async () => {
  await setRole();
  await codeartifact();
  write("project/package.json", "{}");
  write("project/.npmrc", `//${host}/npm/my-repo/:_authToken=SECRET\nregistry=https://registry.example.org/\n`);
  const run = await here("--project", "--tool", "npm");
  expect(run.stderr).toContain("project/.npmrc: the repository my-domain/my-repo, nothing personal\n");
  const line =
    read("project/.npmrc")
      .split("\n")
      .findIndex((each) => each.includes("SECRET")) + 1;
  expect(run.stderr).toContain(`project/.npmrc:${line} (npm)`);
});

test.each([
  ["pip", `--index-url https://aws@${host}/pypi/my-repo/simple/`],
  ["uv", `uv add --index my-repo=https://aws@${host}/pypi/my-repo/simple/ PACKAGE`],
  ["pdm", `url = "https://${host}/pypi/my-repo/simple/"`],
  ["poetry", `poetry source add --priority=primary my-repo https://${host}/pypi/my-repo/simple/`],
  ["ruby", `source "https://${host}/ruby/my-repo/"`],
  ["nuget", `dotnet nuget add source https://${host}/nuget/my-repo/v3/index.json`],
  ["maven", `the repository's address is https://${host}/maven/my-repo/`],
])("what %s wants in its own file is said with the real address, set up for it or not", async (tool, text) => {
  await setRole();
  await codeartifact("--tool", "npm");
  const run = await here("--project", "--tool", tool);
  expect(run.exitCode).toBe(2);
  expect(run.stderr).toContain(text);
});

test("a tool that the repository is not set up for gets its file, and the person the command", async () => {
  await setRole();
  await codeartifact("--tool", "npm");
  const run = await here("--project", "--tool", "cargo");
  expect(Bun.TOML.parse(read("project/.cargo/config.toml"))).toEqual({
    registries: { "my-repo": { index: `sparse+https://${host}/cargo/my-repo/` } },
  });
  expect(run.stderr).toContain("On this machine my-domain/my-repo is not set up for cargo: vouch setup codeartifact");
});

test("the command in the mark takes the lines back, also where nothing is set up", async () => {
  await setRole();
  await codeartifact("--scope", "@acme");
  await here("--project", "--tool", "npm");
  const [, undo = ""] = /\(undo: vouch setup codeartifact (.*)\)/.exec(read("project/.npmrc")) ?? [];
  await setup("codeartifact", "--remove");
  expect(existsSync(join(home, "project/.npmrc"))).toBe(true);
  expect(await here(...undo.split(" "))).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(home, "project/.npmrc"))).toBe(false);
  const again = await here("--project", "--remove");
  expect(again).toMatchObject({ exitCode: 0 });
  expect(again.stderr).toContain("No file of this project has lines of Vouch's.");
});

test("in the home folder the files are the user's own, and a usage error", async () => {
  await setRole();
  await codeartifact();
  const before = snapshot();
  for (const flags of [[], ["--remove"]]) {
    const run = await setup("codeartifact", "--project", ...flags, "--tool", "npm");
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain("is your own file, not a project's");
  }
  expect(snapshot()).toEqual(before);
});

test("a repository that is not set up, and a tool without such a file, are usage errors", async () => {
  await setRole();
  await codeartifact();
  expect(await here("--project", "--repository", "other")).toMatchObject({ exitCode: 2 });
  const run = await here("--project", "--tool", "pip");
  expect(run.exitCode).toBe(2);
  expect(run.stderr).toContain("requirements.txt");
});

test("the name that the project gives its Cargo registry is adopted", async () => {
  await setRole();
  write("project/.cargo/config.toml", `[registries.acme]\nindex = "sparse+https://${host}/cargo/my-repo/"\n`);
  const run = await here(...names, "--tool", "cargo");
  expect(run.exitCode).toBe(0);
  expect(settings().repositories[0]!.registryName).toBe("acme");
  await setup("codeartifact", "--remove");
  await codeartifact("--tool", "cargo");
  expect(settings().repositories[0]!.registryName).toBe("my-repo");
});
