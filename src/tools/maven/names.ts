/** How a repository is called in Maven's settings. */
import { createHash } from "node:crypto";
import type { RepositorySettings } from "../../settings/settings.ts";

/**
 * The id that the mirror's credentials are bound to: Maven sends a server's credentials to whatever URL a project gives
 * the server's id, so no project may know it. It is the same in every run, by which Maven's local repository knows what
 * it has, and stands in build logs: the name of the token's variable does not follow from it.
 */
export function secretId(tokenVariable: string): string {
  return `vouch-${digits("mirror", tokenVariable)}`;
}

/** The variable with the id that credentials for a deployment are bound to: a new one in every run. */
export function deploymentVariable(tokenVariable: string): string {
  return `VOUCH_DEPLOY_${digits("deployment", tokenVariable).toUpperCase()}`;
}

/** The random parts of both. */
export function namesFrom(tokenVariable: string): string[] {
  return [secretId(tokenVariable), deploymentVariable(tokenVariable)].map((name) => name.slice(-16));
}

/** An id for the deployments of one run. */
export function newDeploymentId(): string {
  return `vouch-${crypto.getRandomValues(new Uint8Array(8)).toHex()}`;
}

/** What is such an id, in a text. */
export const secretIdPattern = /vouch-[0-9a-f]{16}/i;

/** The id that projects may name, as AWS's console writes it. It has no credentials. */
export function readableId({ domain, repository }: Pick<RepositorySettings, "domain" | "repository">): string {
  return `${domain}--${repository}`;
}

function digits(purpose: string, tokenVariable: string): string {
  return createHash("sha256").update(`${purpose} ${tokenVariable}`).digest("hex").slice(0, 16);
}
