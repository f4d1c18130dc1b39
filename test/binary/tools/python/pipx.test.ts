/** pipx and hatch's environments: both install with pip, or uv, which ask Vouch's keyring. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { seedPackage } from "../../../sandbox/packages.ts";
import { filesContaining } from "../../disk.ts";
import { type HostileProject, startHostileProject } from "../../hostile/python/project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const index = `https://aws@${host}/pypi/${names.repository}/simple/`;

/** A package with a program, which pipx wants. */
const program = {
  name: "my-program",
  version: "1.0.0",
  files: {
    "my_program.py": 'def main():\n    print("hello from my-program")\n',
    "my_program-1.0.0.dist-info/entry_points.txt": "[console_scripts]\nmy-program = my_program:main\n",
  },
};

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
  await at.laptop.setUpRepository("--tool", "pipx,hatch");
  await seedPackage(at.laptop.sandbox.registries, "pypi", program);
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

const pipx = join(tools, "pipx/bin");
const recent = join(tools, "pip-26/bin");
describe.skipIf(!requires(join(pipx, "pipx"), join(recent, "uv")))("pipx", () => {
  const home = () => {
    // A new pipx wants a newer pip than Python brings, from an index: here it is there already.
    const shared = join(at.folder, "shared");
    cpSync(join(recent, ".."), shared, { recursive: true });
    const PATH = [at.laptop.shims, join(at.laptop.folder, "bin"), pipx, recent, at.laptop.env["PATH"]].join(":");
    return { PATH, PIPX_HOME: join(at.folder, "pipx"), PIPX_BIN_DIR: join(at.folder, "bin"), PIPX_SHARED_LIBS: shared };
  };

  test("is set up by --tool pipx, which is pip's part", async () => {
    const repository = ["--domain", names.domain, "--repository", names.repository, "--tool", "pipx"];
    const { stdout, exitCode } = await at.laptop.vouch("setup", "codeartifact", ...repository, "--dry-run", "--json");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("pip.conf");
  });

  test.each([
    ["pip", ["--backend", "pip"]],
    ["uv", ["--backend", "uv"]],
  ])(
    "installs with %s and runs",
    async (backend, options) => {
      const uv = { UV_DEFAULT_INDEX: index, UV_KEYRING_PROVIDER: "subprocess", UV_CACHE_DIR: join(at.folder, "uv") };
      const env = { ...home(), ...(backend === "uv" ? uv : {}) };
      const installed = await at.run(pipx, ["pipx", "install", ...options, "my-program"], {}, { env, honest: true });
      expect({ exitCode: installed.exitCode, said: installed.exitCode === 0 ? "" : installed.stderr }).toEqual({
        exitCode: 0,
        said: "",
      });
      const { stdout } = await at.run(pipx, [join(at.folder, "bin/my-program")], {}, { env, honest: true });
      expect(stdout).toContain("hello from my-program");
      expect(filesContaining(at.folder, /vouch-sandbox-token/)).toEqual([]);
    },
    120_000,
  );

  test.each(["http", "https"])(
    "gives nobody the token for what a script wants by %s",
    async (scheme) => {
      const url = `${scheme}://aws@${host}/pypi/${names.repository}/simple/my-program/my_program-1.0.0-py3-none-any.whl`;
      const script = `# /// script\n# dependencies = ["my-program @ ${url}"]\n# ///\nprint(1)\n`;
      await at.run(pipx, ["pipx", "run", "--backend", "pip", "./s.py"], { "s.py": script }, { env: home() });
      expect(at.tokensHeard()).toEqual([]);
      // Over https nobody trusts the listener.
      expect(at.eavesdropper.heard.length > 0).toBe(scheme === "http");
    },
    120_000,
  );
});

const hatch = join(tools, "hatch/bin");
describe.skipIf(!requires(join(hatch, "hatch")))("hatch", () => {
  const pyproject = (more = ""): string =>
    [
      '[project]\nname = "app"\nversion = "0.1.0"\nrequires-python = ">=3.9"',
      `[tool.hatch.envs.default]\nskip-install = true\ndependencies = ["my-program"]\n${more}`,
      '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    ].join("\n");
  const env = () => ({ HATCH_DATA_DIR: join(at.folder, "data"), HATCH_CACHE_DIR: join(at.folder, "cache") });

  test("installs into an environment with pip's settings, and runs there without a token", async () => {
    const { exitCode, stdout, stderr } = await at.run(
      hatch,
      ["hatch", "run", "my-program"],
      { "pyproject.toml": pyproject() },
      { env: env(), honest: true },
    );
    expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
    expect(stdout).toContain("hello from my-program");
    const { stdout: variables } = await at.run(hatch, ["hatch", "run", "env"], {}, { env: env(), honest: true });
    expect(variables).toContain("HATCH_ENV_ACTIVE");
    expect(variables).not.toContain("vouch-sandbox-token");
    expect(filesContaining(at.folder, /vouch-sandbox-token/)).toEqual([]);
  });

  const proxy = () => at.eavesdropper.env["HTTPS_PROXY"]!;
  test("has it heard what a person's own variables say", async () => {
    const own = { PIP_TRUSTED_HOST: host, PIP_PROXY: proxy() };
    const files = { "pyproject.toml": pyproject() };
    await at.run(hatch, ["hatch", "run", "my-program"], files, { env: { ...env(), ...own }, honest: true });
    expect(at.tokensHeard()).not.toEqual([]);
  });

  test.each<[string, string, () => string]>([
    ["env-vars", "PIP_PROXY", () => `[tool.hatch.envs.default.env-vars]\nPIP_PROXY = "${proxy()}"\n`],
    ["env-vars, inline", "PIP_TRUSTED_HOST", () => `env-vars = { PIP_TRUSTED_HOST = "${host}" }\n`],
    [
      "an override",
      "HTTPS_PROXY",
      () => `[tool.hatch.envs.default.overrides]\nplatform.linux.set-env-vars = ["HTTPS_PROXY=${proxy()}"]\n`,
    ],
  ])(
    "is refused for %s, by file and variable",
    async (_title, variable, more) => {
      const files = { "pyproject.toml": pyproject(more()) };
      const { exitCode, stderr } = await at.run(hatch, ["hatch", "run", "my-program"], files, { env: env() });
      expect(stderr).toMatch(new RegExp(`^vouch: hatch is not started: \\S+/pyproject\\.toml sets ${variable} `));
      expect(exitCode).toBe(5);
      expect(at.eavesdropper.heard).toEqual([]);
    },
    60_000,
  );
});
