/** Tokens that `npm login`, `pnpm login` or `aws codeartifact login` have stored. */
import { join } from "node:path";
import { codeArtifactHost, type Machine, type StoredToken } from "../finding.ts";
import type { Setting } from "../small-files.ts";
import { npmSettings, readNpmrc } from "./doctor.ts";

/** Tokens for CodeArtifact in the files of npm and pnpm; references to variables are none. */
export function storedNpmTokens(machine: Machine): StoredToken[] {
  return [...npmTokens(npmSettings(machine), "npm"), ...npmTokens(pnpmSettings(machine), "pnpm")];
}

function npmTokens(settings: Setting[], tool: string): StoredToken[] {
  return settings
    .filter(
      ({ key, value }) =>
        /:_(authToken|auth|password)$/.test(key) && codeArtifactHost.test(key) && !/^\$\{.*\}$/.test(value),
    )
    .map(({ path, line }) => ({ path, line, tool }));
}

/** What `pnpm login` of pnpm 11 writes. */
function pnpmSettings({ env, home }: Machine): Setting[] {
  const folders = [env["XDG_CONFIG_HOME"] || join(home, ".config"), join(home, "Library/Preferences")];
  return folders.flatMap((folder) => readNpmrc(join(folder, "pnpm/auth.ini")));
}
