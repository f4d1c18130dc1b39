/**
 * Edits bun's configuration file: the registry of all packages or of some scopes, with the variable of its token. bun
 * sends nothing if the variable is not set, and takes address and token of a project's registry from one entry.
 * https://bun.com/docs/runtime/bunfig#install-registry
 */
import type { VouchError } from "../../base/errors.ts";
import { type Edit, insertBlocks } from "../../editing/block.ts";
import { removeCheckedBlocks } from "../../editing/checked-removal.ts";
import { type Edited, notEditable, undoCommand } from "../../editing/edited.ts";
import { type TomlStatement, tomlStatements } from "../../editing/toml-statements.ts";
import { parseToml, parseUserToml } from "../../editing/toml-values.ts";
import { tableOf } from "../small-files.ts";

export interface BunRegistry {
  endpoint: string;
  /** The variable's name. */
  variable: string;
  /** `@acme` */
  scopes: string[];
}

type Table = Record<string, unknown>;

/**
 * Sets `install.registry` or, for each scope, `install.scopes."@scope"`. `text` is undefined if there is no file; `file`
 * is its path for messages; `formerly` are endpoints that an earlier block of ours may contain. Throws `edit_conflict`,
 * with the lines to write by hand, if the file cannot be edited so that only these keys change.
 */
export function setBunRegistry(
  text: string | undefined,
  id: string,
  registry: BunRegistry,
  file: string,
  formerly: string[] = [],
): Edited {
  const { endpoint, variable, scopes } = registry;
  const own = { file, endpoints: [endpoint, ...formerly] };
  const before = text === undefined ? undefined : unsetBunRegistry(text, id, own);
  const wanted = parseUserToml(before ?? "", file);
  const paths = pathsOf(scopes);
  for (const path of paths) setIn(wanted, path, { url: endpoint, token: `$${variable}` });
  const value = `{ url = ${JSON.stringify(endpoint)}, token = ${JSON.stringify(`$${variable}`)} }`;
  const edited = insertBlocks(before, id, editsFor(before ?? "", paths, value), { file, undo: undoCommand(id) });
  if (!Bun.deepEquals(parseToml(edited), wanted, true)) throw byHand(paths, value, file);
  return { text: edited, warnings: [] };
}

/**
 * Removes the registry with that id: lines that name one of the endpoints. `onKept` receives the user's lines in the
 * block. Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetBunRegistry(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (line: string) => void },
): string | undefined {
  const isOwn = (line: string): boolean => {
    if (/^\[install(\.scopes)?\]$/.test(line)) return true;
    const value = /^(?:[\w"@/.~-]+) = (\{ url = .*)$/.exec(line)?.[1];
    const { url, token } = tableOf(value && parseToml(`value = ${value}`)?.["value"]);
    return typeof url === "string" && endpoints.includes(url) && String(token).startsWith("$VOUCH_TOKEN_");
  };
  const keyOf = (line: string): string | undefined => /^([\w"'@/.~-]+)\s*=/.exec(line)?.[1]?.replace(/^.*\./, "");
  const scopes = ownScopes(text);
  return removeCheckedBlocks(text, id, {
    file,
    isOwn,
    keyOf,
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: (left) => otherSettings(left, scopes),
  });
}

function pathsOf(scopes: string[]): string[][] {
  return scopes.length === 0 ? [["install", "registry"]] : scopes.map((scope) => ["install", "scopes", scope]);
}

function setIn(table: Table, [first, ...rest]: string[], value: unknown): void {
  if (rest.length === 0) table[first!] = value;
  else setIn(tableOf((table[first!] ??= {})), rest, value);
}

/** Each key in its current place, else in its table, else behind a dotted key of its table, else in a new table. */
function editsFor(text: string, paths: string[][], value: string): Edit[] {
  const statements = tomlStatements(text.replace(/^\ufeff/, ""));
  const end = text.replace(/^\ufeff/, "").match(/[^\n]*\n|[^\n]+$/g)?.length ?? 0;
  const edits: Edit[] = [];
  const added = new Map<string, Edit>();
  for (const path of paths) {
    const found = statements.find(({ kind, table, key }) => kind === "key/value" && same([...table, ...key], path));
    if (found) {
      edits.push({ from: found.from, to: found.to, lines: [lineOf(found.key, value)] });
      continue;
    }
    const place = placeOf(statements, path, end);
    const line = lineOf(place.prefix.concat(path.at(-1)!), value);
    const known = added.get(`${place.at}`);
    if (known) known.lines.push(line);
    else added.set(`${place.at}`, { from: place.at, to: place.at, lines: [...place.header, line] });
  }
  return joined([...edits, ...added.values()]);
}

interface Place {
  at: number;
  /** Parts of the key before its last one. */
  prefix: string[];
  header: string[];
}

function placeOf(statements: TomlStatement[], path: string[], end: number): Place {
  const parent = path.slice(0, -1);
  const header = statements.find(({ kind, table }) => kind === "table" && same(table, parent));
  if (header) return { at: header.to, prefix: [], header: [] };
  const dotted = statements.findLast(
    ({ table, key }) => key.length > 1 && same([...table, ...key].slice(0, parent.length), parent),
  );
  if (dotted) return { at: dotted.to, prefix: parent.slice(dotted.table.length), header: [] };
  return { at: end, prefix: [], header: [`[${parent.join(".")}]`] };
}

function lineOf(key: string[], value: string): string {
  return `${key.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join(".")} = ${value}`;
}

function same(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

/** The edits in file order, adjacent ones merged. */
function joined(edits: Edit[]): Edit[] {
  const merged: Edit[] = [];
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1);
    if (last?.to === edit.from)
      merged.splice(-1, 1, { from: last.from, to: edit.to, lines: [...last.lines, ...edit.lines] });
    else merged.push(edit);
  }
  return merged;
}

/** The scopes whose registry is one of ours. */
function ownScopes(text: string): string[] {
  const scopes = tableOf(tableOf(parseToml(text)?.["install"])["scopes"]);
  return Object.keys(scopes).filter((scope) => String(tableOf(scopes[scope])["token"]).startsWith("$VOUCH_TOKEN_"));
}

/** Everything that a removal must not change: all but the registry, and those of these scopes. */
function otherSettings(text: string, own: string[]): Table | undefined {
  const rest = parseToml(text);
  if (rest === undefined) return undefined;
  const install = tableOf(rest["install"]);
  delete install["registry"];
  const scopes = tableOf(install["scopes"]);
  for (const scope of own) delete scopes[scope];
  if (Object.keys(scopes).length === 0) delete install["scopes"];
  if (Object.keys(install).length === 0) delete rest["install"];
  return rest;
}

function byHand(paths: string[][], value: string, file: string): VouchError {
  const lines = paths.map((path) => lineOf(path, value)).join("\n");
  return notEditable(
    file,
    `Write it by hand in the form that the file uses, and set up the other tools by --tool:\n${lines}`,
  );
}
