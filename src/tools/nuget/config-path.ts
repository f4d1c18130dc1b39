/** Where NuGet's configuration of the user is. https://learn.microsoft.com/nuget/consume-packages/configuring-nuget-behavior */
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";

/** The file of `dotnet`: `~/.nuget/NuGet/NuGet.Config`. */
export function nugetConfigPath(env: Environment): string {
  return join(homeFolder(env), ".nuget/NuGet/NuGet.Config");
}

/** Folders whose files are the user's or the machine's: of dotnet, of Mono, and additional ones. */
export function userConfigFolders(env: Environment): string[] {
  const home = homeFolder(env);
  const config = env["XDG_CONFIG_HOME"] || join(home, ".config");
  return [
    join(home, ".nuget/NuGet"),
    join(home, ".nuget/config"),
    join(config, "NuGet"),
    join(config, "NuGet/config"),
    "/etc/opt/NuGet/Config",
    "/Library/Application Support",
  ];
}
