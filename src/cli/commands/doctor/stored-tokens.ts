/** Finds tokens stored in files: they override Vouch, expire during a build, and get committed by accident. */
import { join } from "node:path";
import { type Finding, type Machine, ok, type StoredToken, warning } from "../../../tools/finding.ts";
import { readSmallFile } from "../../../tools/small-files.ts";
import { allTools } from "../../../tools/tools.ts";

/**
 * Returns findings on CodeArtifact tokens in the files of npm, pnpm, pip, Cargo, twine, Maven and netrc: places, not
 * values.
 */
export function checkStoredTokens(machine: Machine): Finding[] {
  const places = [...allTools.flatMap(({ storedTokens }) => storedTokens(machine)), ...mavenTokens(machine)];
  if (places.length === 0)
    return [ok("stored-token", "No token for CodeArtifact lies in a file of the package managers.")];
  return places.map(({ path, line, tool, remedy }) =>
    warning(
      "stored-token",
      `A token for CodeArtifact lies in ${path}${line === undefined ? "" : `:${line}`} (${tool}).`,
      remedy ?? `Delete it there; with Vouch ${tool} does not need it.`,
    ),
  );
}

/** Passwords of servers with CodeArtifact's user name `aws`; ignores variable references and Maven-encrypted ones. */
function mavenTokens({ home }: Machine): StoredToken[] {
  const path = join(home, ".m2/settings.xml");
  const text = readSmallFile(path) ?? "";
  return [...text.matchAll(/<server>[^]*?<\/server>/g)].flatMap(({ 0: server, index }): StoredToken[] => {
    const password = /<password>\s*([^<\s${])/.exec(server);
    if (password === null || !/<username>\s*aws\s*<\/username>/.test(server)) return [];
    const line = text.slice(0, index + password.index).split("\n").length;
    const remedy = "Write ${env.CODEARTIFACT_AUTH_TOKEN} in its place, and start Maven by `vouch exec -- mvn`.";
    return [{ path, line, tool: "Maven", remedy }];
  });
}
