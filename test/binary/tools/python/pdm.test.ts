/** PDM, set up by `vouch setup codeartifact`: what a person types, and that no token is left anywhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ended, type Finished, type Laptop, startLaptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { buildWheel, myPackage, seedPackage } from "../../../sandbox/packages.ts";
import { filesContaining } from "../../disk.ts";

const bin = join(import.meta.dir, "../../../../.tools/pdm/bin");

let laptop: Laptop;
const configuration = (): string => join(laptop.home, ".config/pdm/config.toml");

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--tool", "pdm");
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
});
afterAll(async () => laptop?.stop());

/** Runs PDM in the project of that name, with these dependencies. */
function pdm(
  words: string[],
  name: string,
  dependencies: string[] = [],
  env: Record<string, string> = {},
): Promise<Finished> {
  const cwd = join(laptop.home, name);
  mkdirSync(cwd, { recursive: true });
  const text = `[project]\nname = "${name}"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ${JSON.stringify(dependencies)}\n`;
  if (!existsSync(join(cwd, "pyproject.toml"))) writeFileSync(join(cwd, "pyproject.toml"), text);
  const PATH = [laptop.shims, join(laptop.folder, "bin"), bin, laptop.env["PATH"]].join(delimiter);
  return laptop.run(["pdm", ...words], { cwd, env: { PATH, PDM_CHECK_UPDATE: "0", ...env } });
}

describe.skipIf(!requires(join(bin, "pdm")))("the real PDM", () => {
  test("locks and installs a project", async () => {
    await ended(pdm(["lock"], "app", ["my-package"]));
    await ended(pdm(["sync", "--no-self"], "app"));
    const said = await ended(pdm(["run", "python", "-c", "import my_package; print(my_package.greeting)"], "app"));
    expect(said).toBe("hello from my-package\n");
  });

  test("publishes to the repository by its name, and adds what it published", async () => {
    const wheel = buildWheel({ name: "my-other", version: "1.0.0", files: { "my_other/__init__.py": "" } });
    mkdirSync(join(laptop.home, "lib/dist"), { recursive: true });
    writeFileSync(join(laptop.home, "lib/dist", wheel.filename), wheel.bytes);
    await ended(pdm(["publish", "--no-build", "--repository", names.repository], "lib"));
    await ended(pdm(["add", "--no-self", "my-other"], "user"));
    expect(readFileSync(join(laptop.home, "user/pdm.lock"), "utf8")).toContain(wheel.filename);
  });

  test("gets nothing without a session", async () => {
    const { exitCode } = await pdm(["lock"], "none", ["my-package"], {
      VOUCH_RUNTIME_DIR: join(laptop.folder, "no-agent"),
    });
    expect(exitCode).not.toBe(0);
  });

  test("may rewrite its file without comments: --remove takes the repository away all the same", async () => {
    await ended(pdm(["config", "strategy.save", "exact"], "app"));
    expect(readFileSync(configuration(), "utf8")).not.toContain("vouch");
    await ended(laptop.vouch("setup", "codeartifact", "--remove"));
    const left = readFileSync(configuration(), "utf8");
    expect(left).toContain("exact");
    expect(left).not.toContain("codeartifact");
  });
});

test("after PDM's work no token stands in any file", () => {
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
});
