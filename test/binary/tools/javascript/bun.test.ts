/** bun with its shim: install and publish, and projects that want the token. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesContaining } from "../../disk.ts";
import { type Files, outcome, ours, plain, useJavascriptLaptop } from "./javascript-projects.ts";

const used = useJavascriptLaptop(["--tool", "bun"]);
let bin: string;

beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), "vouch-bun-"));
  for (const name of ["bun", "bunx"]) symlinkSync(process.execPath, join(bin, name));
});
afterAll(() => rmSync(bin, { recursive: true, force: true }));

const run = (command: string[], files: Files, env: Record<string, string | undefined> = {}) =>
  used.run(bin, command, files, env);
const install = ["bun", "install", "--ignore-scripts"];

describe("bun", () => {
  test("installs", async () => {
    expect(outcome(await run(install, {}))).toEqual({ exitCode: 0, text: "" });
    expect(existsSync(join(used.folder(), "node_modules/my-lib/index.js"))).toBe(true);
  });

  test("publishes", async () => {
    const files = { "package.json": '{"name":"of-bun","version":"1.0.0"}' };
    expect(outcome(await run(["bun", "publish"], files))).toEqual({ exitCode: 0, text: "" });
  });

  test.each([
    ["test", "is given none", /\.env\.test: HTTPS_PROXY decides through whom the connection goes/],
    [undefined, "installs", /^(?!.*vouch:)/],
  ])("with .env.test and NODE_ENV=%p %s", async (mode, _, words) => {
    const files = { ".env.test": `HTTPS_PROXY=${used.evil.url}\nNODE_TLS_REJECT_UNAUTHORIZED=0\n` };
    const { stderr, exitCode } = await run(install, files, { NODE_ENV: mode });
    expect(stderr.replaceAll("\n", " ")).toMatch(words);
    expect(exitCode === 0).toBe(mode === undefined);
  });

  test.each([["bun run show"], ["bun show"], ["bun -e console.log(JSON.stringify(process.env))"]])(
    "gives no token to a program of the project: %s",
    async (line) => {
      const scripts = { show: "node -p 'JSON.stringify(process.env)'" };
      const shown = await run(line.split(" "), { "package.json": JSON.stringify({ name: "app", scripts }) });
      expect(shown.stdout).toContain('"PATH"');
      expect(shown.stdout).not.toContain("vouch-sandbox-token");
    },
  );

  const lock = (url: string): string =>
    JSON.stringify({
      lockfileVersion: 1,
      workspaces: { "": { name: "app", dependencies: { "my-lib": "1.0.0" } } },
      packages: { "my-lib": ["my-lib@1.0.0", url, {}, ""] },
    });

  test.each<[what: string, files: (url: string) => Files, words: RegExp | undefined, command?: string[]]>([
    ["another registry", (url) => ({ "bunfig.toml": `[install]\nregistry = "${url}/"\n` }), undefined],
    [
      "another registry's address alone",
      (url) => ({ "bunfig.toml": `[install.registry]\nurl = "${url}/"\n` }),
      undefined,
    ],
    ["another registry in .npmrc", (url) => ({ ".npmrc": `registry=${url}/\n` }), undefined],
    [
      "another registry for a scope",
      (url) => ({
        "bunfig.toml": `[install.scopes]\n"@acme" = "${url}/"\n`,
        "package.json": '{"name":"app","dependencies":{"@acme/lib":"1.0.0"}}',
      }),
      undefined,
    ],
    ["an archive elsewhere in the lock file", (url) => ({ "bun.lock": lock(`${url}/my-lib-1.0.0.tgz`) }), undefined],
    ["plain http", () => ({ "bunfig.toml": `[install]\nregistry = "${plain}"\n` }), /bunfig\.toml: .*plain http/],
    [
      "plain http with an escape",
      () => ({ "bunfig.toml": `[install]\nregistry = "${plain.replace("http", "\\u0068ttp")}"\n` }),
      /bunfig\.toml: .*plain http/,
    ],
    ["plain http in .npmrc", () => ({ ".npmrc": `registry=${plain}\n` }), /\.npmrc: registry .*plain http/],
    [
      "another repository of the host in the lock file",
      () => ({ "bun.lock": lock(`${ours}..%2fother/my-lib-1.0.0.tgz`) }),
      /bun\.lock: .*another repository of a host that gets the token/,
    ],
    [
      "plain http in the lock file",
      () => ({ "bun.lock": lock(`${plain}my-lib/-/my-lib-1.0.0.tgz`) }),
      /bun\.lock: .*plain http/,
    ],
    [
      "plain http in a dependency",
      () => ({ "package.json": `{"name":"app","dependencies":{"my-lib":"${plain}my-lib/-/my-lib-1.0.0.tgz"}}` }),
      /package\.json: dependencies\.my-lib .*plain http/,
    ],
    ["an authority", () => ({ "bunfig.toml": '[install]\ncafile = "./ca.pem"\n' }), /bunfig\.toml: cafile/],
    ["an authority in .npmrc", () => ({ ".npmrc": "cafile=./ca.pem\n" }), /\.npmrc: cafile/],
    [
      "a proxy in .env",
      (url) => ({ ".env": `HTTPS_PROXY=${url}\nNODE_TLS_REJECT_UNAUTHORIZED=0\n` }),
      /\.env: (HTTPS_PROXY|NODE_TLS_REJECT_UNAUTHORIZED)/,
    ],
    [
      "no checks in .env.local",
      () => ({ ".env.local": "export NODE_TLS_REJECT_UNAUTHORIZED = 0\n" }),
      /\.env\.local: NODE_TLS_REJECT_UNAUTHORIZED/,
    ],
    ["a registry in .env", (url) => ({ ".env": `BUN_CONFIG_REGISTRY=${url}/\n` }), /\.env: BUN_CONFIG_REGISTRY/],
    [
      "an authority in a named configuration",
      () => ({ "other.toml": '[install]\ncafile = "./ca.pem"\n' }),
      /other\.toml: cafile/,
      [...install, "--config=other.toml"],
    ],
    [
      "a proxy in a named file of variables",
      (url) => ({ "my.vars": `HTTPS_PROXY=${url}\n` }),
      /my\.vars: HTTPS_PROXY/,
      ["bun", "--env-file=my.vars", "install", "--ignore-scripts"],
    ],
  ])("gives no token where the project names %s", async (_, files, words, command = install) => {
    const all = { "ca.pem": used.evil.ca, ...files(used.evil.url) };
    const proxies = Object.fromEntries(["HTTPS_PROXY", "https_proxy"].map((name) => [name, undefined]));
    const { stderr } = await run(command, all, words === undefined ? {} : proxies);
    if (words !== undefined) expect(stderr).toMatch(words);
  });
});

test("no token stands in any file, and the user's names the variable beside the address", () => {
  expect(filesContaining(used.laptop.folder, /vouch-sandbox-token/)).toEqual([]);
  expect(
    filesContaining(used.laptop.home, new RegExp(`url = "${ours}", token = "\\$VOUCH_TOKEN_[0-9A-F]{16}"`)),
  ).toHaveLength(1);
});
