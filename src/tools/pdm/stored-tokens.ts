/** Tokens that `pdm config` has stored. */
import { codeArtifactHost, type Machine, type TokenPlace } from "../checks/finding.ts";
import { tableOf } from "../../base/json.ts";
import { hasUrlWithPassword, isStored, tokenUser, tomlLines } from "../checks/token-lines.ts";
import { pdmConfigPath } from "./config-path.ts";

/** PDM's user configuration: passwords of indexes and repositories, and those in URLs. */
export function pdmTokenPlaces({ env }: Machine): TokenPlace[] {
  return [
    {
      path: pdmConfigPath(env),
      tool: "pdm",
      tokens: (text) =>
        tomlLines(text, ({ path, value }, document) => {
          if (!["pypi", "repository"].includes(path[0]!) || !isStored(value)) return false;
          const table = path.slice(0, -1).reduce((each, part) => tableOf(each[part]), document);
          const isOurs = codeArtifactHost.test(String(table["url"])) || table["username"] === tokenUser;
          return path.at(-1) === "password" ? isOurs : hasUrlWithPassword(value);
        }),
    },
  ];
}
