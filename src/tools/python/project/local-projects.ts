/** Projects on this machine that pip is told to install. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodedUri } from "../../../base/net/uri.ts";

/**
 * Folders with a project that a line of requirements may name (`./s`, `-e ./s`, `s @ file:///…`, with extras or not), from
 * any of the folders: pip takes the current one, other tools that of the file.
 */
export function localProjects(words: readonly string[], from: readonly string[]): Set<string> {
  const folders = from.flatMap((folder) => pathsIn(words).map((path) => resolve(folder, path)));
  return new Set(folders.filter((folder) => existsSync(join(folder, "pyproject.toml"))));
}

/** The paths that words may name: as they are, as `file:` URLs, behind an option or `NAME@`, with extras or not. */
export function pathsIn(words: readonly string[]): string[] {
  const named = words.flatMap((word) => [word, ...(/^[\w.-]+(?:\[[^\]]*\])?\s*@\s*(.+)$/s.exec(word)?.slice(1) ?? [])]);
  const paths = named.map((word) =>
    decodedUri(word.replace(/^(-e|--[a-z-]+=)/, "").replace(/^file:(\/\/(localhost)?)?/i, ""))
      .replace(/[?#;].*$/s, "")
      .trim()
      .replace(/\[[^\]]*\]$/, ""),
  );
  return paths.filter((path) => path !== "");
}
