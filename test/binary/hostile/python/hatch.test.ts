/** Projects that lead the pip that hatch starts elsewhere with the token, where the shim `hatch` is set up. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { holdsToken } from "../listener.ts";
import { type HostileProject, leadingWheel, type ProjectFiles, startHostileProject } from "./project.ts";

const bin = join(import.meta.dir, "../../../../.tools/hatch/bin");
const host = names.packageHost;
const plain = `http://${host}/pypi/${names.repository}/zzz-1.0.0-py3-none-any.whl`;
const led = leadingWheel(plain);

describe.skipIf(!requires(join(bin, "hatch")))("hatch behind its shim", () => {
  let at: HostileProject;
  beforeAll(async () => {
    at = await startHostileProject();
    await at.laptop.setUpRepository("--tool", "hatch");
  });
  afterAll(() => at?.[Symbol.asyncDispose]());
  beforeEach(() => at.reset());

  let environments = 0;
  /** An environment of a new name, since hatch keeps them. */
  const project = (more: string, ...dependencies: string[]): string =>
    `[project]\nname = "h${environments++}"\nversion = "1"\n[tool.hatch.envs.default]\nskip-install = true\ndependencies = ${JSON.stringify(["my-package", ...dependencies])}\n${more}`;
  const create = (pyproject: string, files: ProjectFiles = {}, env = {}) =>
    at.heardWithoutTls(bin, ["hatch", "-v", "env", "create"], { "pyproject.toml": pyproject, ...files }, env);

  test.each([
    ["no variables", ""],
    ["a file of constraints", `env-vars = { PIP_CONSTRAINT = "{root}/c.txt" }\n`],
    ["an exclusion that concerns nothing of Vouch's", `env-exclude = ["MY_*"]\n`],
  ])(
    "installs with %s",
    async (_, more) => {
      const { exitCode, stdout, stderr } = await create(project(more), { "c.txt": "my-package<9\n" });
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
    },
    120_000,
  );

  test("gives nobody the token: the metadata of a wheel in the project", async () => {
    const pyproject = project("", `lead @ {root:uri}/${led.filename}`);
    const { exitCode, heard } = await create(pyproject, { [led.filename]: led.bytes });
    expect(heard.filter(holdsToken)).toEqual([]);
    expect(exitCode).not.toBe(0);
  });

  describe("beside an index that leads to the repository's host without TLS", () => {
    let evil: Bun.Server<undefined>;
    beforeAll(() => {
      const page = `<a href="${plain}">zzz-1.0.0-py3-none-any.whl</a>`;
      const headers = { "content-type": "text/html" };
      evil = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(page, { headers }) });
    });
    afterAll(() => evil?.stop(true));

    test.each(["PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"])(
      "gives nobody the token: %s",
      async (variable) => {
        const variables = `env-vars = { ${variable} = "http://127.0.0.1:${evil.port}/" }\n`;
        const { exitCode, heard } = await create(
          project(variables, "zzz"),
          {},
          { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
        );
        expect(heard.filter(holdsToken)).toEqual([]);
        expect(exitCode).not.toBe(0);
      },
      120_000,
    );
  });

  test.each([
    ["links", `env-vars = { PIP_FIND_LINKS = "https://evil.example/links.html" }\n`, /sets PIP_FIND_LINKS/],
    ["requirements", `env-vars = { PIP_REQUIREMENT = "r.txt" }\n`, /r\.txt:1 has the certificate of .* not checked/],
    ["constraints", `env-vars = { PIP_CONSTRAINT = "{root}/c.txt" }\n`, /c\.txt:1 names http:.* without TLS/],
    ["constraints for builds", `env-vars = { PIP_BUILD_CONSTRAINT = "c.txt" }\n`, /c\.txt:1 names http:.* without TLS/],
    ["uv's constraints", `env-vars = { UV_CONSTRAINT = "{root}/c.txt" }\n`, /c\.txt:1 names http:.* without TLS/],
    ["a file that is not known", `env-vars = { PIP_CONSTRAINT = "{env:X:c.txt}" }\n`, /PIP_CONSTRAINT to a file/],
    [
      "another repository",
      `env-vars = { PIP_INDEX_URL = "https://${host}/pypi/other/" }\n`,
      /no repository that Vouch/,
    ],
    ["an exclusion", `env-exclude = ["http*_proxy"]\n`, /env-exclude, which takes Vouch's barrier/],
    ["an inclusion", `env-include = ["PATH"]\n`, /env-include, which takes Vouch's barrier/],
    [
      "an override",
      `[tool.hatch.envs.default.overrides]\nplatform.linux.set-env-vars = ["PIP_CONSTRAINT=c.txt"]\n`,
      /c\.txt:1/,
    ],
  ])(
    "is not started where a project's file sets %s",
    async (_, more, said) => {
      const files = { "r.txt": `--trusted-host ${host}\n`, "c.txt": `zzz @ ${plain}\n` };
      const { exitCode, stderr, heard } = await create(project(more), files);
      expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringMatching(said) });
      expect(heard.filter(holdsToken)).toEqual([]);
    },
    120_000,
  );
});
