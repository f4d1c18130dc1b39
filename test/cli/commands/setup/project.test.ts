/** `vouch setup codeartifact --project`: the files of a project, for everyone who works on it. */
import { expect, test } from "bun:test";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { host } from "../../../settings/my-repository.ts";
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
} from "./home.ts";

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
  expect(run.stdout).toContain(`+ registry=https://${host}/npm/my-repo/`);
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
