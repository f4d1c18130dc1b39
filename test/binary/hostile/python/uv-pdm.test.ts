/** Projects that lead uv and PDM elsewhere with the token, where `vouch setup` has set both up, and somebody listens. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { holdsToken } from "../listener.ts";
import { type HostileProject, leadingWheel, startHostileProject } from "./project.ts";
import { buildWheel } from "../../../sandbox/packages.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const index = `https://${host}/pypi/${names.repository}/simple/`;

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
  await at.laptop.setUpRepository("--tool", "uv,pdm");
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

const project = (more = ""): string =>
  `[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["my-package"]\n${more}`;
const insecure = `allow-insecure-host = ["${host}"]\n`;
const wheel = buildWheel({ name: "my-package", version: "2.0.0", files: { "my_package/__init__.py": "" } });
const script = ["# /// script", `# dependencies = ["my-package"]`, "# [tool.uv]", `# ${insecure.trim()}`, "# ///"].join(
  "\n",
);

describe.each(["pip-26", "uv-0.7"])("the uv of .tools/%s", (folder) => {
  const bin = join(tools, folder, "bin");
  const python = ["--no-cache", "--python", "python3"];
  /** Variables of a file come where the person has set none. */
  const unset = { SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined } as never as Record<string, string>;

  describe.skipIf(!requires(join(bin, "uv")))("where it is installed,", () => {
    test("has the token without a project's files, and asks with it", async () => {
      const { exitCode, stderr } = await at.run(
        bin,
        ["uv", "lock", ...python],
        { "pyproject.toml": project() },
        { honest: true },
      );
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    });

    test.each<[string, string[], Record<string, string>]>([
      ["a script after =", ["lock", "--script=s.py"], { "s.py": script }],
      ["a script after = in a folder", ["sync", "--script=./a/s.py"], { "a/s.py": script }],
      ["the project's configuration", ["lock"], { "pyproject.toml": project(`[tool.uv]\n${insecure}`) }],
      ["every host", ["lock"], { "pyproject.toml": project(), "uv.toml": `allow-insecure-host = ["*"]\n` }],
      [
        "a project in another folder",
        ["lock", "--project=sub"],
        { "sub/pyproject.toml": project(`[tool.uv]\n${insecure}`) },
      ],
      [
        "the index's name with a URL over http",
        ["lock"],
        {
          "pyproject.toml": project(
            `[[tool.uv.index]]\nname = "my-repo"\nurl = "http://aws@${host}/pypi/my-repo/simple/"\ndefault = true\n`,
          ),
        },
      ],
    ])(
      "gives nobody the token: %s",
      async (_, [command = "", ...args], files) => {
        await at.run(bin, ["uv", command, ...python, ...args], files);
        expect(at.tokensHeard()).toEqual([]);
        expect(at.eavesdropper.heard.length).toBeGreaterThan(0);
      },
      60_000,
    );

    test("gives nobody the token: the URL of a file in uv.lock", async () => {
      const file = `{ url = "http://${host}/x/my_package-1.0.0-py3-none-any.whl", hash = "sha256:${"0".repeat(64)}" }`;
      const lock = `version = 1\nrequires-python = ">=3.8"\n[[package]]\nname = "my-package"\nversion = "1.0.0"\nsource = { registry = "${index}" }\nwheels = [${file}]\n[[package]]\nname = "x"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "my-package" }]\n[package.metadata]\nrequires-dist = [{ name = "my-package" }]\n`;
      await at.run(bin, ["uv", "sync", ...python, "--frozen"], { "pyproject.toml": project(), "uv.lock": lock });
      expect(at.tokensHeard()).toEqual([]);
      expect(at.eavesdropper.heard.length).toBeGreaterThan(0);
    });

    test.each<[string, string[], Record<string, string>]>([
      ["an option", ["--env-file", ".env"], unset],
      ["an option with =", ["--env-file=.env"], unset],
      ["a variable", [], { ...unset, UV_ENV_FILE: ".env" }],
    ])(
      "gives nobody the token: variables of a file that %s names",
      async (_, args, env) => {
        const files = {
          "pyproject.toml": project(),
          ".env": `export SSL_CERT_FILE="${at.eavesdropperCa}"\nUV_INSECURE_HOST=${host}\n`,
        };
        const { exitCode } = await at.run(bin, ["uv", "run", ...python, ...args, "true"], files, { env });
        expect(at.tokensHeard()).toEqual([]);
        expect(exitCode).not.toBe(0);
      },
      60_000,
    );

    test("names file and line of a variable that may decide about trust", async () => {
      const files = { "pyproject.toml": project(), ".env": `# mine\nTOKEN=x\nHTTPS_PROXY=http://127.0.0.1:1\n` };
      const { stderr } = await at.run(bin, ["uv", "run", ...python, "--env-file", ".env", "true"], files, {
        honest: true,
      });
      expect(stderr).toContain(".env:3 sets HTTPS_PROXY");
    });

    test("runs with variables of a file that decide nothing", async () => {
      const files = { "pyproject.toml": project(), ".env": "DATABASE_URL=postgres://localhost/x\n" };
      const run = at.run(bin, ["uv", "run", ...python, "--env-file", ".env", "printenv", "DATABASE_URL"], files, {
        honest: true,
      });
      expect(await run).toMatchObject({ exitCode: 0, stdout: "postgres://localhost/x\n" });
    });

    test("publishes nothing to where a project leads the index's name", async () => {
      const files = {
        "pyproject.toml": project(
          `[[tool.uv.index]]\nname = "my-repo"\nurl = "${index}"\npublish-url = "https://aws@other-registry.example.com/pypi/my-repo/"\n`,
        ),
        [`dist/${wheel.filename}`]: wheel.bytes,
      };
      const { exitCode } = await at.run(
        bin,
        ["uv", "publish", "--no-cache", "--index", "my-repo", `dist/${wheel.filename}`],
        files,
      );
      expect(exitCode).not.toBe(0);
      expect(at.tokensHeard()).toEqual([]);
    });
  });
});

