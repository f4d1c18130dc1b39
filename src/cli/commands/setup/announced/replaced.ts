/** Lines of a person's own files that an announcement would take the place of: they are shown with the rest. */
import { packageEndpoint } from "../../../../aws/package-endpoints.ts";
import { linesOutside } from "../../../../editing/block.ts";
import { loadReplacedLines, replacedLinesPath } from "../../../../editing/replaced-lines.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { stableExecutable } from "../../../../tools/executable.ts";
import { type ToolName, tools } from "../../../../tools/tools.ts";
import { Draft } from "../codeartifact/draft.ts";
import { previewLine } from "../codeartifact/outcome/preview.ts";
import { registryName, sameRepository } from "../codeartifact/request.ts";
import { type Difference, type Line, type WantedRepository, withoutEndpoints } from "./difference.ts";
import { withRoles } from "./roles.ts";

/** Nothing is written. Throws `edit_conflict` for a file that cannot be edited. */
export function replacedLines(difference: Difference, settings: Settings): Line[] {
  const { env } = process;
  const replaced = loadReplacedLines(replacedLinesPath(env));
  const draft = new Draft(withRoles(difference, settings), { env, executable: stableExecutable(env), replaced });
  for (const { wanted, names } of difference.repositories) {
    if (names.length > 0) draft.add(asSettings(wanted, names, draft.settings), names);
  }
  const lines: Line[] = [];
  for (const each of draft.replaced) {
    if (replaced.some(({ id, path }) => id === each.id && path === each.path)) continue;
    const before = draft.changes.find(({ path }) => path === each.path)?.before ?? "";
    // What stands in Vouch's blocks is shown as the repository that it is for.
    const own = new Set(linesOutside(before, each.path).map((line) => line.replace(/\r?\n$/, "")));
    for (const line of each.lines) {
      if (own.has(line)) lines.push({ sign: "-", text: `${each.path}: ${previewLine(line)}` });
    }
    if (each.withheld > 0) {
      lines.push({ sign: "-", text: `${each.path}: what may hold a secret (lines: ${each.withheld})` });
    }
  }
  return lines;
}

/** As it would be in the settings, with endpoints by AWS's naming scheme. */
function asSettings(
  wanted: WantedRepository["wanted"],
  names: readonly ToolName[],
  settings: Settings,
): RepositorySettings {
  const formats = names.map((name) => tools[name].format);
  const isCargo = names.some((name) => tools[name].settings.includes("registryName"));
  const known = settings.repositories.find((each) => sameRepository(each, wanted));
  return {
    ...withoutEndpoints(wanted),
    endpoints: {
      ...Object.fromEntries(formats.map((format) => [format, packageEndpoint({ ...wanted, format })])),
      ...known?.endpoints,
    },
    ...(isCargo ? { registryName: registryName({}, wanted, settings) } : {}),
  };
}
