/** Where package managers read the user's configuration from. */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { VouchError } from "../errors.ts";

type Environment = Record<string, string | undefined>;

/**
 * The user's home folder: HOME, else what the system's user database says. Throws `file_error` when neither knows it, as
 * in a container that runs as a user of its own.
 */
export function homeFolder(env: Environment = process.env): string {
  if (env["HOME"]) return env["HOME"];
  try {
    return homedir();
  } catch (error) {
    throw new VouchError(
      "file_error",
      "This user has no home folder: HOME is not set, and the system does not know one.",
      {
        hint: "Set HOME, or name the settings file in VOUCH_CONFIG.",
        cause: error,
      },
    );
  }
}

/**
 * Cargo's `config.toml`, or `config` without an ending when there is one: Cargo then reads that and passes over the other.
 * https://doc.rust-lang.org/cargo/reference/config.html#hierarchical-structure
 */
export function cargoConfigPath(env: Environment = process.env): string {
  const folder = env["CARGO_HOME"] ? resolve(env["CARGO_HOME"]) : join(homeFolder(env), ".cargo");
  const legacy = join(folder, "config");
  const current = join(folder, "config.toml");
  return existsSync(legacy) && !isLinkTo(legacy, current) ? legacy : current;
}

/**
 * pip's file of the user: `PIP_CONFIG_FILE`, else the one of the current location, else of a legacy location where only
 * that exists. https://pip.pypa.io/en/stable/topics/configuration/#location
 */
export function pipConfigPath(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env["PIP_CONFIG_FILE"]) return resolve(env["PIP_CONFIG_FILE"]);
  const home = homeFolder(env);
  const mac = join(home, "Library/Application Support/pip");
  const folder =
    platform === "darwin" && existsSync(mac) ? mac : join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "pip");
  const current = join(folder, "pip.conf");
  const legacy = join(home, ".pip/pip.conf");
  return !existsSync(current) && existsSync(legacy) ? legacy : current;
}

/** npm's file of the user. https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#per-user-config-file */
export function npmConfigPath(env: Environment = process.env): string {
  // npm takes these names in any case; as it reads them, the last one wins.
  const name = Object.keys(env).findLast((key) => key.toLowerCase() === "npm_config_userconfig" && env[key]);
  return name ? resolve(env[name]!) : join(homeFolder(env), ".npmrc");
}

function isLinkTo(path: string, target: string): boolean {
  return lstatSync(path).isSymbolicLink() && resolve(path, "..", readlinkSync(path)) === target;
}
