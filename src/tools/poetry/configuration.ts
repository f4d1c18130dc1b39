/**
 * The configuration that poetry reads in place of its own: the user's, and a repository with the token that is bound to
 * the endpoint's URL. poetry sends a repository's password to its host, port and scheme, whatever a project calls the
 * source, and chooses the repository whose path is nearest; of equals, the first.
 */
import { join } from "node:path";
import { readIfPresent } from "../../base/system/regular-file.ts";
import { parseToml } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";

type Table = Record<string, unknown>;

/** A repository that no file of a project can name. */
export interface BoundRepository {
  name: string;
  url: string;
  token: string;
  /** The user's own certificates for the repository. */
  certificates?: unknown;
}

const maxBytes = 1 << 20;

/** A name that nobody can guess. Only letters: poetry 1 takes the name apart at dots. */
export function unguessableName(prefix: string): string {
  const letters = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => String.fromCharCode(97 + (byte % 26)));
  return `${prefix}-${letters.join("")}`;
}

/**
 * The URL of the endpoint's index, with slashes that nobody can guess. poetry before 2.5 does not compare schemes for a
 * dependency in git, but exact paths; elsewhere, empty segments at the end count as nothing, or as nearer.
 */
export function indexUrl(endpoint: string, endpoints: number): string {
  const [random = 0] = crypto.getRandomValues(new Uint16Array(1));
  const most = Math.floor(6000 / Math.max(1, endpoints));
  return `${endpoint.replace(/\/*$/, "")}/simple${"/".repeat(2 + (random % most))}`;
}

/** The user's own configuration: config.toml, then auth.toml, as poetry merges them. Undefined if one is not TOML. */
export function readConfiguration(folder: string): Table | undefined {
  let whole: Table = {};
  for (const name of ["config.toml", "auth.toml"]) {
    let text: string | undefined;
    try {
      text = readIfPresent(join(folder, name), maxBytes)?.toString("utf8");
    } catch {
      return undefined;
    }
    if (text === undefined) continue;
    const table = parseToml(text);
    if (table === undefined) return undefined;
    whole = merge(whole, table);
  }
  return whole;
}

/** The URL of a repository in a configuration; undefined if it has none of that name. */
export function repositoryUrl(configuration: Table, name: string): string | undefined {
  const url = tableOf(tableOf(configuration["repositories"])[name])["url"];
  return typeof url === "string" ? url : undefined;
}

/** The configuration as TOML, with the repositories first. */
export function configurationWith(own: Table, repositories: readonly BoundRepository[]): string {
  const named = <Value>(valueOf: (each: BoundRepository) => Value): Record<string, Value> =>
    Object.fromEntries(repositories.map((each) => [each.name, valueOf(each)]));
  const certificates = Object.fromEntries(
    repositories.flatMap(({ name, certificates: each }) => (each === undefined ? [] : [[name, each]])),
  );
  return toToml({
    ...own,
    repositories: { ...named(({ url }) => ({ url })), ...tableOf(own["repositories"]) },
    "http-basic": {
      ...tableOf(own["http-basic"]),
      ...named(({ token }) => ({ username: "aws", password: token })),
    },
    certificates: { ...tableOf(own["certificates"]), ...certificates },
  });
}

function merge(a: Table, b: Table): Table {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const isTable = Object.keys(tableOf(value)).length > 0 && Object.keys(tableOf(merged[key])).length > 0;
    merged[key] = isTable ? merge(tableOf(merged[key]), tableOf(value)) : value;
  }
  return merged;
}

/**
 * A table as TOML, with a header for each table in it: poetry merges a project's settings into what its parser returns,
 * which takes no table into an inline one.
 */
export function toToml(table: Table, path: string[] = []): string {
  const isTable = (value: unknown): value is Table =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(table);
  const own = entries.flatMap(([key, value]) => (isTable(value) ? [] : [`${quoted(key)} = ${inline(value)}\n`]));
  const nested = entries.flatMap(([key, value]) => (isTable(value) ? [toToml(value, [...path, key])] : []));
  const header = path.length === 0 ? "" : `[${path.map(quoted).join(".")}]\n`;
  return [header, ...own, ...nested].join("");
}

function inline(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, each]) => `${quoted(key)} = ${inline(each)}`);
  return `{${pairs.join(", ")}}`;
}

/** A basic string: JSON's escapes are TOML's, which wants one more for DEL. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", String.raw`\u007f`);
}
