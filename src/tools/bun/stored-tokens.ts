/** Tokens in bun's user file. */
import { codeArtifactHost, type Machine, type TokenPlace } from "../checks/finding.ts";
import { tableOf } from "../../base/json.ts";
import { hasUrlWithPassword, isStored, tomlLines } from "../checks/token-lines.ts";
import { bunConfigPath } from "./config-path.ts";

/** bunfig.toml: the tokens and passwords of registries; references to variables are none. */
export function bunTokenPlaces({ env }: Machine): TokenPlace[] {
  return [
    {
      path: bunConfigPath(env),
      tool: "bun",
      tokens: (text) =>
        tomlLines(text, ({ path, value }, document) => {
          if (path[0] !== "install" || !isStored(value)) return false;
          const table = path.slice(0, -1).reduce((each, part) => tableOf(each[part]), document);
          if (["token", "password"].includes(path.at(-1)!)) return codeArtifactHost.test(String(table["url"]));
          return hasUrlWithPassword(value);
        }),
    },
  ];
}
