/** The projects that the documentation's commands are run in, and where the tools are that the project installs. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import {
  crateProject,
  crateUserProject,
  gemProject,
  gemUserProject,
  mavenProject,
  mavenUserProject,
  npmProject,
  npmUserProject,
} from "../binary/projects.ts";

/** Makes the project of that name below the home folder, unless it is there, and gives its folder. */
export function makeProject(home: string, name: string, registry: string): string {
  const folder = join(home, name);
  if (existsSync(folder)) return folder;
  if (name === "my-crate") return crateProject(folder, name, registry);
  if (name === "cargo-app") return crateUserProject(folder, "my-crate", registry);
  if (/^(my-lib|my-pnpm-lib|yarn-1-lib)$/.test(name)) return npmProject(folder, name);
  if (name === "yarn-lib") return npmProject(folder, "my-lib");
  if (/^pnpm(-other)?-app$/.test(name)) return npmUserProject(folder, "my-pnpm-lib");
  if (/^(npm|yarn|yarn-1|bun|deno)-app$/.test(name)) return npmUserProject(folder, "my-lib");
  if (name === "my-artifact") return mavenProject(folder);
  if (name === "maven-app") return mavenUserProject(folder);
  if (name === "my-gem") return gemProject(folder, name);
  if (name === "ruby-app") return gemUserProject(folder);
  if (name === "python-lib" || name === "pdm-lib") return pythonDistributions(folder);
  if (name === "poetry-lib") return poetryProject(folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "requirements.txt"), "my-package\n");
  return folder;
}

/** A folder with an sdist and a wheel in dist/, as a build leaves it. */
export function pythonDistributions(folder: string, version = "0.1.0"): string {
  mkdirSync(join(folder, "src"), { recursive: true });
  const script = `
import io, os, sys, tarfile, zipfile
version = sys.argv[1]
os.makedirs("dist")
meta = f"Metadata-Version: 2.1\\nName: my-tool\\nVersion: {version}\\n"
with tarfile.open(f"dist/my_tool-{version}.tar.gz", "w:gz") as t:
    for name, text in [("PKG-INFO", meta), ("my_tool.py", "")]:
        info = tarfile.TarInfo(f"my_tool-{version}/{name}"); info.size = len(text); t.addfile(info, io.BytesIO(text.encode()))
with zipfile.ZipFile(f"dist/my_tool-{version}-py3-none-any.whl", "w") as z:
    z.writestr("my_tool.py", "")
    z.writestr(f"my_tool-{version}.dist-info/METADATA", meta)
    z.writestr(f"my_tool-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(f"my_tool-{version}.dist-info/RECORD", "")
`;
  const made = Bun.spawnSync(["python3", "-c", script, version], { cwd: folder });
  if (!made.success) throw new Error(made.stderr.toString());
  return folder;
}

function poetryProject(folder: string): string {
  mkdirSync(join(folder, "my_other"), { recursive: true });
  writeFileSync(join(folder, "my_other/__init__.py"), "");
  writeFileSync(
    join(folder, "pyproject.toml"),
    '[project]\nname = "my-other"\nversion = "0.1.0"\ndescription = ""\nauthors = []\nrequires-python = ">=3.9"\n',
  );
  return folder;
}

/**
 * The folders of programs that the project installs for its tests (.tools) and of its own bun. Those for a project
 * (`.tools/yarn-1` for `yarn-1-app`) stand first.
 */
export function findTools(root: string, project = ""): string[] {
  const tool = project.replace(/-(app|lib)$/, "");
  const folders = [
    ...new Glob(".tools/{deno,pnpm,yarn,yarn-1}/node_modules/.bin").scanSync({
      cwd: root,
      onlyFiles: false,
      dot: true,
    }),
    ...["pip-26", "python-publish", "pdm", "hatch", "pipx"]
      .map((name) => `.tools/${name}/bin`)
      .filter((folder) => existsSync(join(root, folder))),
  ].toSorted((a, b) => Number(b.startsWith(`.tools/${tool}/`)) - Number(a.startsWith(`.tools/${tool}/`)));
  return [...folders, "node_modules/.bin"].map((folder) => join(root, folder));
}
