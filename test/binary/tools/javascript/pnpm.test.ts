/** pnpm of several years, and by way of corepack, behind the shim that `vouch setup codeartifact` makes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended, type Laptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { filesContaining } from "../../disk.ts";
import { programsOf, setUpNpm, startNpmLaptop } from "./npm-laptop.ts";
import { npmProject, npmUserProject } from "../../projects.ts";

const tools = join(import.meta.dir, "../../../../.tools");

let laptop: Laptop;

/** The developer's environment with one more folder of programs, behind the shims. */
function withTools(folder: string, more: Record<string, string> = {}): Record<string, string> {
  return { PATH: [laptop.shims, folder, laptop.env["PATH"]].join(":"), ...more };
}

/** The links of pnpm's programs; none where the folder is gone. */
const pnpmLinks = () =>
  (existsSync(laptop.shims) ? readdirSync(laptop.shims) : []).filter((name) => name.startsWith("pn")).toSorted();

beforeAll(async () => {
  laptop = await startNpmLaptop();
});
afterAll(async () => laptop?.stop());

describe.each([
  ["pnpm", "10.", ["pnpm", "pnpx"]],
  ["pnpm-11", "11.", ["pn", "pnpm", "pnpx", "pnx"]],
] as const)("the real %s", (tool, version, shims) => {
  const bin = programsOf(tool);
  const place = (name: string) => join(laptop.home, tool, name);
  const run = (command: string[], cwd: string) => laptop.run(command, { cwd, env: withTools(bin) });

  describe.skipIf(!requires(join(bin, "pnpm")))("where it is installed,", () => {
    test("is linked under its names by setup, and the link leads to it", async () => {
      await setUpNpm(laptop, withTools(bin));
      expect(pnpmLinks()).toEqual([...shims]);
      expect(await ended(run(["pnpm", "--version"], laptop.home))).toStartWith(version);
    });

    test("publishes, installs in a project that uses the package, and adds", async () => {
      const lib = npmProject(place("lib"), `my-${tool}-lib`);
      await ended(run(["pnpm", "publish", "--no-git-checks"], lib));
      const app = npmUserProject(place("app"), `my-${tool}-lib`);
      await ended(run(["pnpm", "--reporter", "append-only", "install"], app));
      expect(await ended(run(["node", "-p", `require('my-${tool}-lib')`], app))).toBe(`hello from my-${tool}-lib\n`);
      await ended(run(["pnpm", "-C", app, "add", "my-lib"], laptop.home));
      expect(readFileSync(join(app, "package.json"), "utf8")).toContain('"my-lib"');
    });

    test("views a package, which older ones leave to npm", async () => {
      expect(await ended(run(["pnpm", "view", "my-lib", "version"], laptop.home))).toContain("1.0.0");
    });

    test("gives no token to scripts and programs of the project", async () => {
      const app = place("scripts");
      mkdirSync(app, { recursive: true });
      const reveal = "node -p 'JSON.stringify(process.env)'";
      writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", scripts: { reveal, test: reveal } }));
      const program = ["exec", "node", "-p", "JSON.stringify(process.env)"];
      for (const words of [["run", "reveal"], ["reveal"], ["test"], program]) {
        const shown = await ended(run(["pnpm", ...words], app));
        expect(shown).toContain('"PATH"');
        expect(shown).not.toContain("vouch-sandbox-token");
      }
    });

    test("keeps its links after a setup from a shell without pnpm", async () => {
      await setUpNpm(laptop, {});
      expect(pnpmLinks()).toEqual([...shims]);
    });

    test("loses its links with the repository", async () => {
      await ended(laptop.run(["vouch", "setup", "codeartifact", "--remove"]));
      expect(pnpmLinks()).toEqual([]);
    });
  });
});

const corepack = join(programsOf("corepack"), "corepack");

describe.skipIf(!requires(corepack, join(programsOf("pnpm"), "pnpm")))("a pnpm of corepack", () => {
  test("is behind the shim, and becomes the pnpm that the project names", async () => {
    const bin = join(laptop.folder, "corepack-bin");
    mkdirSync(bin);
    await ended(laptop.run([corepack, "enable", "--install-directory", bin, "pnpm"]));
    const installed = join(tools, "pnpm/node_modules/pnpm");
    const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { version: string };
    // What corepack has fetched before, as its cache has it.
    const cache = join(laptop.folder, "corepack");
    const cached = join(cache, "v1/pnpm", version);
    mkdirSync(cached, { recursive: true });
    for (const name of readdirSync(installed)) symlinkSync(join(installed, name), join(cached, name));
    const locator = { name: "pnpm", reference: version };
    const programs = { pnpm: "./bin/pnpm.cjs", pnpx: "./bin/pnpx.cjs" };
    writeFileSync(join(cached, ".corepack"), JSON.stringify({ locator, bin: programs, hash: "sha512.0" }));
    const env = withTools(bin, { COREPACK_HOME: cache, COREPACK_ENABLE_NETWORK: "0" });
    await setUpNpm(laptop, env);
    expect(pnpmLinks()).toEqual(["pnpm", "pnpx"]);
    const app = npmUserProject(join(laptop.home, "corepack-app"), "my-lib");
    const manifest = JSON.parse(readFileSync(join(app, "package.json"), "utf8")) as object;
    writeFileSync(join(app, "package.json"), JSON.stringify({ ...manifest, packageManager: `pnpm@${version}` }));
    await ended(laptop.run(["pnpm", "install"], { cwd: app, env }));
    expect(await ended(laptop.run(["node", "-p", "require('my-lib')"], { cwd: app }))).toBe("hello from my-lib\n");
  });
});

test("after pnpm's work no token stands in any file", () => {
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
});