test.skipIf(!requires(join(tools, "pip-26/bin/uv")))(
  "a proxy in a project's uv.toml means no token, with the place",
  async () => {
    const files = { "pyproject.toml": project(), "uv.toml": `https-proxy = "${at.eavesdropper.env["HTTPS_PROXY"]}"\n` };
    const { exitCode, stderr } = await at.run(join(tools, "pip-26/bin"), ["uv", "lock", "--no-cache"], files, {
      honest: true,
      env: { HTTPS_PROXY: "", https_proxy: "" },
    });
    expect(at.tokensHeard()).toEqual([]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("uv.toml sets https-proxy");
  },
  60_000,
);

const pdm = join(tools, "pdm/bin");
describe.skipIf(!requires(join(pdm, "pdm")))("PDM", () => {
  const lock = ["pdm", "lock", "--no-cross-platform"];
  const unverified = `[[tool.pdm.source]]\nname = "pypi"\nurl = "${index}"\nverify_ssl = false\n`;

  test("locks with the index of its own file", async () => {
    const { exitCode, stdout, stderr } = await at.run(pdm, lock, { "pyproject.toml": project() }, { honest: true });
    expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
  });

  test.each<[string, string[], Record<string, string>, Record<string, string>?]>([
    ["a quoted key", lock, { "pyproject.toml": project(), "pdm.toml": `"pypi.verify_ssl" = false\n` }],
    ["a word for false", lock, { "pyproject.toml": project(), "pdm.toml": `[pypi]\nverify_ssl = "no"\n` }],
    [
      "a source by name alone",
      lock,
      { "pyproject.toml": project(`[[tool.pdm.source]]\nname = "pypi"\nverify_ssl = false\n`) },
    ],
    ["a project in PDM_PROJECT", lock, { "sub/pyproject.toml": project(unverified) }, { PDM_PROJECT: "sub" }],
    ["a project after -p", [...lock, "-psub"], { "sub/pyproject.toml": project(unverified) }],
    ["a project after --project=", [...lock, "--project=sub"], { "sub/pyproject.toml": project(unverified) }],
  ])(
    "gives nobody the token: %s",
    async (_, command, files, env = {}) => {
      await at.run(pdm, command, files, { env });
      expect(at.tokensHeard()).toEqual([]);
    },
    120_000,
  );

  test("gives nobody the token: the URL of a file in pdm.lock", async () => {
    const file = `{url = "http://${host}/x/my_package-1.0.0-py3-none-any.whl", hash = "sha256:${"0".repeat(64)}"}`;
    const locked = `[metadata]\ngroups = ["default"]\nstrategy = ["static_urls"]\nlock_version = "4.5.1"\ncontent_hash = "sha256:x"\n[[metadata.targets]]\nrequires_python = ">=3.8"\n[[package]]\nname = "my-package"\nversion = "1.0.0"\nsummary = ""\nfiles = [${file}]\n`;
    await at.run(pdm, ["pdm", "sync", "--no-self"], { "pyproject.toml": project(), "pdm.lock": locked });
    expect(at.tokensHeard()).toEqual([]);
    expect(at.eavesdropper.heard.length).toBeGreaterThan(0);
  });

  test.each<[string, string, Record<string, string>]>([
    [
      "a folder as a source",
      `[[tool.pdm.source]]\ntype = "find_links"\nname = "l"\nurl = "file:///\${PROJECT_ROOT}"\n`,
      {},
    ],
    [
      "a folder as a source of pdm.toml",
      "",
      { "pdm.toml": `[pypi.l]\ntype = "find_links"\nurl = "file:///\${PROJECT_ROOT}"\n` },
    ],
  ])(
    "gives nobody the token: a wheel's metadata in %s",
    async (_, more, files) => {
      const led = leadingWheel(`http://${host}/pypi/my-repo/zzz-1.0.0-py3-none-any.whl`);
      const pyproject = project(more).replace('["my-package"]', '["my-package", "lead"]');
      const all = { "pyproject.toml": pyproject, [led.filename]: led.bytes, ...files };
      const { exitCode, heard } = await at.heardWithoutTls(pdm, lock, all);
      expect(heard.filter(holdsToken)).toEqual([]);
      expect(exitCode).not.toBe(0);
    },
    120_000,
  );

  describe("beside an index that leads to the repository's host without TLS", () => {
    let evil: Bun.Server<undefined>;
    beforeAll(() => {
      const link = `http://${host}/x/my_package-9.0.0-py3-none-any.whl`;
      const page = `<a href="${link}">my_package-9.0.0-py3-none-any.whl</a>`;
      const headers = { "content-type": "text/html" };
      evil = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(page, { headers }) });
    });
    afterAll(() => evil?.stop(true));

    async function heardLocking(env: Record<string, string> = {}): Promise<string[]> {
      const source = `[[tool.pdm.source]]\nname = "e"\nurl = "http://127.0.0.1:${evil.port}/simple"\n`;
      return (await at.heardWithoutTls(pdm, lock, { "pyproject.toml": project(source) }, env)).heard;
    }

    test("gives nobody the token", async () => {
      const heard = await heardLocking();
      expect(heard.filter(holdsToken)).toEqual([]);
    });

    test("takes it for the person's own where their own file names it", async () => {
      const own = join(at.laptop.folder, "own.toml");
      writeFileSync(own, `[pypi]\nurl = "${index}"\n[pypi.e]\nurl = "http://127.0.0.1:${evil.port}/simple"\n`);
      const heard = await heardLocking({ PDM_CONFIG_FILE: own });
      expect(heard.filter(holdsToken)).not.toEqual([]);
    });
  });

  test.each<[string, Record<string, string>]>([
    ["options in pyproject.toml", { "pyproject.toml": project(`[tool.pdm.options]\npublish = ["--no-verify-ssl"]\n`) }],
    [
      "the repository's name",
      { "pyproject.toml": project(), "pdm.toml": `[repository.my-repo]\nverify_ssl = false\n` },
    ],
    [
      "another URL for the repository's name",
      {
        "pyproject.toml": project(),
        "pdm.toml": `[repository.my-repo]\nurl = "https://other-registry.example.com/"\n`,
      },
    ],
  ])(
    "publishes nothing for who listens: %s",
    async (_, files) => {
      const dist = { [`dist/${wheel.filename}`]: wheel.bytes };
      await at.run(pdm, ["pdm", "publish", "--no-build", "-r", "my-repo"], { ...files, ...dist });
      expect(at.tokensHeard()).toEqual([]);
    },
    120_000,
  );
});

