/** PDM: asks the `keyring` of the shims folder; its shim publishes. */
import { join } from "node:path";
import { names } from "../../../sandbox/main.ts";
import type { Driver } from "../../cell.ts";
import { builtProject, expectPackages, foreignIndex, pythonDriver, sitePackages, usePrograms } from "./packages.ts";

export function pdm(from: string): Driver {
  return pythonDriver({
    setup: ["--tool", "pdm"],
    // Somebody else's index stands in the user's own file: where a project names one, PDM gets no token.
    own: {
      ".config/pdm/config.toml": `check_update = false

[pypi.other]
url = "${foreignIndex}"

[python]
use_venv = true
`,
    },
    prepare: (desk) => usePrograms(desk, from, "pdm"),
    async publish(desk) {
      await desk.publish(["pdm", "publish", "--no-build", "--repository", names.repository], {
        cwd: builtProject(desk),
      });
    },
    async install(desk) {
      const app = desk.project("app", {
        "pyproject.toml": `[project]
name = "app"
version = "1.0.0"
requires-python = ">=3.9"
dependencies = ["${desk.package}", "${desk.foreign}"]

[tool.pdm]
distribution = false
`,
      });
      await desk.run(["pdm", "venv", "create", "--with", "venv", "python3"], { cwd: app });
      await desk.run(["pdm", "install"], { cwd: app });
      expectPackages(desk, sitePackages(join(app, ".venv")));
    },
  });
}
