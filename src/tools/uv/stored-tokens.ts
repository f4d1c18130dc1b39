/** Tokens in uv's configuration file, and in the store of `uv auth login`. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type TokenLine, type TokenPlace } from "../checks/finding.ts";
import { tableOf } from "../../base/json.ts";
import { hasUrlWithPassword, linesWith, tomlLines } from "../checks/token-lines.ts";
import { uvConfigPath } from "./config-path.ts";

/** uv.toml with its URLs, and https://docs.astral.sh/uv/concepts/authentication/http/#the-uv-credentials-store */
export function uvTokenPlaces({ env, home }: Machine): TokenPlace[] {
  const data = env["XDG_DATA_HOME"]?.startsWith("/") ? env["XDG_DATA_HOME"] : join(home, ".local/share");
  const folder = env["UV_CREDENTIALS_DIR"] || join(data, "uv/credentials");
  return [
    { path: uvConfigPath(env), tool: "uv", tokens: (text) => linesWith(text, hasUrlWithPassword) },
    { path: join(folder, "credentials.toml"), tool: "uv", tokens: inStore },
  ];
}

function inStore(text: string): TokenLine[] {
  const services: string[] = [];
  const lines = tomlLines(text, ({ path: [table, index, key], value }, document) => {
    if (table !== "credential" || key !== "service" || !codeArtifactHost.test(String(value))) return false;
    services.push(String(tableOf((document["credential"] as unknown[])[Number(index)])["service"]));
    return true;
  });
  return lines.map(({ line }, index) => ({ line, remedy: `Run \`uv auth logout ${services[index]}\`.` }));
}
