/** Tokens in uv's configuration file, and in the store of `uv auth login`. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type StoredToken } from "../finding.ts";
import { readSmallFile, readTomlFile, tableOf } from "../small-files.ts";
import { uvConfigPath } from "./config-path.ts";

/** Passwords for CodeArtifact in uv.toml's URLs and in uv's own credentials file. */
export function storedUvTokens(machine: Machine): StoredToken[] {
  const path = uvConfigPath(machine.env);
  const lines = (readSmallFile(path) ?? "").split("\n");
  const inUrls = lines.flatMap((text, index): StoredToken[] =>
    codeArtifactHost.test(text) && /:\/\/[^/@\s"']*:[^/@\s"']+@/.test(text)
      ? [{ path, line: index + 1, tool: "uv" }]
      : [],
  );
  return [...inUrls, ...inStore(machine)];
}

/** https://docs.astral.sh/uv/concepts/authentication/http/#the-uv-credentials-store */
function inStore({ env, home }: Machine): StoredToken[] {
  const data = env["XDG_DATA_HOME"]?.startsWith("/") ? env["XDG_DATA_HOME"] : join(home, ".local/share");
  const folder = env["UV_CREDENTIALS_DIR"] || join(data, "uv/credentials");
  const path = join(folder, "credentials.toml");
  const credentials = readTomlFile(path)?.["credential"];
  if (!Array.isArray(credentials)) return [];
  const services = credentials.map((each) => tableOf(each)["service"]).filter((each) => typeof each === "string");
  return services
    .filter((service) => codeArtifactHost.test(service))
    .map((service) => ({ path, tool: "uv", remedy: `uv auth logout ${service}` }));
}
