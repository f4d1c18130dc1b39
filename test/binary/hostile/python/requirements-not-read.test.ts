/** Requirements files that cannot be read to the end, or groups and projects that lead elsewhere, before a real pip. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finished } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { type HostileProject, startHostileProject } from "./project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

function pip(bin: string, args: string[], env: Record<string, string> = {}): Promise<Finished> {
  const command = ["pip", "install", "--no-input", "--no-cache-dir", "--retries", "0", "--target", "site", ...args];
  return at.run(bin, command, {}, { env, honest: true });
}

/** With a token in the environment, what nobody has read is refused. */
const tokenInReach = { CODEARTIFACT_AUTH_TOKEN: "a-token-in-the-environment" };
const line = /^(error|vouch): [^\n]+\n(hint: [^\n]+\n)?$/;

const unreadable: [title: string, make: (path: string) => void][] = [
  ["a FIFO", (path) => void Bun.spawnSync(["mkfifo", path])],
  ["a folder", (path) => mkdirSync(path)],
  ["a link to /dev/zero", (path) => symlinkSync("/dev/zero", path)],
  [
    "a file above the limit",
    (path) => {
      writeFileSync(path, "my-package\n");
      truncateSync(path, (4 << 20) + 1);
    },
  ],
  ["a link to itself", (path) => symlinkSync(path, path)],
  ["UTF-32", (path) => writeFileSync(path, Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0))],
];

const projects: [title: string, args: string[], toml: string, said: RegExp, env: Record<string, string>][] = [
  [
    "a direct reference to another repository",
    ["."],
    dependencies(`https://${host}/pypi/other-repo/x.whl`),
    /other-repo/,
    {},
  ],
  ["a direct reference over http", ["."], dependencies(`http://${host}/pypi/my-repo/x.whl`), /names http:/, {}],
  ["an optional one over http", [".[more]"], optional(`http://${host}/pypi/my-repo/x.whl`), /names http:/, {}],
  ["an editable project", ["-e", "."], dependencies(`http://${host}/pypi/my-repo/x.whl`), /names http:/, {}],
  ["a group", ["--group", "dev"], group(`https://${host}/pypi/other-repo/x.whl`), /other-repo/, {}],
  ["a group behind =", ["--group=dev"], group(`http://${host}/pypi/my-repo/x.whl`), /names http:/, {}],
  ["a group of a named file", ["--group", "pyproject.toml:dev"], group(`http://${host}/x.whl`), /names http:/, {}],
  ["a group by a variable", ["pip"], group(`http://${host}/x.whl`), /names http:/, { PIP_GROUP: "dev" }],
];

function dependencies(url: string): string {
  return `[project]\nname = "x"\nversion = "1"\ndependencies = ["my-package @ ${url}"]\n`;
}
function optional(url: string): string {
  return `[project]\nname = "x"\nversion = "1"\n[project.optional-dependencies]\nmore = ["my-package @ ${url}"]\n`;
}
function group(url: string): string {
  return `[dependency-groups]\ndev = ["my-package @ ${url}"]\n`;
}

const pips = ["pip-22", "pip-23", "pip-26"].map((name) => [name, join(tools, name, "bin")] as const);
describe.each(pips)("in front of %s", (_, bin) => {
  const there = requires(join(bin, "pip"));

  test.skipIf(!there).each(unreadable)(
    "requirements that are %s are refused in one line while a token is in reach",
    async (_title, make) => {
      make(join(at.folder, "requirements.txt"));
      const { exitCode, stderr } = await pip(bin, ["-r", "requirements.txt"], tokenInReach);
      expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringMatching(line) });
      expect(stderr).toContain("requirements.txt");
    },
    60_000,
  );

  test.skipIf(!there).each(projects)(
    "a project that leads elsewhere is refused with %s",
    async (_title, args, toml, said, env) => {
      writeFileSync(join(at.folder, "pyproject.toml"), toml);
      const { exitCode, stderr } = await pip(bin, args, env);
      expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringMatching(said) });
      expect(stderr).toMatch(/pyproject\.toml/);
    },
    60_000,
  );
});

describe.each(["pip-22", "pip-23", "pip-26"])("what %s is told of honest and odd lines", (tool) => {
  const bin = join(tools, tool, "bin");
  const isThere = requires(join(bin, "pip"));

  /** No connection is made to a file: URL, so that it needs no TLS. */
  test.skipIf(!isThere).each([
    ["--find-links", (folder: string) => ["-f", `file://${folder}`, "my-package"]],
    ["a requirements file", (folder: string) => ["-r", `file://${folder}/my%20list.txt`]],
    ["a direct reference", (folder: string) => [`demo @ file://${folder}/demo-1.0-py3-none-any.whl`]],
  ])(
    "%s with a file: URL is not refused",
    async (_, args) => {
      writeFileSync(join(at.folder, "my list.txt"), "my-package\n");
      const { stderr, stdout } = await pip(bin, args(at.folder));
      expect(stderr + stdout).not.toContain("without TLS");
      expect(stderr).not.toContain("no token");
    },
    60_000,
  );

  /** The URL and the name as they stand in the file: neither decoded, nor in lower case, nor with variables put in. */
  test.skipIf(!isThere).each([
    [`-r http://${host}/Nest/x%20y.txt\n`, "x%20y.txt"],
    [`--trusted-host ${host}\${NOPE}\n`, "${NOPE}"],
  ])(
    "the line %p is named as it is written",
    async (text, named) => {
      writeFileSync(join(at.folder, "requirements.txt"), text);
      const { stderr } = await pip(bin, ["-r", "requirements.txt"], tokenInReach);
      expect(stderr).toContain(named);
    },
    60_000,
  );
});

/** What neither pip nor uv sends is an error of use, with nothing on stdout. */
test.each([
  ["one argument too many", ["get", `https://${host}/pypi/my-repo/`, "aws", "extra"]],
  ["two arguments too many", ["get", `https://${host}/pypi/my-repo/`, "aws", "extra", "more"]],
])("keyring with %s ends with 2 and prints no password", async (_, args) => {
  const { stdout, stderr, exitCode } = await at.laptop.run([join(at.laptop.shims, "keyring"), ...args]);
  expect(stdout).toBe("");
  expect(stderr).not.toBe("");
  expect(exitCode).toBe(2);
});
