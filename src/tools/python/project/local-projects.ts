/** Projects on this machine that pip is told to install. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodedUri } from "../../../base/net/uri.ts";

/**
 * Folders with a project that a line of requirements may name (`./s`, `-e ./s`, `s @ file:///…`, with extras or not), from
 * any of the folders: pip takes the current one, other tools that of the file.
 */
export function localProjects(words: readonly string[], from: readonly string[]): Set<string> {
  const paths = words.map((word) =>
    decodedUri(word.replace(/^(-e|--editable=?)/, "").replace(/^file:(\/\/(localhost)?)?/i, ""))
      .replace(/[?#].*$/s, "")
      .replace(/\[[^\]]*\]$/, ""),
  );
  const folders = from.flatMap((folder) => paths.filter((path) => path !== "").map((path) => resolve(folder, path)));
  return new Set(folders.filter((folder) => existsSync(join(folder, "pyproject.toml"))));
}
