/** twine, which only publishes. */
import { join } from "node:path";
import { names } from "../../../sandbox/main.ts";
import type { Driver } from "../../cell.ts";
import { builtProject, pythonDriver, usePrograms } from "./packages.ts";

/** By its own shim, which wants the repository named, or with `vouch exec --` before it, which names it. */
export function twine(from: string, tool: string, before: string[]): Driver {
  return pythonDriver({
    setup: ["--tool", tool],
    own: {},
    prepare: (desk) => usePrograms(desk, from, "twine"),
    async publish(desk) {
      const lib = builtProject(desk);
      const [wheel] = [...new Bun.Glob("*.whl").scanSync(join(lib, "dist"))];
      const where = before.length === 0 ? ["--repository", names.repository] : [];
      await desk.publish([...before, "twine", "upload", "--non-interactive", ...where, `dist/${wheel}`], { cwd: lib });
    },
  });
}
