/** Says for which tools a removal or a replacement has an effect, and for which the repository stays set up. */
import { removeCommand } from "../../../../../editing/edited.ts";
import type { RepositorySettings } from "../../../../../settings/settings.ts";
import { setupCommand } from "../../../../../tools/registry-url.ts";
import type { ToolName } from "../../../../../tools/tools.ts";
import { listed, toolsOf } from "../selected-tools.ts";

export function nameOf({ domain, repository }: RepositorySettings): string {
  return `${domain}/${repository}`;
}

/** Of a removal by `--tool`: what it does not reach. `names`: the tools of the command. */
export function saidOfRemoval(repository: RepositorySettings, names: readonly ToolName[]): string[] {
  const users = toolsOf(repository);
  const rest = users.filter((tool) => !names.includes(tool));
  if (rest.length === 0) return [];
  const others = names.filter((tool) => !users.includes(tool));
  const command = `${removeCommand} --domain ${repository.domain} --repository ${repository.repository}`;
  const whole = `\`${command}\` takes it away whole`;
  const part = `with \`--tool NAME\` for one of them`;
  return [
    ...(others.length > 0 ? [`${nameOf(repository)} is not set up for ${listed(others)} here.`] : []),
    `It ${others.length === names.length ? "is" : "stays"} set up for ${listed(rest)}: ${whole}${rest.length > 1 ? `, ${part}` : ""}.`,
  ];
}

/** Of a repository in whose place another one comes, for the tools of the command: `names`. */
export function saidOfReplacement(
  old: RepositorySettings,
  repository: RepositorySettings,
  names: readonly ToolName[],
  dryRun: boolean,
): string {
  const users = toolsOf(old);
  const moved = users.filter((tool) => names.includes(tool));
  const kept = users.filter((tool) => !names.includes(tool));
  const is = dryRun ? "would be" : "is";
  const said = `${nameOf(old)} (${old.domainOwner}, ${old.region})`;
  const also = `To change ${kept.length > 1 ? "them" : "it"} too: \`${setupCommand(repository, kept.join(","))}\`.`;
  if (moved.length === 0 && kept.length > 0) {
    return `${said} stays set up for ${listed(kept)}. ${also}`;
  }
  const registry = names.includes("cargo") ? " and a --registry-name of its own" : "";
  const both = `To keep both, repeat the command for that one with --add${registry}.`;
  if (kept.length === 0) return `${said} ${is} replaced by it. ${both}`;
  return `${said} ${is} replaced by it for ${listed(moved)}, and stays set up for ${listed(kept)}. ${also} ${both}`;
}
