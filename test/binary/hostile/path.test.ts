/** A cloned project with programs of its own, where PATH has relative or empty entries: none of them is started. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, type Laptop, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";

let laptop: Laptop;
let project: string;
let marker: string;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  project = join(laptop.home, "project");
  marker = join(laptop.folder, "started");
  for (const folder of [project, join(project, "bin")]) {
    mkdirSync(folder, { recursive: true });
    for (const name of planted) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho "$0 $*" >> '${marker}'\nexit 7\n`);
      chmodSync(join(folder, name), 0o755);
    }
  }
});
afterAll(() => laptop.stop());

/** Whatever Vouch or a package manager behind a shim might start by its name. */
const planted =
  "pip pip3 pip3.11 python python3 uv keyring npm npx node pnpm cargo aws ps sh env systemctl vouch buildkite-agent tput stty answer".split(
    " ",
  );

/** Entries that mean the current folder, in front of the real ones. */
const entries = [".", "", "bin", "./bin", "project/..", "bin/../bin"];

const setup = ["setup", "codeartifact", "--domain", "my-domain", "--repository", "my-repo", "--dry-run"];

describe.each(entries)("with the entry %p in PATH", (entry) => {
  const run = async (command: string[]) => {
    rmSync(marker, { force: true });
    const PATH = [entry, laptop.env["PATH"]!, entry].join(":");
    const finished = await laptop.run(command, { cwd: project, env: { PATH } });
    expect(existsSync(marker) ? readFileSync(marker, "utf8") : "").toBe("");
    return finished;
  };

  test.each([
    ["doctor", ["doctor"]],
    ["status", ["status"]],
    ["setup of pip", [...setup, "--tool", "pip"]],
    ["setup of all that is installed", setup],
    ["credential", ["credential", "codeartifact"]],
  ])("vouch %s starts nothing of the project", async (_, args) => void (await run([executable, ...args])));

  test("a pip that is a script of `env` uses no interpreter of the project", async () => {
    const own = join(laptop.folder, "own");
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "pip"), '#!/usr/bin/env sh\necho "pip 20.0 from /x (python 3.8)"\n', { mode: 0o755 });
    rmSync(marker, { force: true });
    const PATH = [entry, own, laptop.env["PATH"]!].join(":");
    for (const args of [["doctor"], [...setup, "--tool", "pip"]]) {
      await laptop.run([executable, ...args], { cwd: project, env: { PATH } });
    }
    expect(existsSync(marker) ? readFileSync(marker, "utf8") : "").toBe("");
  });

  test("vouch exec starts no command of the project, and reports that there is none", async () => {
    const { stderr, exitCode } = await run([executable, "exec", "--", "answer"]);
    expect(stderr).toContain("answer is not on PATH");
    expect(exitCode).toBe(127);
  });

  test("vouch exec starts the real command behind the entry", async () => {
    const { stdout, exitCode } = await run([executable, "exec", "--", "env"]);
    expect(stdout).toContain("CODEARTIFACT_AUTH_TOKEN=");
    expect(exitCode).toBe(0);
  });

  test.skipIf(!requires("npm"))(
    "npm's shim becomes the real npm",
    async () => {
      // npm is a script of `env node`: the system's own search decides on its interpreter, so that only npm is planted.
      for (const folder of [project, join(project, "bin")]) rmSync(join(folder, "node"), { force: true });
      const { exitCode } = await run([join(laptop.shims, "npm"), "--version"]);
      expect(exitCode).toBe(0);
    },
    60_000,
  );

  test.skipIf(!requires("pip3"))(
    "pip's shim becomes the real pip",
    async () => {
      const { exitCode } = await run([join(laptop.shims, "pip3"), "--version"]);
      expect(exitCode).toBe(0);
    },
    60_000,
  );
});
