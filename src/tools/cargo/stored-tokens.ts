/** Tokens stored by `cargo login`, or by hand. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type TokenPlace } from "../checks/finding.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { isStored, tomlLines } from "../checks/token-lines.ts";
import { cargoConfigPath } from "./config-path.ts";

/** Cargo's credentials and configuration: tokens of registries whose index is in CodeArtifact, or that are set up. */
export function cargoTokenPlaces({ env, home, settings }: Machine): TokenPlace[] {
  const folder = env["CARGO_HOME"] || join(home, ".cargo");
  const config = cargoConfigPath(env);
  const registries = Object.entries(tableOf(readTomlFile(config)?.["registries"]));
  const names = new Set<unknown>([
    ...settings.repositories.map(({ registryName }) => registryName),
    ...registries.filter(([, each]) => codeArtifactHost.test(String(tableOf(each)["index"]))).map(([name]) => name),
  ]);
  const paths = [join(folder, "credentials.toml"), join(folder, "credentials"), config];
  return paths.map((path) => ({
    path,
    tool: "cargo",
    tokens: (text) =>
      tomlLines(
        text,
        ({ path: [table, name, key], value }) =>
          table === "registries" && key === "token" && names.has(name) && isStored(value),
      ),
  }));
}
