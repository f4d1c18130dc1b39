/** How a repository is called in Maven's settings. */
import type { RepositorySettings } from "../../settings/settings.ts";

/**
 * The id that the credentials are bound to, from the variable's random name: Maven sends a server's credentials to
 * whatever URL a project gives the server's id, so no project may know it.
 */
export function secretId(tokenVariable: string): string {
  return tokenVariable.toLowerCase().replace("vouch_token_", "vouch-");
}

/** The id that projects may name, as AWS's console writes it. It has no credentials. */
export function readableId({ domain, repository }: Pick<RepositorySettings, "domain" | "repository">): string {
  return `${domain}--${repository}`;
}
