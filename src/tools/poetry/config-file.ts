/**
 * Edits poetry's config.toml: the repository that `poetry publish --repository NAME` names.
 * https://python-poetry.org/docs/repositories/#publishable-repositories
 */
import type { Edited } from "../../editing/edited.ts";
import { type OwnTomlLines, setTomlStrings, unsetTomlStrings } from "../../editing/toml-table.ts";

/** The repository's name for poetry, which takes names apart at dots. */
export function poetryName(repository: string): string {
  return repository.replaceAll(".", "-");
}

/**
 * Sets `repositories.NAME.url`. `text` is undefined if there is no file; `file` is its path for messages; `formerly` are
 * endpoints that an earlier block of ours may contain. Throws `edit_conflict`.
 */
export function setPoetryRepository(
  text: string | undefined,
  id: string,
  { name, endpoint }: { name: string; endpoint: string },
  file: string,
  formerly: string[] = [],
): Edited {
  const table = { path: ["repositories", name], values: { url: endpoint } };
  return { text: setTomlStrings(text, id, table, ownLines(file, name, [endpoint, ...formerly])), warnings: [] };
}

/** Removes the repository with that id. Returns undefined if the file is to be deleted. Throws `edit_conflict`. */
export function unsetPoetryRepository(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (line: string) => void },
): string | undefined {
  return unsetTomlStrings(text, id, { ...ownLines(file, "", endpoints), onKept });
}

function ownLines(file: string, name: string, endpoints: string[]): OwnTomlLines {
  return { file, path: ["repositories", name], values: { url: endpoints } };
}
