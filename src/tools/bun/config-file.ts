/**
 * Edits bun's configuration file: the registry of all packages or of some scopes, with the variable of its token. bun
 * sends nothing if the variable is not set, and takes address and token of a project's registry from one entry.
 * https://bun.com/docs/runtime/bunfig#install-registry
 */
import { insertCheckedBlocks, removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import type { Edited } from "../../editing/edited.ts";
import { setKeys } from "../../editing/toml-edits.ts";
import { parseToml, parseUserToml, setValue } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";

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
 * is its path for messages; `formerly` are endpoints that an earlier block of ours may contain. Throws `edit_conflict` if the
 * file cannot be edited so that only these keys change.
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
  for (const path of paths) setValue(wanted, path, { url: endpoint, token: `$${variable}` });
  const value = `{ url = ${JSON.stringify(endpoint)}, token = ${JSON.stringify(`$${variable}`)} }`;
  const edits = setKeys(
    before ?? "",
    paths.map((path) => [path, value]),
  );
  return {
    text: insertCheckedBlocks(before, id, edits, { file, valuesIn: parseToml, wanted, hint: otherForm }),
    warnings: [],
  };
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

/** Nothing to write by hand: what the file would have to name is a variable that only a set-up keeps. */
const otherForm =
  "Write its install settings below a header of their own, [install], not in braces; then run the command again. Or set up the other tools by --tool.";
