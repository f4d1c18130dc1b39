/**
 * Which keys of Cargo's configuration change where its requests go, or whom they trust: all of `[http]` and `[net]` but
 * the ones known to be harmless, tables that this version does not know, and aliases that name other configuration.
 * https://doc.rust-lang.org/cargo/reference/config.html#configuration-keys
 */
import { dirname, isAbsolute } from "node:path";
import type { FolderConfig } from "./configuration.ts";

type Table = Record<string, unknown>;

/** A key that a project sets and that decides about the network. */
export interface NetworkKey {
  file: string;
  /** Dotted, as in Cargo's manual: `http.proxy`. */
  key: string;
  value: unknown;
  /** The file that the value names (an absolute path): certificates. */
  names?: string;
}

const anyValue = (): boolean => true;

/** Keys of `[http]` that neither send a request elsewhere nor weaken what it trusts. `debug` is none: it logs headers. */
const harmlessHttp: Record<string, (value: unknown) => boolean> = {
  "low-speed-limit": anyValue,
  multiplexing: anyValue,
  timeout: anyValue,
  // A line end in it would add headers to the request.
  "user-agent": (value) => typeof value === "string" && /^[\x20-\x7e]*$/.test(value),
  "check-revoke": (value) => value === true,
};

/** `[net]` as far as it is known: it decides about git, which no token of ours goes to, about retries and being offline. */
const harmlessNet: Record<string, (value: unknown) => boolean> = {
  "git-fetch-with-cli": anyValue,
  offline: anyValue,
  retry: anyValue,
  ssh: anyValue,
};

/**
 * Tables that do not touch Cargo's own requests to a registry. Registries and sources only name index URLs, which are
 * checked when Cargo asks for their token; `[env]` reaches compilers and build scripts, not Cargo itself.
 */
const harmlessTables = new Set([
  "build",
  "cache",
  "cargo-new",
  "credential-alias",
  "doc",
  "env",
  "future-incompat-report",
  "host",
  "install",
  "lints",
  "patch",
  "paths",
  "profile",
  "publish",
  "registries",
  "registry",
  "resolver",
  "source",
  "target",
  "target-applies-to-host",
  "term",
  "unstable",
]);

/** Words in an alias by which the command would read other configuration than its folder's. */
const rerootingWord = /^(install$|--config\b|--path\b|-C|-Z)/;

/**
 * The keys of a folder's files that decide about the network. `words` are those of Cargo's command line: an alias counts
 * only when one is used; undefined: all aliases count.
 */
export function networkKeys({ files }: FolderConfig, words?: ReadonlySet<string>): NetworkKey[] {
  return files.flatMap(({ path: file, table }) =>
    Object.entries(table).flatMap(([name, value]): NetworkKey[] => {
      if (name === "include" || harmlessTables.has(name)) return [];
      if (name === "http") return keysOf(file, name, value, harmlessHttp);
      if (name === "net") return keysOf(file, name, value, harmlessNet);
      if (name === "alias") return aliases(file, value, words);
      return [{ file, key: name, value }];
    }),
  );
}

function keysOf(
  file: string,
  name: string,
  value: unknown,
  harmless: Record<string, (value: unknown) => boolean>,
): NetworkKey[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [{ file, key: name, value }];
  return Object.entries(value).flatMap(([key, each]) => {
    if (Object.hasOwn(harmless, key) && harmless[key]!(each)) return [];
    const names = key.endsWith("cainfo") && typeof each === "string" ? { names: configRelative(file, each) } : {};
    return [{ file, key: `${name}.${key}`, value: each, ...names }];
  });
}

/** Cargo takes a relative path from the folder that holds the folder of the file (`ConfigRelativePath`). */
function configRelative(file: string, path: string): string {
  return isAbsolute(path) ? path : `${dirname(dirname(file)).replace(/\/$/, "")}/${path}`;
}

function aliases(file: string, value: unknown, words: ReadonlySet<string> | undefined): NetworkKey[] {
  const entries = Object.entries((value ?? {}) as Table);
  if (words !== undefined && !entries.some(([name]) => words.has(name))) return [];
  return entries.flatMap(([name, each]) =>
    aliasWords(each).some((word) => rerootingWord.test(word)) ? [{ file, key: `alias.${name}`, value: each }] : [],
  );
}

/** The words of an alias: a list, or a string that Cargo splits at white space. */
export function aliasWords(value: unknown): string[] {
  if (typeof value === "string") return value.split(/\s+/);
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}
