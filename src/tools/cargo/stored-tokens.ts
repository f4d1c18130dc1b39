/** Tokens stored by `cargo login`. */
import { join } from "node:path";
import type { Machine, StoredToken } from "../finding.ts";
import { readTomlFile, tableOf } from "../small-files.ts";

/** Tokens of our registries in Cargo's credentials file. */
export function cargoTokens({ env, home, settings }: Machine): StoredToken[] {
  const folder = env["CARGO_HOME"] || join(home, ".cargo");
  return ["credentials.toml", "credentials"].flatMap((file) => {
    const path = join(folder, file);
    const registries = tableOf(readTomlFile(path)?.["registries"]);
    return settings.repositories
      .filter(
        ({ registryName }) => registryName !== undefined && tableOf(registries[registryName])["token"] !== undefined,
      )
      .map(() => ({ path, tool: "cargo" }));
  });
}
