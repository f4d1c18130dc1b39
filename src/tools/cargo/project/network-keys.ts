/**
 * Keys of Cargo's configuration that change where its requests go, or whom they trust: all of `[http]` and `[net]`
 * except known harmless ones, unknown tables, and aliases that name other configuration.
 * https://doc.rust-lang.org/cargo/reference/config.html#configuration-keys
 */
import { dirname, isAbsolute } from "node:path";
import type { FolderConfig } from "./configuration.ts";

type Table = Record<string, unknown>;

/** A key of the project that affects the network. */
export interface NetworkKey {
  file: string;
  /** Dotted, as in Cargo's manual: `http.proxy`. */
  key: string;
  value: unknown;
  /** The file that the value names (an absolute path): certificates. */
  names?: string;
}

const anyValue = (): boolean => true;

/** Keys of `[http]` that neither redirect a request nor weaken its trust. `debug` is not one: it logs headers. */
const harmlessHttp: Record<string, (value: unknown) => boolean> = {
  "low-speed-limit": anyValue,
  multiplexing: anyValue,
  timeout: anyValue,
  // A line end in it would add headers to the request.
  "user-agent": (value) => typeof value === "string" && /^[\x20-\x7e]*$/.test(value),
  "check-revoke": (value) => value === true,
};

/** Harmless keys of `[net]`: git, which gets no token of ours, retries, offline mode. */
const harmlessNet: Record<string, (value: unknown) => boolean> = {
  "git-fetch-with-cli": anyValue,
  offline: anyValue,
  retry: anyValue,
  ssh: anyValue,
};

/**
 * Tables without effect on Cargo's requests to a registry. Registries and sources only name index URLs, which are
 * checked when Cargo asks for their token; `[env]` affects compilers and build scripts, not Cargo itself.
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

/** Words in an alias that make the command read other configuration than its folder's. */
const rerootingWord = /^(install$|--config\b|--path\b|-C|-Z)/;

/**
 * The keys of a folder's files that affect the network. `words` are the words of Cargo's command line: an alias counts
 * only if it is used; undefined: all aliases count.
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

/** Cargo resolves a relative path against the parent of the file's folder (`ConfigRelativePath`). */
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
