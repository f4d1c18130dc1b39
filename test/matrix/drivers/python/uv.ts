/** uv: asks the `keyring` of the shims folder. */
import { join } from "node:path";
import { names } from "../../../sandbox/main.ts";
import type { Driver } from "../../cell.ts";
import type { Desk } from "../../desk.ts";
import { builtProject, expectPackages, foreignIndex, pythonDriver, sitePackages, usePrograms } from "./packages.ts";

/** `uv sync` in a project, or `uv pip install`. */
export type UvWay = "sync" | "pip install";

export function uv(from: string, way: UvWay): Driver {
  return pythonDriver({
    setup: ["--tool", "uv"],
    own: { ".config/uv/uv.toml": "# mine\nnative-tls = true # as ever\n\n[pip]\nno-header = true\n" },
    async prepare(desk) {
      Object.assign(desk.env, { UV_CACHE_DIR: join(desk.home, "uv-cache"), UV_PYTHON_DOWNLOADS: "never" });
      return usePrograms(desk, from, "uv");
    },
    async publish(desk) {
      await desk.publish(["uv", "publish", "--index", names.repository], { cwd: builtProject(desk) });
    },
    async install(desk) {
      await (way === "sync" ? sync(desk) : pipInstall(desk));
    },
  });
}

async function sync(desk: Desk): Promise<void> {
  const app = desk.project("app", {
    "pyproject.toml": `[project]
name = "app"
version = "1.0.0"
requires-python = ">=3.9"
dependencies = ["${desk.package}", "${desk.foreign}"]

[[tool.uv.index]]
name = "other"
url = "${foreignIndex}"
explicit = true

[tool.uv.sources]
${desk.foreign} = { index = "other" }
`,
  });
  await desk.run(["uv", "sync"], { cwd: app });
  expectPackages(desk, sitePackages(join(app, ".venv")));
}

async function pipInstall(desk: Desk): Promise<void> {
  const app = desk.project("app", { "requirements.txt": `${desk.package}\n${desk.foreign}\n` });
  const options = ["--extra-index-url", foreignIndex, "--target", "site", "-r", "requirements.txt"];
  await desk.run(["uv", "pip", "install", "--python", "python3", ...options], { cwd: app });
  expectPackages(desk, join(app, "site"));
}
