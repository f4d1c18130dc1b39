/** Tokens that `aws codeartifact login --tool dotnet` or `dotnet nuget add source` have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type StoredToken } from "../finding.ts";
import { namesIn } from "../shims.ts";
import { readSmallFile } from "../small-files.ts";
import { sourcesIn, sourcesWithPassword } from "./config-file.ts";
import { userConfigFolders } from "./config-path.ts";

/** Files of the user with a password for a source in CodeArtifact. */
export function storedNugetTokens({ env }: Machine): StoredToken[] {
  const files = userConfigFolders(env).flatMap((folder) =>
    namesIn(folder).flatMap((name) => (/\.config$/i.test(name) ? [join(folder, name)] : [])),
  );
  return files.filter(hasToken).map((path) => ({ path, tool: "nuget" }));
}

function hasToken(file: string): boolean {
  const text = readSmallFile(file) ?? "";
  try {
    const named = new Set(sourcesWithPassword(text, file));
    return sourcesIn(text, file).some(({ name, url }) => named.has(name) && codeArtifactHost.test(url));
  } catch {
    return false;
  }
}
