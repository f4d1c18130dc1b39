/** Wheels and pages that a project brings along, and that name another repository on the host, or plain http. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { holdsToken } from "../listener.ts";
import { type HostileProject, leadingWheel, type ProjectFiles, startHostileProject } from "./project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const index = `https://${host}/pypi/${names.repository}/simple/`;
const leads = [
  [
    "plain http",
    leadingWheel(`http://${host}/pypi/${names.repository}/zzz-1.0.0-py3-none-any.whl`),
    /\.whl names http:/,
  ],
  [
    "another repository",
    leadingWheel(`https://${host}/pypi/other/zzz-1.0.0-py3-none-any.whl`),
    /no repository that Vouch/,
  ],
] as const;

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
  await at.laptop.setUpRepository("--tool", "poetry");
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

async function expectRefused(bin: string, command: string[], files: ProjectFiles, said: RegExp): Promise<void> {
  const { exitCode, stdout, stderr, heard } = await at.heardWithoutTls(bin, command, files);
  expect({ exitCode, said: stdout + stderr }).toEqual({
    exitCode: expect.any(Number),
    said: expect.stringMatching(said),
  });
  expect(exitCode).not.toBe(0);
  expect(heard.filter(holdsToken)).toEqual([]);
}

const pips = ["pip-23", "pip-26.1"].map((name) => [name, join(tools, name, "bin")] as const);
describe.each(pips)("with %s", (_, bin) => {
  const there = requires(join(bin, "pip"));
  const install = ["install", "--no-input", "--no-cache-dir", "--retries", "0", "--target", "site"];

  describe.each(leads)("the metadata of a wheel that names %s means no token", (_title, led, said) => {
    test.skipIf(!there).each<[string, string[], string]>([
      ["by the shim", ["pip"], "./w/lead-1.0.0-py3-none-any.whl\nmy-package\n"],
      ["without a shim", ["python", "-m", "pip"], "./w/lead-1.0.0-py3-none-any.whl\nmy-package\n"],
      ["in a folder of links", ["python", "-m", "pip"], "--find-links w\nlead\nmy-package\n"],
    ])(
      "%s",
      async (_name, pip, requirements) => {
        const files = { "requirements.txt": requirements, [`w/${led.filename}`]: led.bytes };
        await expectRefused(bin, [...pip, ...install, "-r", "requirements.txt"], files, said);
      },
      60_000,
    );
  });

  test.skipIf(!there)(
    "installs beside a page of the project that links to nothing on the host",
    async () => {
      const files = { "requirements.txt": "--find-links l.html\nmy-package\n", "l.html": "<html></html>" };
      const { exitCode, stdout, stderr } = await at.heardWithoutTls(
        bin,
        ["pip", ...install, "-r", "requirements.txt"],
        files,
      );
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      expect(stderr).not.toContain("vouch:");
    },
    60_000,
  );
});

const poetry = join(tools, "poetry-1/bin");
describe.skipIf(!requires(join(poetry, "poetry")))("poetry", () => {
  const project = (more: string): string =>
    `[tool.poetry]\nname = "x"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n[tool.poetry.dependencies]\npython = ">=3.9"\nmy-package = "*"\n${more}\n[[tool.poetry.source]]\nname = "src"\npriority = "primary"\nurl = "${index}"\n`;

  test.each(leads)(
    "is not started with a wheel whose metadata names %s",
    async (_, led, said) => {
      const files = { "pyproject.toml": project(`lead = { path = "${led.filename}" }`), [led.filename]: led.bytes };
      await expectRefused(poetry, ["poetry", "--no-interaction", "lock"], files, said);
    },
    120_000,
  );

  test.each([
    ["a source's name", `[certificates.src]\ncert = false\n`],
    ["another name", `[repositories.zz]\nurl = "${index}my-package/"\n[certificates.ZZ]\ncert = false\n`],
    ["an authority of the project's", `[certificates.src]\ncert = "ca.pem"\n`],
  ])(
    "is not started where poetry.toml has certificates of the host not checked: %s",
    async (_, settings) => {
      const files = { "pyproject.toml": project(""), "poetry.toml": settings, "ca.pem": "" };
      await expectRefused(
        poetry,
        ["poetry", "--no-interaction", "lock"],
        files,
        /poetry\.toml, certificates\.\w+\.cert, has the certificate/,
      );
    },
    120_000,
  );
});
