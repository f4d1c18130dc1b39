/** hatch: its shim publishes; its environments are filled by pip, which asks the `keyring` of the shims folder. */
import { join } from "node:path";
import { throughProxy } from "../../../toolchains/python-proxy.ts";
import { names } from "../../../sandbox/main.ts";
import type { Driver } from "../../cell.ts";
import { builtProject, expectPackages, foreignIndex, pythonDriver, sitePackages, usePrograms } from "./packages.ts";

export function hatch(from: string): Driver {
  return pythonDriver({
    setup: ["--tool", "hatch", "--tool", "pip"],
    own: { ".config/hatch/config.toml": '# mine\nmode = "local"\n' },
    prepare: (desk) => usePrograms(desk, from, "hatch"),
    async publish(desk) {
      const modules = desk.project("modules", { "sitecustomize.py": throughProxy });
      const command = ["hatch", "publish", "--no-prompt", "--repo", names.repository];
      await desk.publish(command, { cwd: builtProject(desk), env: { PYTHONPATH: modules } });
    },
    async install(desk) {
      const app = desk.project("app", {
        "pyproject.toml": `[project]
name = "app"
version = "1.0.0"

[tool.hatch.envs.default]
type = "virtual"
path = ".venv"
detached = true
installer = "pip"
dependencies = ["${desk.package}", "${desk.foreign}"]

[tool.hatch.envs.default.env-vars]
PIP_EXTRA_INDEX_URL = "${foreignIndex}"
`,
      });
      await desk.run(["hatch", "env", "create"], { cwd: app });
      expectPackages(desk, sitePackages(join(app, ".venv")));
    },
  });
}
