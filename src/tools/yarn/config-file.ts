/**
 * Edits yarn's configuration file: the registry of all packages or of some scopes. No token is written.
 * https://yarnpkg.com/configuration/yarnrc
 */
import { VouchError } from "../../base/errors.ts";
import { type Edit, splitLines } from "../../editing/block.ts";
import { insertCheckedBlocks, removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import { byHandHint, type Edited, notEditable } from "../../editing/edited.ts";
import { keysBelow, type YamlKey, yamlKeys } from "../../editing/yaml-keys.ts";
import { tableOf } from "../../base/json.ts";

export interface YarnRegistry {
  endpoint: string;
  /** `@acme` */
  scopes: string[];
}

type Table = Record<string, unknown>;

const server = "npmRegistryServer";

/**
 * Sets `npmRegistryServer` or, for each scope, that of `npmScopes`. `text` is undefined if there is no file; `file` is
 * its path for messages; `formerly` are endpoints that an earlier block of ours may contain. Throws `edit_conflict`,
 * with the lines to write by hand, if the file cannot be edited so that only these keys change.
 */
export function setYarnRegistry(
  text: string | undefined,
  id: string,
  registry: YarnRegistry,
  file: string,
  formerly: string[] = [],
): Edited {
  const { endpoint, scopes } = registry;
  const before =
    text === undefined ? undefined : unsetYarnRegistry(text, id, { file, endpoints: [endpoint, ...formerly] });
  const wanted = parsed(before, file);
  if (scopes.length === 0) wanted[server] = endpoint;
  for (const scope of scopes) {
    const table = (wanted["npmScopes"] ??= {});
    if (!isTable(table)) throw notEditable(file, hintFor(registry));
    const own = (table[nameOf(scope)] ??= {});
    if (!isTable(own)) throw notEditable(file, hintFor(registry));
    own[server] = endpoint;
  }
  const lines = splitLines(before ?? "");
  const edits = scopes.length === 0 ? [serverEdit(lines, endpoint)] : scopeEdits(lines, registry);
  const hint = hintFor(registry);
  const edited = insertCheckedBlocks(before, id, edits, { file, valuesIn: parsedIfValid, wanted, hint });
  return { text: edited, warnings: [] };
}

/**
 * Removes the registry with that id: lines that name one of the endpoints. `onKept` receives the user's lines in the
 * block. Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetYarnRegistry(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (line: string) => void },
): string | undefined {
  const isServer = (line: string): boolean => {
    const value = /^npmRegistryServer: (".*")$/.exec(line)?.[1];
    return value !== undefined && endpoints.some((endpoint) => JSON.stringify(endpoint) === value);
  };
  const isOwn = (line: string): boolean => isServer(line) || line === "npmScopes:" || /^"[^"]*":$/.test(line);
  const keyOf = (line: string): string | undefined => /^(npmRegistryServer)\s*:/.exec(line)?.[1];
  return removeCheckedBlocks(text, id, {
    file,
    isOwn,
    keyOf,
    onKept,
    keep: (line) => line.endsWith(":"),
    othersIn: otherSettings,
  });
}

/**
 * Replaces the lines that set exactly this registry by `replaced`, in a file whose marks are gone: `yarn config set`
 * rewrites the file without comments. Undefined if there is no such line.
 */
export function dropYarnRegistry(
  text: string,
  { endpoint, scopes }: YarnRegistry,
  replaced: string[] = [],
): string | undefined {
  const lines = splitLines(text);
  const isOurs = (key: YamlKey | undefined): boolean => key?.name === server && unquoted(key.value) === endpoint;
  const top = yamlKeys(lines);
  const taken = new Set<number>();
  const take = ({ from, to }: YamlKey): void => {
    for (let at = from; at < to; at++) taken.add(at);
  };
  const all = top.find((key) => scopes.length === 0 && isOurs(key));
  if (all) take(all);
  const map = top.find(({ name }) => name === "npmScopes");
  const below = map ? keysBelow(lines, map) : [];
  const emptied = below.filter((scope) => {
    if (!scopes.map(nameOf).includes(scope.name)) return false;
    const inner = keysBelow(lines, scope);
    const own = inner.find(isOurs);
    if (own) take(inner.length === 1 ? scope : own);
    return own !== undefined && inner.length === 1;
  });
  if (map && emptied.length > 0 && emptied.length === below.length) take(map);
  if (taken.size === 0) return undefined;
  const first = Math.min(...taken);
  const back = all ? replaced.map((line) => `${line}\n`) : [];
  return [...lines.slice(0, first), ...back, ...lines.slice(first).filter((_, at) => !taken.has(first + at))].join("");
}

/** In place of the key, else at the end. */
function serverEdit(lines: string[], endpoint: string): Edit {
  const found = yamlKeys(lines).find(({ name }) => name === server);
  const line = `${server}: ${JSON.stringify(endpoint)}`;
  return found
    ? { from: found.from, to: found.to, lines: [line] }
    : { from: endOf(lines), to: endOf(lines), lines: [line] };
}

/** In place of each scope's key, else in the scope, else in `npmScopes`, else at the end. */
function scopeEdits(lines: string[], { endpoint, scopes }: YarnRegistry): Edit[] {
  const map = yamlKeys(lines).find(({ name }) => name === "npmScopes");
  const line = `${server}: ${JSON.stringify(endpoint)}`;
  if (map === undefined) {
    const entries = scopes.flatMap((scope) => [`  ${JSON.stringify(nameOf(scope))}:`, `    ${line}`]);
    return [{ from: endOf(lines), to: endOf(lines), lines: ["npmScopes:", ...entries] }];
  }
  const known = keysBelow(lines, map);
  const indent = " ".repeat(known[0]?.indent ?? map.indent + 2);
  const added: string[] = [];
  const edits = scopes.flatMap((scope): Edit[] => {
    const own = known.find(({ name }) => name === nameOf(scope));
    if (own === undefined) {
      added.push(`${indent}${JSON.stringify(nameOf(scope))}:`, `${indent}  ${line}`);
      return [];
    }
    const inner = keysBelow(lines, own);
    const found = inner.find(({ name }) => name === server);
    const deeper = " ".repeat(inner[0]?.indent ?? own.indent + 2);
    return found
      ? [{ from: found.from, to: found.to, lines: [deeper + line] }]
      : [{ from: own.from + 1, to: own.from + 1, lines: [deeper + line] }];
  });
  if (added.length > 0) edits.push({ from: map.from + 1, to: map.from + 1, lines: added });
  return edits.toSorted((a, b) => a.from - b.from);
}

/** Before the end of the document, which `...` may mark. */
function endOf(lines: string[]): number {
  const end = lines.findIndex((line) => /^\.\.\.\s*$/.test(line));
  return end < 0 ? lines.length : end;
}

/** yarn writes scopes without `@`. */
function nameOf(scope: string): string {
  return scope.replace(/^@/, "");
}

function unquoted(value: string): string {
  return value.replace(/^(["'])(.*)\1$/, "$2");
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsedIfValid(text: string | undefined): unknown {
  try {
    return Bun.YAML.parse((text ?? "").replace(/^\ufeff/, "")) ?? {};
  } catch {
    return undefined;
  }
}

function parsed(text: string | undefined, file: string): Table {
  const document = parsedIfValid(text);
  if (isTable(document)) return document;
  throw new VouchError("edit_conflict", `${file} is not a valid configuration file of yarn.`, {
    hint: "Correct the file, then run the command again.",
  });
}

/** Everything that a removal must not change: all but the registry, of all packages and of any scope. */
function otherSettings(text: string): unknown {
  const document = parsedIfValid(text);
  if (!isTable(document)) return undefined;
  delete document[server];
  const scopes = tableOf(document["npmScopes"]);
  for (const [name, value] of Object.entries(scopes)) {
    const table = tableOf(value);
    delete table[server];
    if (Object.keys(table).length === 0 && (value === null || isTable(value))) delete scopes[name];
  }
  if (Object.keys(scopes).length === 0) delete document["npmScopes"];
  return document;
}

function hintFor({ endpoint, scopes }: YarnRegistry): string {
  const lines =
    scopes.length === 0
      ? `${server}: ${JSON.stringify(endpoint)}`
      : [
          "npmScopes:",
          ...scopes.map((scope) => `  ${nameOf(scope)}:\n    ${server}: ${JSON.stringify(endpoint)}`),
        ].join("\n");
  return `${byHandHint}\n${lines}`;
}
