/** uv of two years, set up by `vouch setup codeartifact`: what a person types, and that no token is left anywhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ended, type Finished, type Laptop, startLaptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { buildWheel, myPackage, seedPackage } from "../../../sandbox/packages.ts";
import { filesContaining } from "../../disk.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
const other = "other-repo";

let laptop: Laptop;
const configuration = (): string => join(laptop.home, ".config/uv/uv.toml");

beforeAll(async () => {
  laptop = await startLaptop({ repositories: [other] });
  await laptop.getReady("--tool", "uv");
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
});
afterAll(async () => laptop?.stop());

describe.each([
  ["pip-26", "2.0.0"],
  ["uv-0.7", "2.1.0"],
])("the uv of .tools/%s", (folder, version) => {
  const bin = join(tools, folder, "bin");
  const place = (name: string): string => join(laptop.home, folder, name);

  /** Runs uv in a folder that may hold a project, with a cache of its own. */
  function uv(words: string[], cwd: string, env: Record<string, string> = {}): Promise<Finished> {
    mkdirSync(cwd, { recursive: true });
    const PATH = [laptop.shims, join(laptop.folder, "bin"), bin, laptop.env["PATH"]].join(delimiter);
    const cache = join(laptop.home, folder, "cache");
    return laptop.run(["uv", ...words], {
      cwd,
      env: { PATH, UV_CACHE_DIR: cache, UV_TOOL_BIN_DIR: place("bin"), ...env },
    });
  }

  function project(name: string, more = ""): string {
    const at = place(name);
    mkdirSync(at, { recursive: true });
    const text = `[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["my-package"]\n${more}`;
    writeFileSync(join(at, "pyproject.toml"), text);
    return at;
  }

  describe.skipIf(!requires(join(bin, "uv")))("where it is installed,", () => {
    const python = ["--python", "python3"];

    test("installs with `uv pip install`", async () => {
      await ended(uv(["pip", "install", ...python, "--target", "site", "my-package"], place("pip")));
      expect(existsSync(join(place("pip"), "site/my_package/__init__.py"))).toBe(true);
    });

    test("locks, syncs and runs a project, whose lock names the index without a user", async () => {
      const app = project("app");
      await ended(uv(["lock", ...python], app));
      expect(readFileSync(join(app, "uv.lock"), "utf8")).toContain(`registry = "${index}"`);
      await ended(uv(["sync", ...python], app));
      const said = await ended(uv(["run", "python", "-c", "import my_package; print(my_package.greeting)"], app));
      expect(said).toBe("hello from my-package\n");
    });

    test("publishes to the index by its name, and installs it as a tool", async () => {
      const files = { "my_cli/__init__.py": "def main():\n    print('hello from my-cli')\n" };
      const scripts = "[console_scripts]\nmy-cli = my_cli:main\n";
      const info = `my_cli-${version}.dist-info/entry_points.txt`;
      const wheel = buildWheel({ name: "my-cli", version, files: { ...files, [info]: scripts } });
      const lib = place("lib");
      mkdirSync(join(lib, "dist"), { recursive: true });
      writeFileSync(join(lib, "dist", wheel.filename), wheel.bytes);
      await ended(uv(["publish", "--index", names.repository, `dist/${wheel.filename}`], lib));
      // uv 0.7 may hold the page that it has looked at before it published.
      const fresh = { UV_TOOL_DIR: place("tools"), UV_NO_CACHE: "1" };
      await ended(uv(["tool", "install", ...python, `my-cli==${version}`], lib, fresh));
      expect(await ended(laptop.run([join(place("bin"), "my-cli")]))).toBe("hello from my-cli\n");
    });

    test("says what is missing without a session", async () => {
      const env = { VOUCH_RUNTIME_DIR: join(laptop.folder, "no-agent"), UV_NO_CACHE: "1" };
      const { exitCode, stderr } = await uv(
        ["pip", "install", ...python, "--target", "x", "my-package"],
        place("pip"),
        env,
      );
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("Run `vouch login`");
    });
  });
});

const recent = join(tools, "pip-26/bin");
describe.skipIf(!requires(join(recent, "uv")))("with two repositories", () => {
  const env = () => ({ PATH: [laptop.shims, recent, laptop.env["PATH"]].join(delimiter), UV_NO_CACHE: "1" });
  const lock = async (more: string): Promise<Finished> => {
    const app = join(laptop.home, "two");
    mkdirSync(app, { recursive: true });
    const text = `[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["my-package"]\n${more}`;
    writeFileSync(join(app, "pyproject.toml"), text);
    return laptop.run(["uv", "lock", "--python", "python3"], { cwd: app, env: env() });
  };

  test("an extra one serves what a project pins to it, and nothing else", async () => {
    await seedPackage(laptop.sandbox.registriesOf(other), "pypi", { ...myPackage, version: "9.0.0" });
    await ended(
      laptop.vouch("setup", "codeartifact", "--domain", names.domain, "--repository", other, "--tool", "uv", "--extra"),
    );
    const lockText = (): string => readFileSync(join(laptop.home, "two/uv.lock"), "utf8");
    await ended(lock(""));
    expect(lockText()).toContain('version = "1.0.0"');
    const url = index.replace(names.repository, other);
    // uv takes the index of a source from the project alone; the person's file has the user name and the keyring.
    const pinned = `[[tool.uv.index]]\nname = "${other}"\nurl = "${url}"\nexplicit = true\n[tool.uv.sources]\nmy-package = { index = "${other}" }\n`;
    await ended(lock(pinned));
    expect(lockText()).toContain('version = "9.0.0"');
    await ended(lock(""));
    const app = join(laptop.home, "two");
    await ended(laptop.run(["uv", "add", "--index", `${other}=${url}`, "my-package"], { cwd: app, env: env() }));
    expect(lockText()).toContain('version = "9.0.0"');
  });

  test("--remove takes each away, and the file with the last", async () => {
    const remove = (repository: string): Promise<string> =>
      ended(laptop.vouch("setup", "codeartifact", "--domain", names.domain, "--repository", repository, "--remove"));
    await remove(names.repository);
    expect(readFileSync(configuration(), "utf8")).toContain('keyring-provider = "subprocess"');
    expect(readFileSync(configuration(), "utf8")).not.toContain(`/pypi/${names.repository}/`);
    await remove(other);
    expect(existsSync(configuration())).toBe(false);
  });
});

test("after uv's work no token stands in any file", () => {
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
});
