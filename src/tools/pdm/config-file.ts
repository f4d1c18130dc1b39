/**
 * Edits PDM's user configuration: the index, and the repository to publish to. PDM asks `keyring` for both by itself.
 * https://pdm-project.org/latest/reference/configuration/
 */
import { splitLines } from "../../editing/block.ts";
import { insertCheckedBlocks, removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import type { Edited } from "../../editing/edited.ts";
import { keyText, setKeys, setsString, statementsOf } from "../../editing/toml-edits.ts";
import { parseToml, parseUserToml, setValue } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";

export interface PdmRepository {
  /** Names for it, best first; the first that no other repository of the file has is taken. */
  names: string[];
  index: string;
  publishUrl: string;
  /** Whether it stands beside the default index. */
  isExtra: boolean;
}

type Table = Record<string, unknown>;

/** PDM splits keys at dots, and has two repositories of its own. */
export function pdmName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]/g, "-");
  return /^(pypi|testpypi|url|verify_ssl|username|password)$/.test(plain) ? `private-${plain}` : plain;
}

/**
 * Sets `pypi.url`, or for an extra repository `pypi.NAME.url`, and `repository.NAME.url`. `text` is undefined if there
 * is no file; `file` is its path for messages; `formerly` are URLs that an earlier block of ours may contain. Throws
 * `edit_conflict`, with the lines to write by hand, if the file cannot be edited so that only these keys change.
 */
export function setPdmRepository(
  text: string | undefined,
  id: string,
  { names, index, publishUrl, isExtra }: PdmRepository,
  file: string,
  formerly: string[] = [],
): Edited {
  const before =
    text === undefined ? undefined : unsetPdmRepository(text, id, { file, urls: [index, publishUrl, ...formerly] });
  const wanted = parseUserToml(before ?? "", file);
  const repositories = tableOf(wanted["repository"]);
  const sources = tableOf(wanted["pypi"]);
  const isFree = (name: string): boolean =>
    (tableOf(repositories[name])["url"] ?? publishUrl) === publishUrl &&
    (!isExtra || (tableOf(sources[name])["url"] ?? index) === index);
  const name = names.find(isFree) ?? names.at(-1)!;
  const keys: [string[], string][] = [
    [isExtra ? ["pypi", name, "url"] : ["pypi", "url"], index],
    [["repository", name, "url"], publishUrl],
  ];
  for (const [path, url] of keys) setValue(wanted, path, url);
  const values = keys.map(([path, url]): [string[], string] => [path, JSON.stringify(url)]);
  const lines = values.map(([path, value]) => `${path.map(keyText).join(".")} = ${value}`);
  const hint = `Set it by hand, in the form that the file uses:\n${lines.join("\n")}`;
  const edits = setKeys(before ?? "", values);
  const edited = insertCheckedBlocks(before, id, edits, { file, valuesIn: parseToml, wanted, hint });
  return { text: edited, warnings: warningsOf(sources, file) };
}

/**
 * Removes the repository with that id: lines that name one of the URLs. `onKept` receives the user's lines in the block.
 * Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetPdmRepository(
  text: string,
  id: string,
  { file, urls, onKept }: { file: string; urls: string[]; onKept?: (line: string) => void },
): string | undefined {
  return removeCheckedBlocks(text, id, {
    file,
    isOwn: (line) => /^\[(pypi|repository)(\.[\w-]+)?\]$/.test(line) || setsString(line, "url", urls),
    keyOf: (line) => /^([\w."'-]+)\s*=/.exec(line)?.[1],
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: (left) => otherSettings(left, urls),
  });
}

/**
 * Replaces the keys with these URLs by `replaced`, in a file whose marks are gone: `pdm config NAME VALUE` rewrites the
 * file without comments. Undefined if it names none of them.
 */
export function dropPdmRepository(text: string, urls: string[], replaced: string[] = []): string | undefined {
  const config = parseToml(text);
  if (config === undefined) return undefined;
  const statements = statementsOf(text);
  const lines = splitLines(text);
  const ours = statements.filter((each) => {
    const path = [...each.table, ...each.key];
    return each.kind === "key/value" && path.at(-1) === "url" && urls.includes(String(valueAt(config, path)));
  });
  const index = ours.find((each) => [...each.table, ...each.key].join(".") === "pypi.url");
  if (ours.length === 0) return undefined;
  // A header stays: other keys may stand below it.
  const back = replaced.filter((line) => !line.trim().startsWith("[")).map((line) => `${line}\n`);
  for (const { from, to } of ours.toReversed()) lines.splice(from, to - from, ...(from === index?.from ? back : []));
  const restored = withoutEmptyRepositories(lines.join(""));
  return Bun.deepEquals(otherSettings(restored, urls), otherSettings(text, urls), true) ? restored : undefined;
}

/** Without the headers of repositories that have no keys. Other headers stay: their table may be the user's. */
function withoutEmptyRepositories(text: string): string {
  const lines = splitLines(text);
  const statements = statementsOf(text);
  const empty = statements.filter(
    ({ kind, table }, index) =>
      kind === "table" &&
      table[0] === "repository" &&
      table.length === 2 &&
      (statements[index + 1] === undefined || statements[index + 1]!.kind !== "key/value"),
  );
  for (const { from, to } of empty.toReversed()) lines.splice(from, to - from);
  return lines.join("");
}

function valueAt(config: Table, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => tableOf(value)[key], config);
}

/** Everything that a removal must not change: all but the index and our URLs. Undefined if the text is not TOML. */
function otherSettings(text: string, urls: string[]): Table | undefined {
  const rest = parseToml(text);
  if (rest === undefined) return undefined;
  const prune = (table: Table, path: string[]): void => {
    for (const [key, value] of Object.entries(table)) {
      const isIndex = key === "url" && path.join(".") === "pypi";
      if (isIndex || (key === "url" && urls.includes(String(value)))) delete table[key];
      else if (typeof value === "object" && value !== null && !Array.isArray(value) && path.length < 2) {
        prune(value as Table, [...path, key]);
        if (Object.keys(value).length === 0) delete table[key];
      }
    }
  };
  prune(rest, []);
  return rest;
}

function warningsOf(index: Table, file: string): string[] {
  const warnings: string[] = [];
  if (index["verify_ssl"] === false) {
    warnings.push(
      `${file} sets verify_ssl = false in [pypi]: PDM checks no certificate, and sends the token. Delete that line.`,
    );
  }
  return warnings;
}
