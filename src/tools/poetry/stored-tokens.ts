/** Tokens that `poetry config http-basic.NAME` and `poetry config pypi-token.NAME` have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type TokenPlace } from "../checks/finding.ts";
import { readTomlFile } from "../checks/small-files.ts";
import { tableOf } from "../../base/json.ts";
import { isStored, tokenUser, tomlLines } from "../checks/token-lines.ts";
import { poetryConfigFolder } from "./config-path.ts";

/** config.toml and auth.toml: passwords of repositories at CodeArtifact, or beside its user name. */
export function poetryTokenPlaces({ env }: Machine): TokenPlace[] {
  const paths = ["config.toml", "auth.toml"].map((name) => join(poetryConfigFolder(env), name));
  const isOurs = (name: string): boolean =>
    paths.some((path) =>
      codeArtifactHost.test(String(tableOf(tableOf(readTomlFile(path)?.["repositories"])[name])["url"])),
    );
  return paths.map((path) => ({
    path,
    tool: "poetry",
    tokens: (text) => {
      const names: string[] = [];
      const lines = tomlLines(text, ({ path: [table, name = "", key], value }, document) => {
        const user = tableOf(tableOf(document["http-basic"])[name])["username"];
        const isToken =
          table === "http-basic" ? key === "password" && (user === tokenUser || isOurs(name)) : isOurs(name);
        const found = (table === "http-basic" || table === "pypi-token") && isToken && isStored(value);
        if (found) names.push(`${table}.${name}`);
        return found;
      });
      return lines.map(({ line }, index) => ({ line, remedy: `Run \`poetry config --unset ${names[index]}\`.` }));
    },
  }));
}
