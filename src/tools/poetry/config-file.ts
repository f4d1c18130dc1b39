/**
 * Edits poetry's config.toml: the repository that `poetry publish --repository NAME` names.
 * https://python-poetry.org/docs/repositories/#publishable-repositories
 */
import { insertCheckedBlocks, removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import type { Edited } from "../../editing/edited.ts";
import { setKeys, setsString } from "../../editing/toml-edits.ts";
import { parseToml, parseUserToml, setValue, withoutKeys } from "../../editing/toml-values.ts";

/** The repository's name for poetry, which takes names apart at dots. */
export function poetryName(repository: string): string {
  return repository.replaceAll(".", "-");
}

/**
 * Sets `repositories.NAME.url`. `text` is undefined if there is no file; `file` is its path for messages; `formerly` are
 * endpoints that an earlier block of ours may contain. Throws `edit_conflict`, with the lines to write by hand, if the file
 * cannot be edited so that only this key changes.
 */
export function setPoetryRepository(
  text: string | undefined,
  id: string,
  { name, endpoint }: { name: string; endpoint: string },
  file: string,
  formerly: string[] = [],
): Edited {
  const before =
    text === undefined ? undefined : unsetPoetryRepository(text, id, { file, endpoints: [endpoint, ...formerly] });
  const path = ["repositories", name, "url"];
  const wanted = parseUserToml(before ?? "", file);
  setValue(wanted, path, endpoint);
  const value = JSON.stringify(endpoint);
  const hint = `Write it by hand in the form that the file uses:\n[repositories.${name}]\nurl = ${value}`;
  const edits = setKeys(before ?? "", [[path, value]]);
  return { text: insertCheckedBlocks(before, id, edits, { file, valuesIn: parseToml, wanted, hint }), warnings: [] };
}

/** Removes the repository with that id. Returns undefined if the file is to be deleted. Throws `edit_conflict`. */
export function unsetPoetryRepository(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (line: string) => void },
): string | undefined {
  return removeCheckedBlocks(text, id, {
    file,
    isOwn: (line) => /^\[repositories\.[\w-]+\]$/.test(line) || setsString(line, "url", endpoints),
    keyOf: (line) => /^([\w."'-]+)\s*=/.exec(line)?.[1]?.replace(/^.*\./, ""),
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: (left) => withoutKeys(left, "repositories", ["url"]),
  });
}
