/**
 * Which configured repository is meant by the words of the AWS CLI: `--domain`, `--domain-owner`, `--repository`,
 * `--region`, as in `aws codeartifact get-authorization-token --domain my-domain`.
 */
import type { StatusReply } from "../agent/protocol.ts";
import { VouchError } from "../base/errors.ts";

type Repository = StatusReply["repositories"][number];

/** What the command line says; undefined where it says nothing. */
export interface RepositoryName {
  domain?: string | undefined;
  domainOwner?: string | undefined;
  repository?: string | undefined;
  region?: string | undefined;
  profile?: string | undefined;
}

/**
 * An endpoint of the configured repository with that name; of several whose tokens are the same, the last of
 * the settings. Throws `not_configured` if there is none, and `usage` with the words for each if their tokens differ.
 */
export function endpointNamed(name: RepositoryName, repositories: readonly Repository[]): string {
  const parts = Object.entries(name).filter(([, value]) => value !== undefined);
  const found = repositories.filter(
    (repository) =>
      endpointOf(repository) !== undefined &&
      parts.every(([part, value]) => repository[part as keyof RepositoryName] === value),
  );
  const last = found.at(-1);
  const endpoint = last && endpointOf(last);
  if (endpoint === undefined) throw notConfigured(name, repositories);
  if (new Set(found.map(sourceOf)).size === 1) return endpoint;
  const forms = found.map((each) => `\`vouch credential codeartifact --endpoint ${endpointOf(each)}\``);
  throw new VouchError("usage", `vouch credential: ${found.map(shown).join(" and ")} have tokens of their own.`, {
    hint: `Name one: ${forms.join(" or ")}.`,
  });
}

function notConfigured(name: RepositoryName, repositories: readonly Repository[]): VouchError {
  const { domain = "DOMAIN", repository = "REPOSITORY", domainOwner, region, profile } = name;
  const setup = [
    `vouch setup codeartifact --domain ${domain} --repository ${repository}`,
    ...(domainOwner === undefined ? [] : [`--domain-owner ${domainOwner}`]),
    ...(region === undefined ? [] : [`--region ${region}`]),
    ...(profile === undefined ? [] : [`--profile ${profile}`]),
  ].join(" ");
  const known = repositories.length === 0 ? "none is" : `set up: ${repositories.map(shown).join(", ")}`;
  const asked = Object.entries(name).flatMap(([part, value]) =>
    value === undefined ? [] : [`${part === "domainOwner" ? "domain owner" : part} ${value}`],
  );
  return new VouchError("not_configured", `No repository is set up with ${asked.join(", ")} (${known}).`, {
    hint: `Run \`${setup}\`.`,
  });
}

function endpointOf({ endpoints }: Repository): string | undefined {
  return Object.values(endpoints).find((endpoint) => endpoint !== undefined);
}

function shown({ domain, repository }: Repository): string {
  return `${domain}/${repository}`;
}

/** What a token depends on: CodeArtifact's are good for a whole domain. */
function sourceOf({ domain, domainOwner, region, profile, tokens = [] }: Repository): string {
  const roles = tokens.map(({ purpose, roleArn, via }) => [purpose, roleArn, via]);
  return JSON.stringify([domain, domainOwner, region, profile, roles]);
}
