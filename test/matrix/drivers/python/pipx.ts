/** pipx, which only installs: its pip asks the `keyring` of the shims folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { type PackageSource, seedPackage } from "../../../sandbox/packages.ts";
import type { Driver } from "../../cell.ts";
import { pythonPrograms } from "../../installed.ts";
import { foreignIndex, pythonDriver, seedPrivate, usePrograms } from "./packages.ts";

const pip = pythonPrograms("pip-26");

export function pipx(from: string): Driver {
  return pythonDriver({
    setup: ["--tool", "pipx"],
    own: { ".config/pip/pip.conf": "# mine\n[global]\ntimeout = 60\n" },
    async prepare(desk) {
      Object.assign(desk.env, { PIPX_HOME: join(desk.home, "pipx"), PIPX_BIN_DIR: join(desk.home, "bin") });
      return `pipx ${await usePrograms(desk, from, "pipx")}`;
    },
    async install(desk) {
      await seedPrivate(desk);
      await seedPackage(desk.office.laptop.sandbox.registries, "pypi", installedPip());
      await desk.run(["pipx", "install", desk.package]);
      await desk.run(["pipx", "inject", "--index-url", foreignIndex, desk.package, desk.foreign]);
      desk.expect("the program", await desk.run([join(desk.home, "bin", desk.package)]), `hello from ${desk.package}`);
      desk.expectFetched("pypi", /\.whl$/);
      desk.expectForeignAsked();
    },
  });
}

/** The newest pip of `.ci/tools` as a package: pipx wants one for its shared libraries from the index. */
function installedPip(): PackageSource {
  const [library = ""] = [
    ...new Glob("lib/python*/site-packages").scanSync({ cwd: join(pip, ".."), onlyFiles: false }),
  ];
  const folder = join(pip, "..", library);
  const paths = [...new Glob("pip/**/*").scanSync({ cwd: folder })].filter((path) => !/\.(pyc|exe)$/.test(path));
  const files = paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]);
  return { name: "pip", version: "26.3", files: Object.fromEntries(files) as Record<string, string> };
}
