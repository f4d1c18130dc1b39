/** poetry: its shim binds the token to the repository's URL. */
import { join } from "node:path";
import { names } from "../../../sandbox/main.ts";
import type { Driver } from "../../cell.ts";
import { builtProject, expectPackages, foreignIndex, pythonDriver, sitePackages, usePrograms } from "./packages.ts";

const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;

export function poetry(from: string): Driver {
  return pythonDriver({
    setup: ["--tool", "poetry"],
    own: { ".config/pypoetry/config.toml": "# mine\n[virtualenvs]\nin-project = true # beside the code\n" },
    async prepare(desk) {
      desk.env["POETRY_CACHE_DIR"] = join(desk.home, "poetry-cache");
      return usePrograms(desk, from, "poetry");
    },
    async publish(desk) {
      const manifest = `\n[tool.poetry]\nname = "${desk.package}"\nversion = "1.0.0"\ndescription = ""\nauthors = []\n`;
      const lib = builtProject(desk, manifest);
      await desk.publish(["poetry", "publish", "--no-interaction", "--repository", names.repository], { cwd: lib });
    },
    async install(desk) {
      const app = desk.project("app", {
        "pyproject.toml": `[tool.poetry]
name = "app"
version = "1.0.0"
description = ""
authors = []

[tool.poetry.dependencies]
python = ">=3.9"
${desk.package} = "*"
${desk.foreign} = { version = "*", source = "other" }

[[tool.poetry.source]]
name = "${names.repository}"
url = "${index}"
priority = "primary"

[[tool.poetry.source]]
name = "other"
url = "${foreignIndex}"
priority = "explicit"
`,
      });
      // Race of poetry's workers: one asks without the token while another fills the list of repositories.
      const env = { POETRY_INSTALLER_MAX_WORKERS: "1" };
      await desk.run(["poetry", "install", "--no-interaction", "--no-root"], { cwd: app, env });
      expectPackages(desk, sitePackages(join(app, ".venv")));
    },
  });
}
