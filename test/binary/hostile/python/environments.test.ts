/** A `pip.conf` that came with the project, in the folder that `python -m venv` makes a virtual environment of. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finished } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { type HostileProject, startHostileProject } from "./project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const otherRepository = `https://aws@${host}/pypi/other-repo/simple/`;

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

/** Makes `.venv` in the project as `python -m venv` does, with the pip of `bin`; `conf` was there before. */
async function makeEnvironment(bin: string, conf: string | undefined): Promise<string> {
  const venv = join(at.folder, ".venv");
  mkdirSync(venv);
  if (conf !== undefined) writeFileSync(join(venv, "pip.conf"), conf);
  const command = [join(bin, "python"), "-m", "venv", "--without-pip", ".venv"];
  const made = await at.run(bin, command, {}, { honest: true });
  expect(made.exitCode, made.stderr).toBe(0);
  const [version = ""] = readdirSync(join(venv, "lib"));
  const packages = join(bin, "../lib", version, "site-packages");
  writeFileSync(join(venv, "lib", version, "site-packages/pip.pth"), `${packages}\n`);
  const script = `#!${venv}/bin/python\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n`;
  writeFileSync(join(venv, "bin/pip"), script, { mode: 0o755 });
  return venv;
}

const proxied = (section: string, write: (url: string, ca: string) => string) => (): string =>
  `[${section}]\n${write(at.eavesdropper.env["HTTPS_PROXY"]!, at.eavesdropperCa)}\n`;

/** The file, and what the shim says of it. */
const attacks: [title: string, conf: () => string, said: RegExp][] = [
  ["proxy and cert", proxied("global", (url, ca) => `proxy = ${url}\ncert = ${ca}`), /pip\.conf:2 sets proxy/],
  ["for one command", proxied("install", (url, ca) => `cert: ${ca}\nproxy: ${url}`), /pip\.conf:2 sets cert/],
  ["with dashes, in capitals", proxied("global", (url, ca) => `--PROXY=${url}\n--Cert=${ca}`), /:2 sets proxy/],
  [
    "indented behind a value and a comment",
    proxied("global", (url, ca) => `  timeout =\n    20\n # x\n  proxy=${url}\n\n  cert=${ca}`),
    /pip\.conf:5 sets proxy/,
  ],
  [
    "for all sections",
    () => `[DEFAULT]\nproxy=${at.eavesdropper.env["HTTPS_PROXY"]!}\ncert=${at.eavesdropperCa}\n[global]\n`,
    /:2 sets proxy/,
  ],
  [
    "trusted_host",
    () => `[global]\nproxy = ${at.eavesdropper.env["HTTPS_PROXY"]!}\ntrusted_host =\n  pypi.example\n  ${host}\n`,
    /pip\.conf:(2 sets|5 has)/,
  ],
  [
    "an index over http",
    () => `[global]\nextra-index-url = http://aws@${host}/pypi/my-repo/simple/\n`,
    /:2 names http:/,
  ],
  ["another repository", () => `[global]\nindex-url = ${otherRepository}\n`, /:2 names https:\S+other-repo/],
  ["a client certificate", () => "[global]\nclient_cert = x.pem\n", /:2 sets client-cert/],
  ["an encoding of old", () => "[global]\nuse-deprecated = legacy-certs\n", /:2 sets use-deprecated/],
];

const pips = ["pip-23", "pip-26"].map((name) => [name, join(tools, name, "bin")] as const);
describe.each(pips)("with %s and a pip.conf in the project's virtual environment", (_, bin) => {
  const there = requires(join(bin, "pip"));
  const install = ["install", "--no-input", "--no-cache-dir", "--retries", "0", "--no-deps", "--target", "site"];
  const started: [string, string[], boolean][] = [
    ["the shim in the activated environment", ["pip"], true],
    ["the environment's pip", [".venv/bin/pip"], false],
    ["the environment's python", [".venv/bin/python", "-m", "pip"], false],
    ["python by its name", ["python", "-m", "pip"], false],
    ["another pip that goes over to it", [join(bin, "python"), "-m", "pip", "--python", ".venv"], false],
  ];
  const run = (command: string[], venv: string, env: Record<string, string> = {}): Promise<Finished> =>
    at.run(join(venv, "bin"), [...command, ...install, "my-package"], {}, { env, honest: true });
  const unset = { PIP_CERT: "", HTTPS_PROXY: "", https_proxy: "" };

  describe.each(started)("under %s", (_how, command, isShim) => {
    test.skipIf(!there).each(attacks)(
      "no token leaves: %s",
      async (_title, conf, said) => {
        const { stderr, exitCode } = await run(command, await makeEnvironment(bin, conf()), unset);
        expect(at.tokensHeard()).toEqual([]);
        if (isShim) expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringMatching(said) });
      },
      60_000,
    );
  });
  test.skipIf(!there).each<[string, string | undefined]>([
    ["without a file", undefined],
    ["with settings that decide nothing", "[global]\ntimeout = 30\nno-color = true\ntrusted-host = pypi.example\n"],
  ])(
    "an environment %s installs, however it is started",
    async (_title, conf) => {
      const venv = await makeEnvironment(bin, conf);
      for (const [how, command] of started) {
        rmSync(join(at.folder, "site"), { recursive: true, force: true });
        const { exitCode, stderr } = await run(command, venv);
        expect(exitCode, `${how}: ${stderr}`).toBe(0);
      }
    },
    60_000,
  );
});
