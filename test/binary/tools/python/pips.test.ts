/** The pips of other years, each in a virtual environment of its own, and uv. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Laptop, startLaptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { myPackage, seedPackage } from "../../../sandbox/packages.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
const indexWithUser = index.replace("https://", "https://aws@");
const install = ["install", "my-package", "--no-cache-dir", "--target"];

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--tool", "pip");
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
});
afterAll(async () => laptop?.stop());

/** Installs with the programs of one folder behind the shims, or, in an activated environment, before them. */
async function expectInstalled(command: string[], bin: string, activated = false): Promise<void> {
  const target = join(laptop.home, "target");
  rmSync(target, { recursive: true, force: true });
  const path = laptop.env["PATH"]!;
  const PATH = activated
    ? [bin, path].join(delimiter)
    : [laptop.shims, join(laptop.folder, "bin"), bin, path].join(delimiter);
  const { exitCode, stdout, stderr } = await laptop.run([...command, target], { env: { PATH } });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}\n${stdout}${stderr}`);
  expect(await Bun.file(join(target, "my_package/__init__.py")).exists()).toBe(true);
}

const recent = join(tools, "pip-26/bin");
describe.skipIf(!requires(join(recent, "pip")))(
  "pip 26, which asks keyring for user name and password as JSON, installs",
  () => {
    test("by pip.conf", () => expectInstalled(["pip", ...install], recent));
    test(
      "by a URL without a user name",
      () => expectInstalled(["pip", "install", "--index-url", index, ...install.slice(1)], recent),
      60_000,
    );
    test("by a URL without a user name in a requirements file", async () => {
      const file = join(laptop.home, "requirements.txt");
      writeFileSync(file, `--index-url ${index}\nmy-package\n`);
      await expectInstalled(["pip", "install", "--no-cache-dir", "-r", file, "--target"], recent, true);
    });
    test("as python -m pip", () => expectInstalled(["python", "-m", "pip", ...install], recent));
    test("in an activated virtual environment", () => expectInstalled(["pip", ...install], recent, true));
  },
);

describe.each(["pip-23", "pip-26.1"])("%s, which asks keyring for a URL with a user name, installs", (name) => {
  const bin = join(tools, name, "bin");
  const there = requires(join(bin, "pip"));
  test.skipIf(!there)(
    "in an activated virtual environment",
    () => expectInstalled(["pip", ...install], bin, true),
    60_000,
  );
  test.skipIf(!there)(
    "as python -m pip of it",
    () => expectInstalled(["python", "-m", "pip", ...install], bin, true),
    60_000,
  );
  test.skipIf(!there)(
    "by a URL without a user name, where the shim stands before it",
    () => expectInstalled(["pip", "install", "--index-url", index, ...install.slice(1)], bin),
    60_000,
  );
  test.skipIf(!there)(
    "with a keyring of the environment's own, which pip ignores",
    async () => {
      const own = join(laptop.folder, name);
      await laptop.run([join(bin, "python"), "-m", "venv", "--without-pip", own]);
      const library = (
        await Array.fromAsync(new Bun.Glob("lib/python*/site-packages").scan({ cwd: own, onlyFiles: false }))
      )[0]!;
      symlinkSync(join(bin, "..", library, "pip"), join(own, library, "pip"));
      const asked = join(own, "asked");
      writeFileSync(join(own, "bin/keyring"), `#!/bin/sh\ntouch ${asked}\nexit 1\n`);
      chmodSync(join(own, "bin/keyring"), 0o755);
      await expectInstalled(["python", "-m", "pip", ...install], join(own, "bin"), true);
      expect(existsSync(asked)).toBe(false);
    },
    60_000,
  );
});

const old = join(tools, "pip-22/bin");
test.skipIf(!requires(join(old, "pip")))(
  "pip 22, which asks nobody, installs through vouch exec",
  async () => {
    await expectInstalled(["vouch", "exec", "--", "pip", ...install], old);
  },
  60_000,
);

test.skipIf(!requires(join(recent, "uv")))(
  "uv installs with a URL with the user name",
  async () => {
    const uv = [
      "uv",
      "pip",
      "install",
      "--keyring-provider",
      "subprocess",
      "--no-cache",
      "--python",
      join(recent, "python"),
    ];
    await expectInstalled([...uv, "--index-url", indexWithUser, "my-package", "--target"], recent);
  },
  60_000,
);