const hatch = join(tools, "hatch/bin");
const uvPath = join(tools, "pip-26/bin/uv");
describe.skipIf(!requires(join(hatch, "hatch"), uvPath))("hatch, which sets variables by pyproject.toml,", () => {
  const environment = (name: string, installer: string, variables: string): string =>
    `[project]\nname = "${name}"\nversion = "1"\n[tool.hatch.envs.default]\ninstaller = "${installer}"\nskip-install = true\ndependencies = ["my-package"]\n[tool.hatch.envs.default.env-vars]\n${variables}`;
  const unset = { SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined, PIP_CERT: undefined } as never as object;
  const create = (pyproject: string, honest = false) =>
    at.run(
      hatch,
      ["hatch", "-v", "env", "create"],
      { "pyproject.toml": pyproject },
      {
        env: { HATCH_ENV_TYPE_VIRTUAL_UV_PATH: uvPath, ...(honest ? {} : unset) },
        honest,
      },
    );

  test.each(["pip", "uv"])(
    "installs by %s where they decide nothing",
    async (installer) => {
      const pyproject = environment(`honest-${installer}`, installer, `A = "b"\n`);
      const { exitCode, stdout, stderr } = await create(pyproject, true);
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
    },
    120_000,
  );

  describe.each(["pip", "uv"])("with %s", (installer) => {
    test.each([
      ["hosts", () => `PIP_TRUSTED_HOST = "${host}"\nUV_INSECURE_HOST = "${host}"\n`],
      ["certificates", () => `PIP_CERT = "${at.eavesdropperCa}"\nSSL_CERT_FILE = "${at.eavesdropperCa}"\n`],
    ])(
      "gives nobody the token: %s",
      async (name, variables) => {
        await create(environment(`${name}-${installer}`, installer, variables()));
        expect(at.tokensHeard()).toEqual([]);
        expect(at.eavesdropper.heard.length).toBeGreaterThan(0);
      },
      120_000,
    );
  });
});
