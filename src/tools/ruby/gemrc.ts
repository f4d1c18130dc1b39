/**
 * RubyGems' configuration: which files it reads and which sources they name. A file is YAML with a symbol (`:sources:`)
 * for each option of RubyGems. https://guides.rubygems.org/command-reference/#gem-environment
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";
import { readSmallFile } from "../checks/small-files.ts";

export const publicSource = "https://rubygems.org/";

/** The user's file: `~/.gemrc`, or `gem/gemrc` in the configuration folder if that one alone exists. */
export function gemrcPath(env: Environment): string {
  const home = join(homeFolder(env), ".gemrc");
  const config = join(env["XDG_CONFIG_HOME"] || join(homeFolder(env), ".config"), "gem/gemrc");
  return !existsSync(home) && existsSync(config) ? config : home;
}

/** The files that RubyGems reads, by ascending precedence: the system's, then those of GEMRC or else the user's. */
export function gemrcFiles(env: Environment): string[] {
  const own = env["GEMRC"];
  return ["/etc/gemrc", ...(own ? own.split(":").filter((file) => file !== "") : [gemrcPath(env)])];
}

/**
 * The options of a file; undefined if it is not a mapping in YAML. An empty file has none. After a byte order mark Ruby
 * reads the first option alone.
 */
export function readGemrc(text: string): Record<string, unknown> | undefined {
  try {
    if (text.startsWith("\ufeff")) return undefined;
    const value: unknown = Bun.YAML.parse(text) ?? {};
    return typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The sources that an option value names; undefined if it is not a list of texts. */
export function sourcesOf(options: Record<string, unknown>): string[] | undefined {
  const value = options[":sources"];
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? value : undefined;
}

/** The sources that are in effect without arguments, and the file that names them. */
export function effectiveSources(files: string[]): { sources: string[]; file: string | undefined } {
  for (const file of files.toReversed()) {
    const sources = sourcesOf(readGemrc(readSmallFile(file) ?? "") ?? {});
    if (sources !== undefined) return { sources, file };
  }
  return { sources: [publicSource], file: undefined };
}
