/**
 * Edits uv's user configuration: an index with the user name `aws`, and the keyring that uv asks for its password.
 * https://docs.astral.sh/uv/concepts/indexes/
 */
import { type Edit, splitLines } from "../../editing/block.ts";
import { insertCheckedBlocks, removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import type { Edited } from "../../editing/edited.ts";
import { lineBefore, setKeys, statementsOf } from "../../editing/toml-edits.ts";
import { parseToml, parseUserToml } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";

export interface UvIndex {
  /** Names for it, best first; the first that the file does not use is taken. */
  names: string[];
  /** The simple index and the place of uploads, with a user name: without one uv asks `keyring` only from 0.6.10 on. */
  url: string;
  publishUrl: string;
  /** Whether only packages that a project pins to it come from it. */
  isExplicit: boolean;
}

type Table = Record<string, unknown>;

const provider = `keyring-provider = "subprocess"`;

/**
 * Sets `keyring-provider` and puts the index in front of all others: of several default indexes uv takes the first.
 * `text` is undefined if there is no file; `file` is its path for messages; `formerly` are URLs that an earlier block of
 * ours may contain. Throws `edit_conflict`, with the lines to write by hand, if the file cannot be edited so that only
 * these settings change.
 */
export function setUvIndex(
  text: string | undefined,
  id: string,
  index: UvIndex,
  file: string,
  formerly: string[] = [],
): Edited {
  const own = { file, names: index.names, urls: [index.url, index.publishUrl, ...formerly] };
  const before = text === undefined ? undefined : unsetUvIndex(text, id, own);
  const wanted = parseUserToml(before ?? "", file);
  const others = indexesOf(wanted);
  const name = index.names.find((each) => !others.some((other) => other["name"] === each)) ?? index.names.at(-1)!;
  const table: Table = {
    name,
    url: index.url,
    "publish-url": index.publishUrl,
    ...(index.isExplicit ? { explicit: true } : { default: true }),
  };
  const edits = [...setKeys(before ?? "", [[["keyring-provider"], `"subprocess"`]]), tableEdit(before ?? "", table)];
  wanted["keyring-provider"] = "subprocess";
  wanted["index"] = [table, ...others];
  const lines = [provider, ...linesOf(table)].join("\n");
  const hint = `Write it by hand in the form that the file uses, the index before all others:\n${lines}`;
  const edited = insertCheckedBlocks(before, id, edits, { file, valuesIn: parseToml, wanted, hint });
  return { text: edited, warnings: warningsOf(wanted, file) };
}

/**
 * Removes the index with that id: lines that name one of the URLs. `onKept` receives the user's lines in the block.
 * Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetUvIndex(
  text: string,
  id: string,
  { file, names, urls, onKept }: { file: string; names: string[]; urls: string[]; onKept?: (line: string) => void },
): string | undefined {
  const own = new Set([
    provider,
    "[[index]]",
    "default = true",
    "explicit = true",
    ...names.map((name) => `name = ${JSON.stringify(name)}`),
    ...urls.flatMap((url) => [`url = ${JSON.stringify(url)}`, `publish-url = ${JSON.stringify(url)}`]),
  ]);
  return removeCheckedBlocks(text, id, {
    file,
    isOwn: (line) => own.has(line),
    keyOf: (line) => /^([\w-]+)\s*=/.exec(line)?.[1],
    onKept,
    // The table stays whole with what the user has changed in it: without a URL it would stop every command of uv.
    keep: (line) => line !== provider,
    othersIn: (left) => otherSettings(left, urls),
  });
}

/** In front of the first `[[index]]`, else at the end. */
function tableEdit(text: string, table: Table): Edit {
  const first = statementsOf(text).find(({ kind, table: path }) => kind === "array of tables" && path[0] === "index");
  const at = first === undefined ? splitLines(text).length : lineBefore(text, first);
  return { from: at, to: at, lines: linesOf(table) };
}

function linesOf(table: Table): string[] {
  return ["[[index]]", ...Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)];
}

function indexesOf(config: Table | undefined): Table[] {
  const indexes = config?.["index"];
  return Array.isArray(indexes) ? indexes.map(tableOf) : [];
}

/** Everything that a removal must not change; undefined if the text is not TOML. */
function otherSettings(text: string, urls: string[]): Table | undefined {
  const rest = parseToml(text);
  if (rest === undefined) return undefined;
  delete rest["keyring-provider"];
  const indexes = indexesOf(rest).filter(({ url }) => !urls.includes(String(url)));
  if (indexes.length > 0) rest["index"] = indexes;
  else delete rest["index"];
  return rest;
}

function warningsOf(config: Table, file: string): string[] {
  const pip = tableOf(config["pip"])["keyring-provider"];
  if (pip === undefined || pip === "subprocess") return [];
  return [`${file} sets keyring-provider in [pip] as well, which \`uv pip\` prefers: delete that line.`];
}
