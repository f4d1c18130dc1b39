/**
 * Whether a project's Cargo configuration decides where Cargo's requests go or whom they trust. If so, Cargo gets no
 * token unless the user has trusted the folder, and none for publishing in any case.
 */
import { join } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { VouchError } from "../../../base/errors.ts";
import { cargoArguments, namedFolders } from "./command-line.ts";
import { configFiles, type FolderConfig, projectConfigs } from "./configuration.ts";
import { aliasWords, networkKeys } from "./network-keys.ts";
import { shown } from "./shown.ts";
import { shellWord } from "../../../base/words/shell-word.ts";

/** A project's configuration that affects the network, and why. */
export interface Decisive {
  config: FolderConfig;
  file: string;
  /** The end of a sentence that begins with the file: "sets http.proxy". */
  why: string;
  isTrusted: boolean;
}

/**
 * Checks the project of the parent process, a Cargo: passes if it affects nothing, or only what the user trusts. Throws
 * `project_untrusted` otherwise, and for operations other than `read` even if it is trusted.
 */
export async function checkProjectNetwork(
  operation: unknown,
  env: Environment = process.env,
): Promise<"own" | "trusted"> {
  const cwd = currentFolder();
  const words = cargoArguments(process.ppid);
  words.push(...userAliasWords(words, env));
  const folders = [cwd, ...namedFolders(words, cwd), ...cargoHomes(env)];
  const found = await decisiveConfigs(folders, env, new Set(words));
  const untrusted = found.find((each) => !each.isTrusted);
  if (untrusted !== undefined) throw refusal(untrusted);
  if (found[0] === undefined) return "own";
  if (operation === "read") return "trusted";
  throw publishRefusal(found[0]);
}

/** The configurations of the folders and their parents that affect the network. `words` as in `networkKeys`. */
export async function decisiveConfigs(
  folders: string[],
  env: Environment,
  words?: ReadonlySet<string>,
): Promise<Decisive[]> {
  const decisive = projectConfigs(folders, env).flatMap((config) => {
    const why = reasonOf(config, words);
    return why === undefined ? [] : [{ config, ...why }];
  });
  if (decisive.length === 0) return [];
  // Loaded late: the list of trusted folders takes longer to load than everything else.
  const { isTrusted, loadTrustedFolders, trustedFoldersPath } = await import("./trusted-folders.ts");
  const trusted = loadTrustedFolders(trustedFoldersPath(env));
  return decisive.map(({ config, file, why }) => ({ config, file, why, isTrusted: isTrusted(config, trusted) }));
}

function reasonOf(config: FolderConfig, words?: ReadonlySet<string>): Pick<Decisive, "file" | "why"> | undefined {
  const unclear = config.files.find((file) => file.unclear !== undefined);
  if (unclear !== undefined) return { file: unclear.path, why: `is not clear: ${unclear.unclear}` };
  const keys = networkKeys(config, words);
  if (keys[0] === undefined) return undefined;
  const { file } = keys[0];
  return { file, why: `sets ${keys.map(({ key }) => key).join(", ")}` };
}

/** The error with file, key and remedy. */
function refusal({ file, why, config }: Decisive): VouchError {
  const message = `${file} ${why}: a project must not decide where a token goes or whom Cargo trusts.`;
  return new VouchError("project_untrusted", shown(message), {
    hint: `Look at it, and allow it with \`vouch trust ${shellWord(shown(config.folder))}\` if it is right.`,
  });
}

function publishRefusal({ file, why }: Decisive): VouchError {
  const message = `${file} ${why}. You trust it for reading packages; nothing is published through it.`;
  return new VouchError("project_untrusted", shown(message), {
    hint: "Publish from a checkout without these keys, or move them to your own ~/.cargo/config.toml.",
  });
}

/**
 * Throws `project_untrusted` if the current folder is deleted, or if its name is not UTF-8, so that its files cannot be
 * found.
 */
function currentFolder(): string {
  let cwd: string | undefined;
  try {
    cwd = process.cwd();
  } catch {
    // It was deleted.
  }
  if (cwd !== undefined && !cwd.includes("\ufffd")) return cwd;
  throw new VouchError("project_untrusted", "Vouch cannot tell what the current folder's Cargo configuration is.", {
    hint: "Run Cargo in a folder that exists and whose name is UTF-8.",
  });
}

/** The words of the user's own aliases on the command line: they may name a folder. */
function userAliasWords(words: string[], env: Environment): string[] {
  const tables = cargoHomes(env).flatMap(configFiles);
  const aliases = tables.flatMap(({ table }) => Object.entries((table["alias"] ?? {}) as Record<string, unknown>));
  const variables = Object.entries(env)
    .filter(([name]) => name.startsWith("CARGO_ALIAS_"))
    .map(([name, value]): [string, unknown] => [name.slice(12).toLowerCase().replaceAll("_", "-"), value]);
  return [...aliases, ...variables].flatMap(([name, value]) => (words.includes(name) ? aliasWords(value) : []));
}

/**
 * CARGO_HOME and `~/.cargo`: `cargo install CRATE` reads the configuration of their parents instead of the current
 * folder's.
 */
function cargoHomes(env: Environment): string[] {
  const folders = [env["CARGO_HOME"], env["HOME"] && join(env["HOME"], ".cargo")];
  return folders.filter((folder) => folder !== undefined && folder.startsWith("/")) as string[];
}
