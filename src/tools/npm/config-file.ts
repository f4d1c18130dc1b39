/**
 * Edits npm's configuration file: the registry of all packages or of some scopes. No token is written.
 * https://docs.npmjs.com/cli/v11/configuring-npm/npmrc
 */
import { type Edit, insertBlocks, removeBlocks, splitLines } from "../../editing/block.ts";
import { type Edited, undoCommand } from "../../editing/edited.ts";

interface NpmRegistry {
  endpoint: string;
  scopes: string[];
}

/**
 * Sets `registry` or, for each scope ("@acme"), `@scope:registry` to the endpoint. `text` is undefined if there is no
 * file; `file` is its path for messages; `formerly` are endpoints that an earlier block of ours may contain. Throws
 * `edit_conflict`.
 */
export function setNpmRegistry(
  text: string | undefined,
  id: string,
  { endpoint, scopes }: NpmRegistry,
  file: string,
  formerly: string[] = [],
): Edited {
  const before =
    text === undefined ? undefined : unsetNpmRegistry(text, id, { file, endpoints: [endpoint, ...formerly] });
  const lines = splitLines(before ?? "");
  // After a byte order mark, npm reads a section header as a key.
  if (before?.startsWith("\ufeff") && lines[0] !== undefined) lines[0] = `\ufeff${lines[0]}`;
  const keys = scopes.length === 0 ? ["registry"] : scopes.map((scope) => `${scope}:registry`);
  const edits = keys.map((key) => editFor(lines, key, endpoint)).toSorted((a, b) => a.from - b.from);
  const edited = insertBlocks(before, id, edits, { file, undo: undoCommand(id) });
  return { text: edited, warnings: [] };
}

/**
 * Removes the registry with that id: lines that name one of the endpoints. `onKept` receives the user's lines in the
 * block. Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetNpmRegistry(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (line: string) => void },
): string | undefined {
  const isOwn = (line: string): boolean => {
    const value = /^(?:@[^\s:=]+:)?registry=(.*)$/.exec(line)?.[1];
    return value !== undefined && endpoints.includes(value);
  };
  return removeBlocks(text, id, { file, isOwn, keyOf, onKept });
}

/**
 * Replaces the lines that set exactly this registry by `replaced`, in a file whose marks are gone: `npm config set`
 * rewrites the file without comments. Undefined if there is no such line.
 */
export function dropNpmRegistry(
  text: string,
  { endpoint, scopes }: NpmRegistry,
  replaced: string[] = [],
): string | undefined {
  const keys = new Set(scopes.length === 0 ? ["registry"] : scopes.map((scope) => `${scope}:registry`));
  const lines = splitLines(text);
  const isOurs = (line: string): boolean =>
    keys.has(keyOf(line) ?? "") && line.slice(line.indexOf("=") + 1).trim() === endpoint;
  const first = lines.findIndex(isOurs);
  if (first < 0) return undefined;
  const set = new Set(lines.filter((line) => !isOurs(line)).map(keyOf));
  const back = replaced.filter((line) => !set.has(keyOf(line))).map((line) => `${line}\n`);
  return [...lines.slice(0, first), ...back, ...lines.slice(first).filter((line) => !isOurs(line))].join("");
}

/** In place of the last line that sets the key (the effective one), else after the lines before any section. */
function editFor(lines: string[], key: string, endpoint: string): Edit {
  const section = lines.findIndex((line) => /^\[[^\]]*\]\s*$/.test(line));
  const end = section < 0 ? lines.length : section;
  const last = lines.slice(0, end).findLastIndex((line) => keyOf(line) === key);
  const line = `${key}=${endpoint}`;
  return last < 0 ? { from: end, to: end, lines: [line] } : { from: last, to: last + 1, lines: [line] };
}

/** The key that npm's ini parser finds in a line; undefined for comments and empty lines. */
function keyOf(line: string): string | undefined {
  if (/^\s*([;#]|$)/.test(line)) return undefined;
  const key = line.split("=", 1)[0]!.trim();
  const quoted = /^(?:"(.*)"|'(.*)')$/.exec(key);
  return (quoted?.[1] ?? quoted?.[2] ?? key).replace(/\[\]$/, "");
}
