/** The real cargo, npm and pip in a CI job: nothing was set up, `vouch exec --identity` is all. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Job, repositoryFlags, roleFlags, startJob } from "../../job.ts";
import { ended, executable, registryName, cargoIndex } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { myLib, myPackage, seedPackage } from "../../sandbox/packages.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";
import { filesContaining } from "../disk.ts";
import { crateUserProject, npmUserProject } from "../projects.ts";

let job: Job;
let toolchain: Record<string, string>;
const place = (name: string) => join(job.folder, name);

beforeAll(async () => {
  job = await startJob();
  // A home folder for the package managers' caches, which Vouch does not need.
  mkdirSync(place("home"));
  const { PATH: _, ...rest } = toolchainEnvironment(place("home"));
  toolchain = rest;
  const { registries } = job.sandbox;
  await seedPackage(registries, "npm", myLib);
  await seedPackage(registries, "pypi", myPackage);
  await seedPackage(registries, "cargo", {
    name: "my-crate",
    version: "0.1.0",
    files: { "src/lib.rs": 'pub fn greeting() -> &\'static str {\n    "hello from my-crate"\n}\n' },
  });
});
afterAll(async () => job?.stop());

/** `vouch exec --identity github-actions … -- COMMAND` in the project. */
async function exec(cwd: string, ...command: string[]): Promise<string> {
  const identity = ["--identity", "github-actions", ...roleFlags, ...repositoryFlags];
  const env = { ...toolchain, ...job.github.env };
  return ended(job.run([executable, "exec", ...identity, "--", ...command], { cwd, env }));
}

describe.skipIf(!requires("npm"))("npm in a job", () => {
  test("installs from the registry, and then from the lock file by npm ci", async () => {
    const app = npmUserProject(place("npm-app"), "my-lib");
    writeFileSync(join(app, ".npmrc"), `registry=https://${names.packageHost}/npm/${names.repository}/\n`);
    await exec(app, "npm", "install");
    await exec(app, "npm", "ci");
    expect(readFileSync(join(app, "node_modules/my-lib/index.js"), "utf8")).toContain("hello from my-lib");
  });
});

describe.skipIf(!requires("pip", "python3"))("pip in a job", () => {
  test("installs from the index", async () => {
    await exec(job.folder, "pip", "install", "my-package", "--target", place("pip"), "--no-cache-dir");
    expect(readFileSync(place("pip/my_package/__init__.py"), "utf8")).toContain("my-package");
  });
});

describe.skipIf(!requires("cargo"))("cargo in a job", () => {
  test("builds a project that only names its registry, since Cargo asks Vouch", async () => {
    const app = crateUserProject(place("cargo-app"), "my-crate", registryName);
    mkdirSync(join(app, ".cargo"));
    writeFileSync(join(app, ".cargo/config.toml"), `[registries.${registryName}]\nindex = "${cargoIndex}"\n`);
    await exec(app, "cargo", "build");
    expect(await ended(job.run([join(app, "target/debug/app")]))).toBe("hello from my-crate\n");
  });
});

test("after a job no token, credential or ID token stands in any file", () => {
  expect(
    filesContaining(job.folder, /vouch-sandbox-(token|request)|\bASIA[A-Z0-9]{12,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\./),
  ).toEqual([]);
});
