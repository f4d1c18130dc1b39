/** Places whose PATH no shell's hook reaches: what works there without a shim, and by the line that docs/path.md has. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { requires, requiresPath } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { myLib, myPackage, seedPackage } from "../../sandbox/packages.ts";
import { crateUserProject } from "../projects.ts";

const tools = join(import.meta.dir, "../../../.tools");
const pip = join(tools, "pip-26/bin/pip");
const runners = join(tools, "python-runners/bin");
const generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";
const limitMs = 120_000;

const hasPrograms = requires("npm", "cargo") && requiresPath(pip, ".ci/tools pip-26");
const hasRunners = hasPrograms && requiresPath(join(runners, "tox"), ".ci/tools python-runners");

let laptop: Laptop;
/** The PATH of a place: the package managers, and nothing of Vouch. */
let bare: string;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--tool", "cargo,pip,npm");
  const { registries } = laptop.sandbox;
  await seedPackage(registries, "pypi", myPackage);
  await seedPackage(registries, "npm", myLib);
  await seedPackage(registries, "cargo", { name: "my-crate", version: "0.1.0", files: { "src/lib.rs": "" } });
  const folders = [dirname(pip), dirname(Bun.which("npm") ?? ""), dirname(Bun.which("cargo") ?? "")];
  bare = [...new Set([...folders, "/usr/bin", "/bin"])].join(":");
});
afterAll(async () => laptop?.stop());

/** What is left of the user's environment: the home folder, and how the sandbox is reached. */
function environment(more: Record<string, string> = {}): Record<string, string> {
  const { VOUCH_RUNTIME_DIR, RUSTUP_HOME } = laptop.env;
  return {
    ...laptop.sandbox.env,
    HOME: laptop.home,
    TMPDIR: laptop.folder,
    VOUCH_RUNTIME_DIR: VOUCH_RUNTIME_DIR!,
    ...(RUSTUP_HOME === undefined ? {} : { RUSTUP_HOME, RUSTUP_AUTO_INSTALL: "0" }),
    PATH: bare,
    ...more,
  };
}

