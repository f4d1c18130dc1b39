/** Searches everything below a folder for what must not be there. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The files below the folder (links not followed) whose bytes, read as Latin-1, match the pattern. */
export function filesContaining(folder: string, pattern: Pick<RegExp, "test">): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isFile() && pattern.test(readFileSync(path, "latin1")));
}
