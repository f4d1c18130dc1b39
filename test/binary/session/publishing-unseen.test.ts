/** A token to publish with, while it is used: no program of the user can read it, nor what the package manager starts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finished, Laptop } from "../../laptop.ts";
import { acme } from "../../sandbox/aws/second-account.ts";
import { startAcmeLaptop } from "./acme-laptop.ts";
import { requires } from "../../requires.ts";
import { pythonDistributions } from "../../docs/projects.ts";
import { throughProxy } from "../../toolchains/python-proxy.ts";
import { filesContaining } from "../disk.ts";
import { npmProject } from "../projects.ts";
import { type UploadWatch, watchUploads } from "../upload-watch.ts";

const tools = join(import.meta.dir, "../../../.tools");
const [hatch, pdm] = [join(tools, "hatch/bin"), join(tools, "pdm/bin")];
const isLinux = process.platform === "linux";

let laptop: Laptop;
let watch: UploadWatch;
let modules: string;
beforeAll(async () => {
  const at = await startAcmeLaptop();
  ({ laptop } = at);
  await at.setUpProfile();
  await at.setUpPublishing("--tool", "bun,hatch,pdm");
  watch = await watchUploads(laptop.sandbox.proxyUrl, laptop.home);
  modules = join(laptop.folder, "modules");
  mkdirSync(modules);
  writeFileSync(join(modules, "sitecustomize.py"), throughProxy);
});
afterAll(async () => {
  await watch?.stop();
  await laptop?.stop();
});
beforeEach(() => {
  watch.tokens.length = watch.programs.length = watch.connections = 0;
});

/** The command, on a terminal or without one, through the watched network. */
function run(
  command: string[],
  {
    cwd,
    bin,
    env = {},
    terminal = true,
  }: { cwd: string; bin: string; env?: Record<string, string>; terminal?: boolean },
): Promise<Finished> {
  const PATH = [laptop.shims, join(laptop.folder, "bin"), bin, laptop.env["PATH"]].join(":");
  const options = { cwd, env: { PATH, HTTPS_PROXY: watch.url, https_proxy: watch.url, ...env } };
  return terminal ? laptop.runOnTerminal(command, options) : laptop.run(["setsid", "-w", ...command], options);
}

const question = "asks to publish to acme/their-repo. Touch your security key to allow it.";
function expectUnseen(program: string): void {
  expect(watch.programs.filter((words) => words.includes(program))).not.toEqual([]);
  expect(watch.tokens).toEqual([]);
}

describe.skipIf(!isLinux)("while it uploads, nothing shows the token of", () => {
  test("bun", async () => {
    const bin = join(laptop.folder, "programs");
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, "bun"));
    const cwd = npmProject(join(laptop.home, "of-bun"), "of-bun");
    const command = ["bun", "publish", "--ignore-scripts"];
    expect((await run(command, { cwd, bin, terminal: false })).exitCode).not.toBe(0);
    const { exitCode, stdout, stderr } = await run(command, { cwd, bin });
    expect(stderr).toContain(question);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining("of-bun@") });
    expectUnseen("bun ");
  });

  test.skipIf(!requires(join(hatch, "hatch"))).each([
    ["", {}],
    ["whose user name is given", { HATCH_INDEX_USER: "aws" }],
  ])(
    "hatch %s",
    async (_, variables) => {
      const cwd = join(laptop.home, `of-hatch-${Object.keys(variables).length}`);
      const version = Object.keys(variables).length;
      mkdirSync(cwd, { recursive: true });
      pythonDistributions(cwd, `0.1.${version}`);
      const command = [
        "hatch",
        "publish",
        "--no-prompt",
        "--repo",
        acme.repository,
        `dist/my_tool-0.1.${version}.tar.gz`,
      ];
      const env = { PYTHONPATH: modules, ...variables };
      const refused = await run(command, { cwd, bin: hatch, env, terminal: false });
      expect(refused.stderr).toContain("needs a touch of your security key");
      expect(refused.exitCode).toBe(5);
      const { exitCode, stderr } = await run(command, { cwd, bin: hatch, env });
      expect(stderr.replaceAll(/\s+/g, " ")).toContain(question);
      expect({ exitCode, said: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, said: "" });
      expectUnseen("hatch publish");
    },
    60_000,
  );
});

