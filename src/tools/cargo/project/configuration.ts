/**
 * The configuration files that Cargo merges, apart from the user's own: `.cargo/config.toml` (or `config`) in a folder
 * and in each of its parents, and what they include. All of it is untrusted input.
 * https://doc.rust-lang.org/cargo/reference/config.html#hierarchical-structure
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { ancestors } from "../../../base/process/ancestors.ts";
import { readIfPresent } from "../../../base/system/regular-file.ts";
import { tomlStatements } from "../../../editing/toml-statements.ts";

export interface ConfigFile {
  path: string;
  /** SHA-256 of its bytes in hexadecimal; undefined if the file does not exist. */
  digest: string | undefined;
  table: Record<string, unknown>;
  /** Why the file's effect on Cargo is unknown. */
  unclear?: string;
}

/** One folder's `.cargo`: the file itself first, then its includes. */
export interface FolderConfig {
  /** The folder that contains `.cargo`, as Cargo names it. */
  folder: string;
  files: ConfigFile[];
}

/** A regular file's bytes; undefined if there is none. Throws an Error with the reason if it cannot be read. */
export function readNamedFile(path: string, maxBytes: number): Buffer | undefined {
  try {
    return readIfPresent(path, maxBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Error(`it cannot be opened (${code})`, { cause: error });
  }
}

/** The SHA-256 of the bytes, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

const maxConfigBytes = 1 << 20;
const maxIncludes = 100;

/**
 * The configurations of the folders and their parents, nearest first. Parents follow the path as written, as in Cargo:
 * `a/../b` has the parent `a/..`. The user's own folders are excluded.
 */
export function projectConfigs(folders: string[], env: Environment): FolderConfig[] {
  const own = ownFolders(env);
  const seen = new Set<string>();
  return folders.flatMap(ancestors).flatMap((folder) => {
    const cargo = joined(folder, ".cargo");
    if (seen.has(cargo) || own.has(cargo)) return [];
    seen.add(cargo);
    const config = folderConfig(folder);
    return config === undefined ? [] : [config];
  });
}

/** The configuration in one folder's `.cargo`; undefined if it has none. */
export function folderConfig(folder: string): FolderConfig | undefined {
  const files = configFiles(joined(folder, ".cargo"));
  return files.length === 0 ? undefined : { folder, files };
}

/** The files of a folder such as `.cargo` or CARGO_HOME, with their includes. */
export function configFiles(cargoFolder: string): ConfigFile[] {
  // Cargo reads `config` if both exist. Both are checked, because this process cannot know which of them Cargo could
  // open.
  const files: ConfigFile[] = [];
  for (const name of ["config", "config.toml"]) readWithIncludes(joined(cargoFolder, name), files, false);
  return files;
}

/** Adds a file and, recursively, its includes. A missing file is added only if another file names it. */
function readWithIncludes(path: string, files: ConfigFile[], isNamed: boolean): void {
  if (files.some((file) => file.path === path)) return;
  if (files.length >= maxIncludes) {
    files[0]!.unclear ??= `it includes more than ${maxIncludes} files`;
    return;
  }
  const file = readConfig(path);
  if (file.digest === undefined && file.unclear === undefined && !isNamed) return;
  files.push(file);
  const { include } = file.table;
  if (include === undefined) return;
  for (const each of [include].flat(1) as unknown[]) {
    const named = typeof each === "string" ? each : (each as { path?: unknown } | null)?.path;
    if (typeof named !== "string") file.unclear ??= "its key include is not a list of paths";
    else readWithIncludes(isAbsolute(named) ? named : joined(dirname(path), named), files, true);
  }
}

function readConfig(path: string): ConfigFile {
  let bytes: Buffer | undefined;
  try {
    bytes = readNamedFile(path, maxConfigBytes);
  } catch (error) {
    return { path, digest: undefined, table: {}, unclear: (error as Error).message };
  }
  if (bytes === undefined) return { path, digest: undefined, table: {} };
  const digest = sha256(bytes);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { path, digest, table: parseWithoutDoubt(text) };
  } catch {
    return { path, digest, table: {}, unclear: "it cannot be read as TOML without doubt" };
  }
}

/**
 * Parses TOML. Two independent parsers must agree on the keys, because a document that one of them misreads could hide
 * a key from the check. Throws if they differ, or if the text is not TOML.
 */
function parseWithoutDoubt(text: string): Record<string, unknown> {
  const table = Bun.TOML.parse(text) as Record<string, unknown>;
  const paths = tomlStatements(text).map((statement) => statement.table.concat(statement.key));
  const names = new Set(paths.map(([first]) => first));
  if (!Object.keys(table).every((key) => names.has(key))) throw new Error("keys differ");
  for (const [first, second] of paths) {
    if (first === undefined || !Object.hasOwn(table, first)) throw new Error("keys differ");
    const value = table[first];
    if (second === undefined || Array.isArray(value)) continue;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, second)) throw new Error("keys differ");
  }
  return table;
}

/**
 * Folders whose configuration is the user's own: `~/.cargo`, and an absolute `CARGO_HOME` unless it lies in a project
 * (CI often keeps it in the checkout, for its cache). By the path as written and as resolved, because Cargo's current
 * folder is resolved. A project's `.cargo` that links to them is not one: relative paths in it mean the project's
 * files.
 */
function ownFolders(env: Environment): Set<string> {
  const folders = [env["HOME"] ? joined(env["HOME"], ".cargo") : undefined, cargoHome(env)];
  return new Set(
    folders.flatMap((folder) => {
      if (folder === undefined) return [];
      return [folder, resolved(folder), joined(resolved(dirname(folder)), basename(folder))];
    }),
  );
}

function cargoHome(env: Environment): string | undefined {
  const folder = env["CARGO_HOME"]?.replace(/\/+$/, "");
  if (!folder?.startsWith("/")) return undefined;
  const isInProject = ["Cargo.toml", ".git"].some((name) => existsSync(join(dirname(folder), name)));
  return isInProject ? undefined : folder;
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Joins without resolving `..`, which node's join does before links are followed. */
function joined(folder: string, name: string): string {
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}
