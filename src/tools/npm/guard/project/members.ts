/** The folders of a workspace's members, through links too, as npm and pnpm find them. Bounded: the project is untrusted. */
import { readdirSync } from "node:fs";
import { realPath, statusOf } from "../files.ts";
import { join, resolve } from "../paths.ts";

/** More folders than the largest of public monorepos has without its `node_modules`. */
const maxFolders = 30_000;

const special = /[*?[\]{}()!+@\\]/;

/**
 * The folders that match the patterns (of `workspaces`, or of pnpm-workspace.yaml), absolute; a pattern that excludes is
 * passed over. `refuse` is called where there are more folders than can be looked at.
 */
export function memberFolders(
  root: string,
  patterns: readonly string[],
  refuse: () => void,
  limit = maxFolders,
): string[] {
  const budget = { left: limit };
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) continue;
    const segments = pattern
      .replace(/^(\.\/)+/, "")
      .replace(/\/+$/, "")
      .split("/");
    const first = segments.findIndex((segment) => special.test(segment));
    const fixed = first < 0 ? segments : segments.slice(0, first);
    const rest = first < 0 ? [] : segments.slice(first);
    const base = resolve(root, fixed.join("/"));
    if (rest.length === 0 || rest[0] === "**") found.add(base);
    if (rest.length > 0) addMatches(base, rest, budget, found);
    if (budget.left < 0) break;
  }
  if (budget.left < 0) refuse();
  return [...found];
}

/** Adds the folders below `base` whose path from there matches. */
function addMatches(base: string, rest: readonly string[], budget: { left: number }, found: Set<string>): void {
  const glob = new Bun.Glob(rest.join("/"));
  const depth = rest.some((segment) => segment.includes("**")) ? Infinity : rest.length;
  const walk = (folder: string, path: string, level: number, above: readonly string[]) => {
    for (const name of foldersIn(folder)) {
      if (name === "node_modules" || --budget.left < 0) continue;
      const [at, relative] = [join(folder, name), path === "" ? name : `${path}/${name}`];
      if (glob.match(relative)) found.add(at);
      if (level >= depth) continue;
      // A link to a folder that it lies in would lead deeper for ever.
      const real = realPath(at);
      if (!above.includes(real)) walk(at, relative, level + 1, [...above, real]);
    }
  };
  walk(base, "", 1, [realPath(base)]);
}

/** The names of the folders in a folder, and of links to folders; none if it cannot be read. */
function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && isFolder(join(folder, entry.name))))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return statusOf(path)?.isDirectory() === true;
}
