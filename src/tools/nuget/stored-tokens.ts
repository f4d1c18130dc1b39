/** Tokens that `aws codeartifact login --tool dotnet` or `dotnet nuget add source` have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type TokenLine, type TokenPlace } from "../checks/finding.ts";
import { namesIn } from "../../base/system/folder-names.ts";
import { passwordsIn, sourcesIn } from "./config-file.ts";
import { userConfigFolders } from "./config-path.ts";

/** Files of the user, with passwords for sources in CodeArtifact. */
export function nugetTokenPlaces({ env }: Machine): TokenPlace[] {
  return userConfigFolders(env).flatMap((folder) =>
    namesIn(folder)
      .filter((name) => /\.config$/i.test(name))
      .map((name) => ({ path: join(folder, name), tool: "nuget", tokens })),
  );
}

function tokens(text: string): TokenLine[] {
  const sources = sourcesIn(text, "", true);
  return passwordsIn(text, "")
    .filter(({ source }) => sources.some(({ name, url }) => name === source && codeArtifactHost.test(url)))
    .map(({ line, source }) => ({
      line,
      remedy: `Delete it there: NuGet takes it before it asks Vouch (\`dotnet nuget remove source ${source}\` before the setup does).`,
    }));
}