const url = `https://${acme.host}/pypi/${acme.repository}/`;

describe.skipIf(!isLinux || !requires(join(pdm, "pdm")))("pdm publish", () => {
  const bin = pdm;
  const publish = ["publish", "--repository", acme.repository];
  let cwd: string;
  let env: Record<string, string>;
  beforeAll(() => {
    cwd = join(laptop.home, "spied");
    mkdirSync(cwd);
    const spy = (who: string) => `${who} = { cmd = ["python3", "pdm_spy.py", "${who}", "${url}"] }\n`;
    const backend = `[build-system]\nrequires = []\nbuild-backend = "pdm_spy"\nbackend-path = ["."]\n`;
    const project = `[project]\nname = "spied"\nversion = "1.0.0"\nrequires-python = ">=3.8"\n`;
    const scripts = `[tool.pdm.scripts]\n${spy("pre_publish")}${spy("post_build")}${spy("post_publish")}`;
    writeFileSync(join(cwd, "pyproject.toml"), project + backend + scripts);
    writeFileSync(join(cwd, "PKG-INFO"), "Metadata-Version: 2.1\nName: spied\nVersion: 1.0.0\n");
    copyFileSync(join(import.meta.dir, "pdm-spy.py"), join(cwd, "pdm_spy.py"));
    const SPY_REPORT = join(laptop.folder, "spied.jsonl");
    env = { PDM_CHECK_UPDATE: "0", SPY_REPORT, SPY_URL: url };
  });
  const reported = () =>
    readFileSync(env["SPY_REPORT"]!, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { who: string; found: string[]; refused: number });

  test("is refused without a terminal, in words, and nothing of it runs", async () => {
    const { exitCode, stderr } = await run(["pdm", ...publish], { cwd, bin, env, terminal: false });
    expect(stderr).toContain("needs a touch of your security key");
    expect(exitCode).toBe(5);
    expect(existsSync(env["SPY_REPORT"]!)).toBe(false);
  });

  test("with plugins of the project in PDM's own process is refused", async () => {
    const plugins = join(cwd, ".pdm-plugins");
    mkdirSync(plugins);
    const { exitCode, stderr } = await run(["pdm", ...publish], { cwd, bin, env });
    rmSync(plugins, { recursive: true });
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(".pdm-plugins) in its own process, and they could read it.");
    expect(stderr).not.toContain("Touch your security key");
    expect(exitCode).toBe(5);
  });

  test("publishes by one touch, and the project's build backend and scripts get nothing by it", async () => {
    const { exitCode, stdout, stderr } = await run(["pdm", ...publish], { cwd, bin, env });
    const said = (stdout + stderr).replaceAll(/\s+/g, " ");
    expect({ exitCode, said: exitCode === 0 ? "" : said }).toEqual({ exitCode: 0, said: "" });
    expect(said.match(/asks to publish/g)?.length).toBe(1);
    const whos = ["pre_publish", "backend", "post_build", "post_publish"];
    expect(reported()).toEqual(whos.map((who) => ({ who, found: [], refused: 3 })));
    expectUnseen("pdm");
  });

  test("that no shim stands before is given nothing, and asks for no touch", async () => {
    const { exitCode, stderr } = await run([join(pdm, "pdm"), ...publish, "--no-build"], { cwd, bin, env });
    expect(stderr).not.toContain("Touch your security key");
    expect(exitCode).not.toBe(0);
  });
});

test.skipIf(!isLinux)(
  "where a program has one in its environment or in a pipe, the watch sees it",
  async () => {
    const ask = "await fetch(process.argv[1]).catch(() => 0)";
    const become = 'exec 150< <(printf vouch-sandbox-token); exec "$@"';
    const command = ["bash", "-c", become, "-", process.execPath, "-e", ask, `https://${acme.host}/`];
    const env = { TOKEN: "vouch-sandbox-token", BUN_BE_BUN: "1" };
    await run(command, { cwd: laptop.home, bin: "/usr/bin", env, terminal: false });
    expect(watch.tokens.join()).toContain("environment of ");
    expect(watch.tokens.join()).toContain("descriptor 150 of ");
  },
  60_000,
);

test("no token stands in any file", () => {
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
});
