/** Which role a request about a repository is made with. */
import type { Place } from "../../settings/roles.ts";
import type { Settings } from "../../settings/settings.ts";
import type { RepositoryEndpointRequest } from "../requests.ts";

/** The role or profile that the request names, else those of the configured repository, if it is one. */
export function placeOf(request: RepositoryEndpointRequest, { repositories }: Settings): Place & { region: string } {
  if (request.roleArn !== undefined || request.profile !== undefined) return request;
  const { domain, domainOwner, region, repository } = request;
  const found = repositories.find(
    (each) =>
      each.domain === domain &&
      each.domainOwner === domainOwner &&
      each.region === region &&
      each.repository === repository,
  );
  return found ?? request;
}
