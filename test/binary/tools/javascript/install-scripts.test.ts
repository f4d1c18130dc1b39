/**
 * What code of packages can read while npm and pnpm of several years install and publish: no token in any environment,
 * file, argument or descriptor. Where it can, a line says so.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended, type Laptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { makeRepository } from "../../hostile/javascript/git.ts";
import { pathWith, programsOf, setUpNpm, startNpmLaptop } from "./npm-laptop.ts";

const spy = join(import.meta.dir, "spy.cjs");
const endpoint = `//${names.packageHost}/npm/${names.repository}/`;

let laptop: Laptop;
let count = 0;

interface Sight {
  who: string;
  found: string[];
  environments: number;
  descriptors: number;
  programs: string[];
}

const place = (name: string): string => join(laptop.home, name);

/** A package whose every script looks for the token. */
function writePackage(folder: string, name: string, scripts: Record<string, string>, more: object = {}): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(spy, join(folder, "spy.cjs"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", scripts, ...more }));
  return folder;
}

const scripts = { preinstall: "node spy.cjs", install: "spy-gyp build", postinstall: "node spy.cjs" };

beforeAll(async () => {
  laptop = await startNpmLaptop();
  const gyp = writePackage(place("spy-gyp"), "spy-gyp", {}, { bin: { "spy-gyp": "spy.cjs" } });
  writeFileSync(join(gyp, "spy.cjs"), `#!/usr/bin/env node\n${readFileSync(spy, "utf8")}`);
  const dep = writePackage(place("spy-dep"), "spy-dep", scripts, { dependencies: { "spy-gyp": "1.0.0" } });
  for (const cwd of [gyp, dep]) await ended(laptop.run(["npm", "publish", "--ignore-scripts"], { cwd }));
  const local = { prepare: "node spy.cjs", postinstall: "node spy.cjs" };
  writePackage(place("spy-local"), "spy-local", local);
});
afterAll(async () => laptop?.stop());

interface Project {
  manifest?: object;
  files?: Record<string, string>;
  env?: Record<string, string | undefined>;
}

/** Runs the command in a new project; what its scripts and those of its dependencies saw. */
async function run(path: string, command: string[], { manifest = {}, files = {}, env = {} }: Project = {}) {
  const folder = mkdtempSync(place("app-"));
  const project = {
    dependencies: { "spy-dep": "1.0.0", "spy-local": "file:../spy-local" },
    allowScripts: { "spy-dep": true, "spy-local": true },
    ...manifest,
  };
  const own = { prepare: "node spy.cjs", prepublishOnly: "node spy.cjs" };
  writePackage(folder, `app-${count++}`, own, project);
  const workspace = "packages: []\nonlyBuiltDependencies: [spy-dep]\nallowBuilds:\n  spy-dep: true\n";
  for (const [name, text] of Object.entries({ "pnpm-workspace.yaml": workspace, ...files })) {
    writeFileSync(join(folder, name), text);
  }
  const report = join(folder, "report");
  writeFileSync(report, "");
  const finished = await laptop.run(command, {
    cwd: folder,
    env: {
      PATH: path,
      SPY_REPORT: report,
      SPY_STOP: String(process.pid),
      npm_config_audit: "false",
      npm_config_fetch_retries: "0",
      // What an earlier test has fetched or built would do without a script.
      npm_config_cache: join(folder, "cache"),
      XDG_DATA_HOME: join(folder, "data"),
      XDG_CACHE_HOME: join(folder, "cache"),
      npm_config_side_effects_cache: "false",
      pnpm_config_side_effects_cache: "false",
      ...env,
    },
  });
  const sights = readFileSync(report, "utf8").split("\n").filter(Boolean);
  return { ...finished, folder, sights: sights.map((line) => JSON.parse(line) as Sight) };
}

/** The scripts have run, have looked, and have found nothing; and the user was told nothing. */
function expectNothingFound(
  { exitCode, stdout, stderr, sights }: Awaited<ReturnType<typeof run>>,
  who: string[],
): void {
  expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
  expect(sights.map((sight) => sight.who)).toEqual(expect.arrayContaining(who));
  for (const sight of sights) {
    expect({ who: sight.who, found: sight.found }).toEqual({ who: sight.who, found: [] });
    expect(sight.environments).toBeGreaterThan(1);
    expect(sight.descriptors).toBeGreaterThan(0);
  }
  expect(stderr).not.toContain("vouch:");
}

/** pnpm asks for leave to run a script by more than the name of a package in a folder. */
const registryOnly = { dependencies: { "spy-dep": "1.0.0" } };

/** npm 12 takes leave for scripts of a package in a folder by its path, and npm 9 runs scripts only of packages of which the registry's list says that they have some. */
const dependencys = (tool: string): string[] =>
  tool === "npm-9" ? [] : ["spy-dep:preinstall", "build", "compiler", "spy-dep:postinstall"];

describe.each(["npm-9", "npm-10", "npm-11", "npm-12"])("with %s", (tool) => {
  const path = (): string => pathWith(laptop, tool);

  describe.skipIf(!requires(join(programsOf(tool), "npm"), "git"))("where it is installed,", () => {
    test("scripts see no token while it installs, and then installs from its lock file", async () => {
      const own = /app-\d+:prepare/;
      const local = tool === "npm-12" ? [] : ["spy-local:postinstall", "spy-local:prepare"];
      const who = [...dependencys(tool), ...local, expect.stringMatching(own) as string];
      expectNothingFound(await run(path(), ["npm", "install", "--install-links=false"]), who);
      const both = "npm install --package-lock-only --ignore-scripts && npm ci --install-links=false";
      expectNothingFound(await run(path(), ["sh", "-c", both]), who);
    });

    test("a program that npx fetches sees none", async () => {
      expectNothingFound(await run(path(), ["npx", "--yes", "-p", "spy-gyp@1.0.0", "spy-gyp", "npx"]), ["npx"]);
    });

    test("scripts see none while it publishes", async () => {
      const finished = await run(path(), ["npm", "publish"]);
      expectNothingFound(
        finished,
        finished.sights.map(({ who }) => who),
      );
      expect(finished.sights.length).toBe(2);
    });

    test("the npm that it starts for a dependency in git, and what that runs, see none", async () => {
      const folder = writePackage(mkdtempSync(place("git-")), "spy-git", { prepare: "node spy.cjs" });
      const files = Object.fromEntries(
        ["package.json", "spy.cjs"].map((name) => [name, readFileSync(join(folder, name), "utf8")]),
      );
      const git = makeRepository(join(folder, "repository"), files);
      const manifest = { dependencies: { "spy-git": git } };
      const finished = await run(path(), ["npm", "install"], { manifest, files: { ".npmrc": "allow-git=all\n" } });
      expectNothingFound(finished, ["spy-git:prepare"]);
      const sight = finished.sights.find(({ who }) => who === "spy-git:prepare");
      expect(sight!.programs.filter((program) => /npm/.test(program)).length).toBeGreaterThan(1);
    });

    test("an npm that a script starts keeps the user's settings, and writes them", async () => {
      const lines = [
        'npm config set "fund=false"',
        'node "$npm_execpath" config get registry > direct.txt',
        "npm config get registry > shim.txt",
        "npm view spy-dep version > viewed.txt",
      ];
      const manifest = { dependencies: {}, scripts: { prepare: lines.join(" && ") } };
      const { exitCode, stderr, folder } = await run(path(), ["npm", "install"], { manifest });
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      for (const name of ["direct.txt", "shim.txt"]) {
        expect(readFileSync(join(folder, name), "utf8")).toBe(`https:${endpoint}\n`);
      }
      expect(readFileSync(join(folder, "viewed.txt"), "utf8")).toContain("1.0.0");
      expect(readFileSync(place(".npmrc"), "utf8")).toContain("fund=false");
    });
  });
});

describe.skipIf(!requires(join(programsOf("npm-11"), "npm")))("npm 11", () => {
  const path = (...more: string[]): string => [laptop.shims, ...more, pathWith(laptop, "npm-11")].join(":");
  const install = ["npm", "install"];

  test("reads the global file in the pipe, also a long one", async () => {
    const file = place("global-npmrc");
    const text = `; ${"x".repeat(200_000)}\nfoo-of-mine=global\n`;
    writeFileSync(file, text);
    const env = { npm_config_globalconfig: file };
    const show = 'node -p "process.env.npm_config_globalconfig" > named.txt';
    const finished = await run(path(), ["npm", "install", "--loglevel=warn"], { env });
    expect(finished.stderr).toContain('"foo-of-mine"');
    expect(finished.sights.flatMap(({ found }) => found)).toEqual([]);
    const inner = await run(path(), install, {
      env,
      manifest: { dependencies: {}, scripts: { prepare: `npm run x`, x: show } },
    });
    expect(readFileSync(join(inner.folder, "named.txt"), "utf8")).toBe(`${file}\n`);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test.each<[string, () => Project, RegExp]>([
    [
      "a project that names AWS's variable",
      () => ({ files: { ".npmrc": `${endpoint}:_authToken=\${CODEARTIFACT_AUTH_TOKEN}\n` } }),
      /app-\w+\/\.npmrc: .*:_authToken is taken before/,
    ],
    [
      "a global file that is too long",
      () => ({ env: { npm_config_globalconfig: writeGlobal(`; ${"x".repeat(2_000_000)}\n`) } }),
      /global-.* does not fit into a pipe/,
    ],
    [
      "a global file that alone names the registry",
      () => ({
        env: {
          npm_config_userconfig: "/dev/null",
          npm_config_globalconfig: writeGlobal(`registry=https:${endpoint}\n`),
        },
      }),
      /global-.* alone names registry/,
    ],
  ])(
    "is given the variables with %s, and a line says so",
    async (_, project, words) => {
      const { exitCode, stderr, sights } = await run(path(), install, project());
      expect(exitCode).toBe(0);
      expect(stderr.split("\n").filter((line) => line.startsWith("vouch:"))).toEqual([expect.stringMatching(words)]);
      expect(stderr).toContain("Install scripts of packages can read npm's token here");
      expect(sights.flatMap(({ found }) => found)).toContain("own environment");
    },
    120_000,
  );

  function writeGlobal(text: string): string {
    const file = join(mkdtempSync(place("global-")), "global-npmrc");
    writeFileSync(file, text);
    return file;
  }

  test("doctor names the project's line", async () => {
    const folder = mkdtempSync(place("doctor-"));
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, ".npmrc"), `${endpoint}:_authToken=\${CODEARTIFACT_AUTH_TOKEN}\n`);
    const { stdout } = await laptop.run(["vouch", "doctor", "--json"], { cwd: folder });
    expect(stdout).toContain("can read the token");
    expect(stdout).toContain(join(folder, ".npmrc:1"));
  });

  test.each<[string, string, (real: string) => string]>([
    ["starts it by its path", "by-path", (real) => `exec '${real}' "$@"`],
    ["looks for it on PATH", "by-name", () => `exec npm "$@"`],
  ])(
    "behind a version manager that %s leaves no token to scripts",
    async (_, name, text) => {
      const folder = place(name);
      mkdirSync(folder);
      writeFileSync(join(folder, "npm"), `#!/bin/sh\n${text(join(programsOf("npm-11"), "npm"))}\n`);
      chmodSync(join(folder, "npm"), 0o755);
      expectNothingFound(await run(path(folder), install), ["spy-dep:postinstall"]);
    },
    120_000,
  );

  test("of a major that was never seen is given the variables", async () => {
    const folder = place("npm-13");
    mkdirSync(join(folder, "npm/bin"), { recursive: true });
    writeFileSync(join(folder, "npm/package.json"), JSON.stringify({ name: "npm", version: "13.0.0" }));
    const real = join(programsOf("npm-11"), "../npm/bin/npm-cli.js");
    const program = join(folder, "npm/bin/npm-cli.js");
    // No shell: that would drop variables of npm's names.
    writeFileSync(program, `#!/usr/bin/env node\nrequire(${JSON.stringify(real)});\n`);
    chmodSync(program, 0o755);
    symlinkSync(program, join(folder, "npm/npm"));
    const { stderr, exitCode } = await run(path(join(folder, "npm")), ["npm", "view", "spy-dep", "version"]);
    expect(stderr).toContain("is npm 13.0.0");
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("under vouch exec has the variables, and nothing is said", async () => {
    const { stderr, sights } = await run(path(), ["vouch", "exec", "--", ...install]);
    expect(stderr).not.toContain("vouch:");
    expect(sights.map(({ found }) => found.includes("own environment"))).not.toContain(false);
    expect(sights.length).toBeGreaterThan(0);
  });
});

describe.each(["pnpm-9", "pnpm", "pnpm-11", "pnpm-12"])("with %s", (tool) => {
  const path = (): string => pathWith(laptop, tool);

  describe.skipIf(!requires(join(programsOf(tool), "pnpm")))("where it is installed,", () => {
    beforeAll(() => setUpNpm(laptop, { PATH: path() }, "pnpm"));

    test("scripts see no token while it installs, and adds", async () => {
      const who = ["spy-dep:preinstall", "build", "compiler", "spy-dep:postinstall"];
      expectNothingFound(await run(path(), ["pnpm", "install"], { manifest: registryOnly }), who);
      const none = { dependencies: {} };
      expectNothingFound(await run(path(), ["pnpm", "add", "-w", "spy-dep@1.0.0"], { manifest: none }), who);
    });

    test("a program that dlx fetches sees none", async () => {
      const command = ["pnpm", "--package=spy-gyp@1.0.0", "dlx", "spy-gyp", "dlx"];
      expectNothingFound(await run(path(), command), ["dlx"]);
    });

    test("scripts see none while it publishes", async () => {
      const finished = await run(path(), ["pnpm", "publish", "--no-git-checks"]);
      expectNothingFound(
        finished,
        finished.sights.map(({ who }) => who),
      );
      expect(finished.sights.length).toBeGreaterThan(0);
    });

    test("says so where a project names another pnpm", async () => {
      const named = { ...registryOnly, packageManager: "pnpm@8.0.0" };
      const env = {
        npm_config_manage_package_manager_versions: "false",
        npm_config_package_manager_strict: "false",
        pnpm_config_pm_on_fail: "ignore",
      };
      const { stderr } = await run(path(), ["pnpm", "install"], { manifest: named, env });
      expect(stderr).toContain("can read pnpm's token here: the project names pnpm@8.0.0");
    });
  });
});
