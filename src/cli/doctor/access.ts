/** Case "access denied": does AWS give the role a token, and does the repository exist under these names? */
import { routes, type RepositoryEndpointReply, type TokenReply } from "../../agent/protocol.ts";
import type { RepositorySettings } from "../../config/settings.ts";
import { VouchError } from "../../errors.ts";
import { failure, type Finding, ok, type Patient, warning } from "./finding.ts";

/** Asks the agent one question; the command line hands in `askAgent`. */
export type Ask = <Reply>(route: (typeof routes)[keyof typeof routes], body: unknown) => Promise<Reply>;

const roleActions = [
  "codeartifact:GetAuthorizationToken",
  "sts:GetServiceBearerToken",
  "codeartifact:GetRepositoryEndpoint",
  "codeartifact:ReadFromRepository",
];
const publishActions = ["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"];

/** Findings on the role and each repository, by asking AWS through the agent. Needs a session. */
export async function checkAccess({ settings, agent }: Patient, ask: Ask): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (!settings.aws) findings.push(failure("role", "No AWS role is named.", "vouch setup aws --role ARN"));
  if (settings.repositories.length === 0) {
    const remedy = "vouch setup codeartifact --domain DOMAIN --repository REPOSITORY";
    findings.push(failure("repository", "No repository is set up.", remedy));
  }
  if (findings.length > 0) return findings;
  if (!agent?.session) return [warning("access", "AWS was not asked: there is no session.", "vouch login")];
  for (const repository of settings.repositories)
    findings.push(...(await checkRepository(repository, settings.aws!.roleArn, ask)));
  return findings;
}

async function checkRepository(repository: RepositorySettings, roleArn: string, ask: Ask): Promise<Finding[]> {
  const { domain, domainOwner, region, repository: name } = repository;
  const endpoints = Object.entries(repository.endpoints) as [keyof typeof repository.endpoints, string][];
  const said = `${domain}/${name} (${domainOwner}, ${region})`;
  const first = endpoints[0];
  if (!first) return [];
  try {
    await ask<TokenReply>(routes.token, { url: first[1], format: first[0] });
  } catch (error) {
    return [refused(`AWS gives no token for ${said}`, roleArn, error)];
  }
  const findings = [ok("access", `AWS gives the role a token for ${said}.`)];
  for (const [format, endpoint] of endpoints) {
    try {
      const reply = await ask<RepositoryEndpointReply>(routes.repositoryEndpoint, {
        domain,
        domainOwner,
        region,
        repository: name,
        format,
      });
      if (sameUrl(reply.endpoint, endpoint)) continue;
      const remedy = `Run \`vouch setup codeartifact --domain ${domain} --domain-owner ${domainOwner} --repository ${name} --region ${region}\` again.`;
      findings.push(
        failure("endpoint", `The ${format} endpoint of ${said} is ${reply.endpoint}, set up is ${endpoint}.`, remedy),
      );
    } catch (error) {
      return [...findings, refused(`AWS does not say the ${format} endpoint of ${said}`, roleArn, error)];
    }
  }
  return findings;
}

function refused(what: string, roleArn: string, error: unknown): Finding {
  const { code, message, hint } = VouchError.from(error);
  const remedy =
    code === "access_denied"
      ? `${hint ?? ""} The role ${roleArn} needs ${roleActions.join(", ")}, and to publish ${publishActions.join(", ")}; where the domain is another account's, its domain policy must allow the role, too.`.trim()
      : (hint ?? "vouch status");
  return failure(code === "aws_not_found" ? "names" : "access", `${what}: ${message}`, remedy);
}

function sameUrl(a: string, b: string): boolean {
  return a.replace(/\/+$/, "") === b.replace(/\/+$/, "");
}
