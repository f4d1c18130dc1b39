/** Which repositories a request for a touch is about. */
import { VouchError } from "../../base/errors.ts";
import { findRegistry } from "../../settings/registries.ts";
import { hasPublishRole, purposeIn } from "../../settings/publish-roles.ts";
import { serverOf } from "../../settings/servers.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import type { PublishStartRequest } from "../requests.ts";

/**
 * The repository that the URL lies in, else all of the format (or of all formats), the default one last; only those with a role for
 * publishing, and of one Vouch server: that of the last one. Throws `not_configured` if there is none, and as
 * `purposeIn`.
 */
export function publishTargets({ url, format }: PublishStartRequest, settings: Settings): RepositorySettings[] {
  const found = url === undefined ? undefined : findRegistry(settings, url, format)?.repository;
  const candidates =
    url === undefined
      ? settings.repositories.filter(({ endpoints }) => format === undefined || endpoints[format])
      : [found];
  const wanted = candidates.filter((each) => each !== undefined && hasPublishRole(each)) as RepositorySettings[];
  const server = serverOf(wanted.at(-1)?.profile, settings);
  const targets = wanted.filter(({ profile }) => serverOf(profile, settings) === server);
  for (const each of targets) purposeIn(each, settings, "publish");
  if (targets.length > 0) return targets;
  throw new VouchError("not_configured", "No repository with a role for publishing is meant.", {
    hint: "`vouch setup codeartifact --publish-role ARN` gives it one.",
  });
}
