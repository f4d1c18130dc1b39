/** Finds tokens stored in files: they override Vouch, expire during a build, and get committed by accident. */
import { type Finding, type Machine, ok, warning } from "../../../tools/checks/finding.ts";
import { storedTokens } from "../../../tools/checks/stored-tokens.ts";

/** Returns findings on CodeArtifact tokens in the files of the package managers: places, not values. */
export function checkStoredTokens(machine: Machine): Finding[] {
  const found = storedTokens(machine);
  if (found.length === 0)
    return [ok("stored-token", "No token for CodeArtifact lies in a file of the package managers.")];
  return found.map(({ path, line, tool, remedy }) =>
    warning("stored-token", `A token for CodeArtifact lies in ${path}:${line} (${tool}).`, remedy),
  );
}
