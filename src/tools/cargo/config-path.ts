/** Path of Cargo's user configuration file. */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/**
 * Cargo's `config.toml`, or `config` without an extension if it exists: Cargo then ignores the other.
 * https://doc.rust-lang.org/cargo/reference/config.html#hierarchical-structure
 */
export function cargoConfigPath(env: Environment = process.env): string {
  const folder = env["CARGO_HOME"] ? resolve(env["CARGO_HOME"]) : join(homeFolder(env), ".cargo");
  const legacy = join(folder, "config");
  const current = join(folder, "config.toml");
  return existsSync(legacy) && !isLinkTo(legacy, current) ? legacy : current;
}

function isLinkTo(path: string, target: string): boolean {
  return lstatSync(path).isSymbolicLink() && resolve(path, "..", readlinkSync(path)) === target;
}
