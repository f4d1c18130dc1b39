/** Names the sources that an executable is made of. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

/** 12 hexadecimal digits of a SHA-256 over all sources and the versions of their dependencies. */
export function sourceId(root: string): string {
  const hash = createHash("sha256");
  for (const path of [...new Glob("src/**/*").scanSync(root), "package.json", "package-lock.json"].toSorted()) {
    const bytes = readFileSync(join(root, path));
    hash.update(`${path} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 12);
}
