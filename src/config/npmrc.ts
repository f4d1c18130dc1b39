/**
 * Edits npm's configuration file: the registry of all packages or of some scopes. No token is written.
 * https://docs.npmjs.com/cli/v11/configuring-npm/npmrc
 */
import { type Edit, insertBlocks, removeBlocks, splitLines } from "./block.ts";
import { type Edited, undoCommand } from "./edited.ts";

/**
 * Sets `registry` or, for each scope ("@acme"), `@scope:registry` to the endpoint. `text` is undefined when there is no
 * file; `file` is its path for messages. Throws `edit_conflict`.
 */
export function setNpmRegistry(
  text: string | undefined,
  id: string,
  { endpoint, scopes }: { endpoint: string; scopes: string[] },
  file: string,
): Edited {
  const before = text === undefined ? undefined : unsetNpmRegistry(text, id, file);
  const lines = splitLines(before ?? "");
  // Behind a byte order mark npm sees no section, but a key.
  if (before?.startsWith("\ufeff") && lines[0] !== undefined) lines[0] = `\ufeff${lines[0]}`;
  const keys = scopes.length === 0 ? ["registry"] : scopes.map((scope) => `${scope}:registry`);
  const edits = keys.map((key) => editFor(lines, key, endpoint)).toSorted((a, b) => a.from - b.from);
  const edited = insertBlocks(before, id, edits, { file, undo: undoCommand });
  return { text: edited, warnings: warningsOf(lines, endpoint, file) };
}

/** Takes the registry of that id away again. Returns undefined when the file is to be deleted. Throws `edit_conflict`. */
export function unsetNpmRegistry(text: string, id: string, file: string): string | undefined {
  return removeBlocks(text, id, { file, isOwn: (line) => /^(@[^\s:=]+:)?registry=/.test(line) });
}

/**
 * Takes lines away that set exactly this registry, for a file whose marks are gone: `npm config set` writes the file anew
 * without comments.
 */
export function dropNpmRegistry(text: string, { endpoint, scopes }: { endpoint: string; scopes: string[] }): string {
  const keys = new Set(scopes.length === 0 ? ["registry"] : scopes.map((scope) => `${scope}:registry`));
  const isOurs = (line: string): boolean =>
    keys.has(keyOf(line) ?? "") && line.slice(line.indexOf("=") + 1).trim() === endpoint;
  return text
    .split(/(?<=\n)/)
    .filter((line) => !isOurs(line))
    .join("");
}

/** In place of the last line that sets the key (npm takes the last), else at the end of what stands before any section. */
function editFor(lines: string[], key: string, endpoint: string): Edit {
  const section = lines.findIndex((line) => /^\[[^\]]*\]\s*$/.test(line));
  const end = section < 0 ? lines.length : section;
  const last = lines.slice(0, end).findLastIndex((line) => keyOf(line) === key);
  const line = `${key}=${endpoint}`;
  return last < 0 ? { from: end, to: end, lines: [line] } : { from: last, to: last + 1, lines: [line] };
}

/** The key that npm's ini reader finds in a line; undefined for comments and empty lines. */
function keyOf(line: string): string | undefined {
  if (/^\s*([;#]|$)/.test(line)) return undefined;
  const key = line.split("=", 1)[0]!.trim();
  const quoted = /^(?:"(.*)"|'(.*)')$/.exec(key);
  return (quoted?.[1] ?? quoted?.[2] ?? key).replace(/\[\]$/, "");
}

function warningsOf(lines: string[], endpoint: string, file: string): string[] {
  const nerfDart = endpoint.slice(endpoint.indexOf("//"));
  return lines.flatMap((line, index) => {
    const key = keyOf(line) ?? "";
    if (!key.startsWith(nerfDart.replace(/\/$/, "")) || !/:(_authToken|_auth|_password)$/.test(key)) return [];
    return [
      `${file} holds a token for this repository (line ${index + 1}). Vouch needs none on the disk: delete that line.`,
    ];
  });
}
