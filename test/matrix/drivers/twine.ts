/** twine, which only publishes. */
import { join } from "node:path";
import type { Driver } from "../cell.ts";
import { pythonPrograms } from "../installed.ts";
import { builtProject } from "../python.ts";

/** With `vouch exec --` before it, or the words before it that it needs. */
export function twine(from: string, tool: string, before: string[]): Driver {
  return {
    format: "pypi",
    setup: ["--tool", tool],
    own: {},
    async prepare(desk) {
      desk.addToPath([pythonPrograms(from)]);
      return (await desk.run(["twine", "--version"])).split("\n")[0]!;
    },
    async publish(desk) {
      const lib = builtProject(desk);
      const [wheel] = [...new Bun.Glob("*.whl").scanSync(join(lib, "dist"))];
      await desk.run([...before, "twine", "upload", "--non-interactive", `dist/${wheel}`], { cwd: lib });
    },
    publishedAt: (desk) => `simple/${desk.package}/`,
  };
}
