/** A repository in the agent's status: which role and token serve which purpose. */
import { purposes } from "../../base/purpose.ts";
import { hasPublishRole } from "../../settings/publish-roles.ts";
import { knownRole } from "../../settings/roles.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import type { StatusReply } from "../protocol.ts";
import { definedEndpoints } from "./lookup.ts";
import type { Tokens } from "./tokens.ts";

/** Without `tokens` there is no session. */
export function describeRepository(
  repository: RepositorySettings,
  settings: Settings,
  tokens: Tokens | undefined,
): StatusReply["repositories"][number] {
  const { domain, domainOwner, region, repository: name, profile } = repository;
  const known = purposes
    .filter((purpose) => purpose === "read" || hasPublishRole(repository))
    .flatMap((purpose) => {
      const state = tokens?.state(repository, settings, purpose);
      const role = state?.role ?? knownRole(repository, settings, purpose);
      if (role === undefined) return [];
      return [
        {
          purpose,
          roleArn: role.arn,
          via: [...role.via],
          ...(state?.expiration === undefined ? {} : { expiration: state.expiration }),
          ...(state?.failure === undefined ? {} : { error: state.failure.toWire() }),
        },
      ];
    });
  const [read] = known;
  return {
    domain,
    domainOwner,
    region,
    repository: name,
    endpoints: definedEndpoints(repository),
    ...(profile === undefined ? {} : { profile }),
    tokens: known,
    ...(read?.expiration === undefined ? {} : { tokenExpiration: read.expiration }),
    ...(read?.error === undefined ? {} : { error: read.error }),
  };
}
