/** Tokens that `npm login`, `pnpm login`, `yarn login` or `aws codeartifact login` have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type TokenLine, type TokenPlace } from "../checks/finding.ts";
import { isStored } from "../checks/token-lines.ts";
import { npmFiles, npmrcSettings } from "./doctor.ts";

/** The files of npm, of the projects around the folder too, and of pnpm; references to variables are no tokens. */
export function npmTokenPlaces(machine: Machine): TokenPlace[] {
  return [
    ...npmFiles(machine).map((path) => ({ path, tool: "npm", tokens })),
    ...pnpmFiles(machine).map((path) => ({ path, tool: "pnpm", tokens })),
  ];
}

function tokens(text: string): TokenLine[] {
  return npmrcSettings(text)
    .filter(
      ({ key, value }) => /:_(authToken|auth|password)$/.test(key) && codeArtifactHost.test(key) && isStored(value),
    )
    .map(({ line }) => ({ line }));
}

/** What `pnpm login` of pnpm 11 writes. */
function pnpmFiles({ env, home }: Machine): string[] {
  const folders = [env["XDG_CONFIG_HOME"] || join(home, ".config"), join(home, "Library/Preferences")];
  return folders.map((folder) => join(folder, "pnpm/auth.ini"));
}