async function inPlace(command: string[], more: Record<string, string> = {}, cwd = laptop.home): Promise<Finished> {
  const child = Bun.spawn(command, { cwd, env: environment(more), stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

const download = "rm -rf dl && pip download --quiet --no-deps --no-cache-dir --dest dl my-package";
const view = "npm view my-lib version";
const withShims = "PATH=$HOME/.local/share/vouch/shims:$PATH";

function folderWith(name: string, files: Record<string, string>): string {
  const folder = join(laptop.home, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

describe.skipIf(!hasPrograms)("by `env -i`, in a cron job, a unit or a program of the desktop", () => {
  test(
    "Cargo gets its token without a shim",
    async () => {
      const folder = crateUserProject(join(laptop.home, "app"), "my-crate", names.repository);
      expect(await inPlace(["cargo", "fetch"], {}, folder)).toMatchObject({ exitCode: 0 });
    },
    limitMs,
  );

  test.each([
    ["pip", download],
    ["npm", view],
  ])(
    "%s gets none",
    async (_, command) => {
      const { exitCode, stdout, stderr } = await inPlace(["sh", "-c", command]);
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).toContain("401");
    },
    limitMs,
  );

  test.each([
    ["pip, with the shims folder first", `${withShims}; ${download}`],
    ["pip, with the shims folder last", `PATH=$PATH:$HOME/.local/share/vouch/shims; ${download}`],
    ["pip, by vouch exec", download.replace("pip", '"$V" exec -- pip')],
    ["npm, with the shims folder first", `${withShims}; ${view}`],
    ["npm, by the path of its shim", `"$HOME/.local/share/vouch/shims/"${view}`],
    ["npm, by vouch exec", `"$V" exec -- ${view}`],
  ])(
    "%s works",
    async (_, command) => {
      const run = await inPlace(["sh", "-c", command], { V: join(laptop.folder, "bin/vouch") });
      expect(run, run.stderr).toMatchObject({ exitCode: 0 });
      if (command.includes("pip")) expect(readdirSync(join(laptop.home, "dl"))).toHaveLength(1);
      else expect(run.stdout).toBe("1.0.0\n");
    },
    limitMs,
  );
});

test.skipIf(!hasPrograms || !requires("make"))(
  "a Makefile with a PATH of its own gets the shims back by one line",
  async () => {
    const own = `export PATH := ${bare}\n`;
    const rule = `all:\n\t@${view}\n`;
    const line = "export PATH := $(HOME)/.local/share/vouch/shims:$(PATH)\n";
    const shims = { PATH: `${laptop.shims}:${bare}` };
    const inherited = folderWith("make-inherited", { Makefile: rule });
    const without = folderWith("make-without", { Makefile: own + rule });
    const back = folderWith("make-back", { Makefile: own + line + rule });
    expect(await inPlace(["make"], shims, inherited)).toMatchObject({ exitCode: 0, stdout: "1.0.0\n" });
    expect((await inPlace(["make"], shims, without)).stderr).toContain("E401");
    expect(await inPlace(["make"], shims, back)).toMatchObject({ exitCode: 0, stdout: "1.0.0\n" });
  },
  limitMs,
);

describe.skipIf(!hasRunners)("an environment for Python that a runner makes", () => {
  const script = `python -c "import my_package; print(my_package.greeting)"`;
  const projects: [name: string, file: string, text: string, command: string[]][] = [
    [
      "tox",
      "tox.ini",
      `[tox]\nskipsdist = true\nenv_list = py\n[testenv]\ndeps = my-package\npass_env = VOUCH_*\ncommands = ${script}\n`,
      ["tox", "--recreate"],
    ],
    [
      "nox",
      "noxfile.py",
      `import nox\n@nox.session\ndef tests(session):\n    session.install("my-package")\n    session.run("python", "-c", "import my_package; print(my_package.greeting)")\n`,
      ["nox"],
    ],
  ];

  test.each(projects)(
    "is filled by pip where %s is started in a shell with the hook",
    async (name, file, text, command) => {
      const folder = folderWith(`${name}-with`, { [file]: text });
      const run = await inPlace(command, { PATH: `${laptop.shims}:${runners}:${bare}` }, folder);
      expect(run.stdout + run.stderr).toContain("hello from my-package");
      expect(run.exitCode).toBe(0);
    },
    limitMs,
  );

  const line = "/.local/share/vouch/shims:{env:PATH}";
  test.each(projects)(
    "gets no token where %s has no shims, until its file has the line",
    async (name, file, text, command) => {
      const without = await inPlace(
        command,
        { PATH: `${runners}:${bare}` },
        folderWith(`${name}-without`, { [file]: text }),
      );
      expect(without.stdout + without.stderr).toContain("401");
      expect(without.exitCode).not.toBe(0);
      const mended =
        name === "tox"
          ? text.replace("deps =", `set_env = PATH={env_bin_dir}:{env:HOME}${line}\ndeps =`)
          : text
              .replace("import nox", "import os, nox")
              .replace(
                "    session.install",
                `    session.env["PATH"] = os.environ["HOME"] + "/.local/share/vouch/shims:" + os.environ["PATH"]\n    session.install`,
              );
      const run = await inPlace(
        command,
        { PATH: `${runners}:${bare}` },
        folderWith(`${name}-line`, { [file]: mended }),
      );
      expect(run.stdout + run.stderr).toContain("hello from my-package");
    },
    limitMs,
  );
});

test.skipIf(!hasRunners || !requires("git"))(
  "pre-commit installs a hook's npm packages where it is started with the shims",
  async () => {
    const config =
      "repos:\n- repo: local\n  hooks:\n  - id: lib\n    name: lib\n    language: node\n    language_version: system\n" +
      "    entry: node -p 'require(\"my-lib\")'\n    additional_dependencies: [my-lib]\n    always_run: true\n" +
      "    pass_filenames: false\n    verbose: true\n";
    const folder = folderWith("pre-commit", { ".pre-commit-config.yaml": config });
    await inPlace(["git", "init", "--quiet"], {}, folder);
    await inPlace(["git", "add", "--all"], {}, folder);
    const command = ["pre-commit", "run", "--all-files"];
    const without = await inPlace(command, { PATH: `${runners}:${bare}` }, folder);
    expect(without.stdout + without.stderr).toContain("E401");
    const run = await inPlace(command, { PATH: `${laptop.shims}:${runners}:${bare}` }, folder);
    expect(run.stdout + run.stderr).toContain("hello from my-lib");
  },
  limitMs,
);

test.skipIf(!requires("bash"))("an IDE that asks a login shell for its environment gets the shims", async () => {
  const skeleton = 'if [ -n "$BASH_VERSION" ]; then\n. "$HOME/.bashrc"\nfi\n';
  writeFileSync(join(laptop.home, ".profile"), skeleton);
  await laptop.run(
    ["vouch", "setup", "codeartifact", "--domain", "my-domain", "--repository", "my-repo", "--path", "yes"],
    {
      env: { SHELL: "/bin/bash" },
    },
  );
  expect(existsSync(join(laptop.home, ".bashrc"))).toBe(true);
  const { stdout } = await inPlace(["bash", "-i", "-l", "-c", "command -v npm"], { PATH: bare });
  rmSync(join(laptop.home, ".profile"));
  expect(stdout).toBe(`${laptop.shims}/npm\n`);
});

test.skipIf(!requiresPath(generator, ".ci/run"))(
  "environment.d puts the shims before the PATH of a desktop",
  async () => {
    folderWith(".config/environment.d", { "vouch.conf": "PATH=$HOME/.local/share/vouch/shims:$PATH\n" });
    const { stdout } = await inPlace([generator], { PATH: "/usr/bin:/bin" });
    expect(stdout).toContain(`PATH=${laptop.shims}:/usr/bin:/bin\n`);
  },
);
