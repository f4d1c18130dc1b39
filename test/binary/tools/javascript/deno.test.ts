/** deno with its shim: install, and projects that want the token. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { filesContaining } from "../../disk.ts";
import { type Files, ours, outcome, plain, tools, useJavascriptLaptop } from "./javascript-projects.ts";

const bin = join(tools, "deno/node_modules/.bin");
process.env["PATH"] = `${process.env["PATH"]}:${bin}`;
const used = useJavascriptLaptop(["--tool", "deno"]);

const run = (command: string[], files: Files, env: Record<string, string | undefined> = {}) =>
  used.run(bin, command, files, env);
const install = ["deno", "install", "--minimum-dependency-age=0"];

describe.skipIf(!requires(join(bin, "deno")))("deno", () => {
  const modules = { "m.ts": 'import "npm:my-lib@1.0.0";\n' };

  test.each<[string, string[], Files]>([
    ["install", install, {}],
    ["add", ["deno", "add", "--minimum-dependency-age=0", "npm:@acme/lib@1.0.0"], {}],
    ["cache", ["deno", "cache", "--node-modules-dir=none", "--minimum-dependency-age=0", "m.ts"], modules],
  ])("loads packages by %s", async (_, command, files) => {
    expect(outcome(await run(command, files))).toEqual({ exitCode: 0, text: "" });
  });

  test("runs a program with what was installed, without a token and with the user's home", async () => {
    const program = 'import greeting from "my-lib"; console.log(greeting, JSON.stringify(Deno.env.toObject()));\n';
    const { stdout, exitCode, stderr } = await run(
      ["sh", "-c", `${install.join(" ")} && deno run --allow-env main.ts`],
      { "main.ts": program },
    );
    expect({ exitCode, text: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, text: "" });
    expect(stdout).toContain("hello from my-lib");
    expect(stdout).toContain(`"HOME":"${used.laptop.home}"`);
    expect(stdout).not.toContain("vouch-sandbox-token");
  });

  test("publish says where deno publishes to", async () => {
    const { stderr } = await run(["deno", "publish", "--dry-run"], {});
    expect(stderr).toContain("deno publishes to jsr alone");
  });

  const lock = (url: string): string =>
    JSON.stringify({
      version: "5",
      specifiers: { "npm:my-lib@1.0.0": "1.0.0" },
      npm: { "my-lib@1.0.0": { integrity: "", tarball: url } },
      workspace: { packageJson: { dependencies: ["npm:my-lib@1.0.0"] } },
    });

  test.each<[what: string, files: (url: string) => Files, words: RegExp | undefined]>([
    ["another registry", (url) => ({ ".npmrc": `registry=${url}/\n` }), undefined],
    [
      "another registry for a scope",
      (url) => ({
        ".npmrc": `@acme:registry=${url}/\n`,
        "package.json": '{"name":"app","dependencies":{"@acme/lib":"1.0.0"}}',
      }),
      undefined,
    ],
    ["an archive elsewhere in the lock file", (url) => ({ "deno.lock": lock(`${url}/my-lib-1.0.0.tgz`) }), undefined],
    ["plain http", () => ({ ".npmrc": `registry=${plain}\n` }), /\.npmrc: registry .*plain http/],
    [
      "another repository of the host in the lock file",
      () => ({ "deno.lock": lock(`${ours}..%2fother/my-lib-1.0.0.tgz`) }),
      /deno\.lock: .*another repository of a host that gets the token/,
    ],
    [
      "plain http in the lock file",
      () => ({ "deno.lock": lock(`${plain}my-lib/-/my-lib-1.0.0.tgz`) }),
      /deno\.lock: .*plain http/,
    ],
    [
      "plain http in a lock file that deno.json names",
      () => ({ "deno.json": '{"lock":"./ll.json"}', "ll.json": lock(`${plain}my-lib/-/my-lib-1.0.0.tgz`) }),
      /ll\.json: .*plain http/,
    ],
    [
      "plain http in a lock file that deno.jsonc names by a path",
      () => ({
        "deno.jsonc": '{ // x\n"lock": { "path": "d/ll.txt", "frozen": true, } }',
        "d/ll.txt": lock(`${plain}my-lib/-/my-lib-1.0.0.tgz`),
      }),
      /d\/ll\.txt: .*plain http/,
    ],
    [
      "plain http in a member of the workspace",
      () => ({
        "deno.json": '{"workspace":["./m"]}',
        "m/deno.json": `{"name":"@a/m","exports":"./m.ts","imports":{"x":"${plain}x.ts"}}`,
      }),
      /m\/deno\.json: .*plain http/,
    ],
    [
      "plain http in a manifest of a member",
      () => ({
        "deno.json": '{"workspace":["./m"]}',
        "m/package.json": `{"name":"m","dependencies":{"my-lib":"${plain}my-lib/-/my-lib-1.0.0.tgz"}}`,
      }),
      /m\/package\.json: .*plain http/,
    ],
    [
      "plain http in an import map",
      () => ({ "deno.json": '{"importMap":"./map.json"}', "map.json": `{"imports":{"x":"${plain}x.ts"}}` }),
      /map\.json: .*plain http/,
    ],
    ["a configuration that cannot be read", () => ({ "deno.json": "{'lock':'./ll.json'" }), /deno\.json is no JSON/],
    ["an authority", () => ({ ".npmrc": "cafile=./ca.pem\n" }), /\.npmrc: cafile/],
  ])("gives no token where the project names %s", async (_, files, words) => {
    const { stderr } = await run(install, { "ca.pem": used.evil.ca, ...files(used.evil.url) });
    if (words !== undefined) expect(stderr).toMatch(words);
  });
});

test("no token stands in any file", () => {
  expect(filesContaining(used.laptop.folder, /vouch-sandbox-token/)).toEqual([]);
});
