/** Says of a repository whether it is now the default one, or beside the public registry, and what it was before. */
import type { RepositorySettings, Settings } from "../../../../../settings/settings.ts";
import { nameOf } from "./per-tool.ts";
import { sameRepository } from "../request.ts";

/** `dryRun`: it would be. */
export function saidOfDefault(
  repository: RepositorySettings,
  { before, after }: { before: Settings; after: Settings },
  dryRun: boolean,
): string {
  const [name, is] = [nameOf(repository), dryRun ? "would be" : "is"];
  const isThis = (other: RepositorySettings | undefined): boolean =>
    other !== undefined && sameRepository(other, repository);
  const was = before.repositories.find(isThis);
  const [former, now] = [defaultOf(before), defaultOf(after)];
  if (repository.extra === true) {
    const rest = now === undefined ? "" : ` The default repository ${isThis(former) ? is : "stays"} ${nameOf(now)}.`;
    const until = was !== undefined && was.extra !== true ? " Until now it stood in the place of that registry." : "";
    return `${name} ${is} beside the public registry, for what names it (--extra).${until}${rest}`;
  }
  if (!isThis(now)) return `${name} keeps its place; the default repository stays ${nameOf(now ?? repository)}.`;
  if (isThis(former)) return `${name} ${dryRun ? "would stay" : "stays"} the default repository.`;
  const other = former === undefined ? "" : `, in place of ${differing(former, name)}`;
  const until = was?.extra === true ? " Until now it was beside the public registry (--extra)." : "";
  return `${name} ${is} the default repository${other}.${until}`;
}

/** A repository by its name; one of the same name by its account and region. */
function differing(former: RepositorySettings, name: string): string {
  return nameOf(former) === name ? `that of ${former.domainOwner} in ${former.region}` : nameOf(former);
}

/** The last one that is not beside the public registry. */
function defaultOf({ repositories }: Settings): RepositorySettings | undefined {
  return repositories.findLast(({ extra }) => extra !== true);
}
