/** Case "access denied": can the role get a token, do the names exist, has the role read access? */
import { hasAnySession } from "../chosen-server.ts";
import { type Reply, type Route, routes } from "../../../agent/protocol.ts";
import type { PackageFormat } from "../../../base/package-format.ts";
import { allSharedRoles, remedyOfSharedRole, saidOfSharedRole } from "../../../settings/publish-roles.ts";
import { knownRole, roleFor } from "../../../settings/roles.ts";
import type { RepositorySettings } from "../../../settings/settings.ts";
import { equivalentEndpoints, parsePackageEndpoint } from "../../../aws/package-endpoints.ts";
import { VouchError } from "../../../base/errors.ts";
import { failure, type Finding, ok, type Machine, warning } from "../../../tools/checks/finding.ts";
import { probes } from "../../../tools/checks/probes.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";
import type { askEndpoint } from "./registry.ts";

/** Sends one request to the agent; `askAgent` in production. */
export type Ask = <R extends Route>(route: R, body: unknown, options?: { timeoutMs?: number }) => Promise<Reply<R>>;

const roleActions = [
  "codeartifact:GetAuthorizationToken",
  "sts:GetServiceBearerToken",
  "codeartifact:GetRepositoryEndpoint",
  "codeartifact:ReadFromRepository",
];
const publishActions = ["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"];

/** Timeout for the endpoints; all requests run concurrently. */
const limitMs = 20_000;

export interface Access {
  /** Sends one request to the agent. Throws as `askAgent`. */
  ask: Ask;
  /** Sends one request to an endpoint. */
  askEndpoint: typeof askEndpoint;
  /** Whether remedies name the commands of the guided set-up. */
  isGuided?: boolean;
}

/**
 * Returns findings on the role and each repository: queries AWS through the agent, and each endpoint. Needs a session.
 */
export async function checkAccess({ settings, agent, env }: Machine, access: Access): Promise<Finding[]> {
  const findings: Finding[] = [];
  const roleless = settings.repositories.filter((each) => knownRole(each, settings) === undefined);
  if (roleless.length > 0 || (settings.repositories.length === 0 && !settings.aws)) {
    const isLost = roleless.find(({ profile }) => profile !== undefined)?.profile;
    findings.push(
      isLost === undefined
        ? failure("role", "No AWS role is named.", "vouch setup aws --role ARN")
        : failure(
            "role",
            `There is no profile ${isLost}.`,
            `vouch setup aws --profile ${isLost} --role ARN --region REGION`,
          ),
    );
  }
  if (settings.repositories.length === 0) {
    const remedy = "vouch setup codeartifact --domain DOMAIN --repository REPOSITORY";
    findings.push(failure("repository", "No repository is set up.", remedy));
  }
  if (findings.length > 0) return findings;
  const shared = allSharedRoles(settings);
  if (shared.length > 0) {
    return shared.map((each) => failure("publish", saidOfSharedRole(each), remedyOfSharedRole(each)));
  }
  if (!hasAnySession(agent)) return [warning("access", "AWS was not asked: there is no session.", "vouch login")];
  const checks = settings.repositories.map((repository) => {
    const roleArn = roleFor(repository, settings).arn;
    return checkRepository(repository, { roleArn, caBundle: env["AWS_CA_BUNDLE"] }, access);
  });
  return (await Promise.all(checks)).flat();
}

/**
 * One request, with a token, to one endpoint of the repository: the first that has something to ask. Undefined if none
 * has.
 */
export async function checkOneEndpoint(
  repository: RepositorySettings,
  { settings, env }: Pick<Machine, "settings" | "env">,
  access: Access,
): Promise<{ format: PackageFormat; finding: Finding } | undefined> {
  const endpoints = Object.entries(repository.endpoints) as [PackageFormat, string][];
  const asked = endpoints.find(([format]) => probes[format] !== undefined);
  if (asked === undefined) return undefined;
  const [format, endpoint] = asked;
  const surroundings = { roleArn: roleFor(repository, settings).arn, caBundle: env["AWS_CA_BUNDLE"] };
  const said = `${repository.domain}/${repository.repository} (${repository.domainOwner}, ${repository.region})`;
  try {
    const { token } = await access.ask(routes.token, { url: endpoint, format }, { timeoutMs: agentTimeoutMs });
    return { format, finding: await checkReading({ endpoint, format, token }, said, surroundings, access) };
  } catch (error) {
    return { format, finding: refused(`AWS gives no token for ${said}`, surroundings.roleArn, error, access.isGuided) };
  }
}

interface Surroundings {
  roleArn: string;
  caBundle: string | undefined;
}

async function checkRepository(
  repository: RepositorySettings,
  surroundings: Surroundings,
  access: Access,
): Promise<Finding[]> {
  const { domain, domainOwner, region, repository: name } = repository;
  const endpoints = Object.entries(repository.endpoints) as [PackageFormat, string][];
  const said = `${domain}/${name} (${domainOwner}, ${region})`;
  const first = endpoints[0];
  if (!first) return [];
  let token: string;
  try {
    ({ token } = await access.ask(routes.token, { url: first[1], format: first[0] }, { timeoutMs: agentTimeoutMs }));
  } catch (error) {
    return [refused(`AWS gives no token for ${said}`, surroundings.roleArn, error)];
  }
  const checks = endpoints.map(async ([format, endpoint]): Promise<Finding[]> => {
    const [named, read] = await Promise.all([
      checkName(repository, format, endpoint, said, surroundings, access.ask),
      checkReading({ endpoint, format, token }, said, surroundings, access),
    ]);
    // A wrong endpoint URL is one finding; its read check would only repeat it.
    return named ? [named] : [read];
  });
  const [publishing, ...found] = await Promise.all([
    checkPublishing(repository, { url: first[1], format: first[0] }, said, access.ask),
    ...checks,
  ]);
  return [ok("access", `AWS gives the role a token for ${said}.`), ...publishing, ...found.flat()];
}

/** Whether the publish role, if there is one, is asked for as it should be. Nothing is published, nobody touches. */
async function checkPublishing(
  { publishRoleArn }: RepositorySettings,
  question: { url: string; format: PackageFormat },
  said: string,
  ask: Ask,
): Promise<Finding[]> {
  if (publishRoleArn === undefined) return [];
  try {
    await ask(routes.token, { ...question, purpose: "publish" }, { timeoutMs: agentTimeoutMs });
    return [ok("publish", `AWS gives the publish role a token for ${said}.`)];
  } catch (error) {
    if (VouchError.from(error).code !== "touch_needed") {
      return [refused(`AWS gives the publish role no token for ${said}`, publishRoleArn, error)];
    }
    const found = `Vouch asks for a touch when you publish to ${said}; only then is AWS asked about ${publishRoleArn}.`;
    return [ok("publish", found)];
  }
}

/** Returns a finding if AWS reports another endpoint URL than the configured one, else undefined. */
async function checkName(
  { domain, domainOwner, region, repository }: RepositorySettings,
  format: PackageFormat,
  endpoint: string,
  said: string,
  { roleArn }: Surroundings,
  ask: Ask,
): Promise<Finding | undefined> {
  const host = parsePackageEndpoint(endpoint)?.host;
  const type = host === "dualstack" ? { endpointType: host } : {};
  const request = { domain, domainOwner, region, repository, format, ...type };
  try {
    const reply = await ask(routes.repositoryEndpoint, request, { timeoutMs: agentTimeoutMs });
    // AWS names no VPC endpoint: that one stands for the repository's own host.
    const names = [endpoint, ...equivalentEndpoints(request, format, endpoint)];
    if (names.some((name) => sameUrl(reply.endpoint, name))) return undefined;
    const remedy = `Run \`vouch setup codeartifact --domain ${domain} --domain-owner ${domainOwner} --repository ${repository} --region ${region}\` again.`;
    return failure(
      "endpoint",
      `The ${format} endpoint of ${said} is ${reply.endpoint}, set up is ${endpoint}.`,
      remedy,
    );
  } catch (error) {
    return refused(`AWS does not say the ${format} endpoint of ${said}`, roleArn, error);
  }
}

/** Returns a finding on whether the endpoint serves packages with this token. */
export async function checkReading(
  question: { endpoint: string; format: PackageFormat; token: string },
  said: string,
  { roleArn, caBundle }: Surroundings,
  access: Access,
): Promise<Finding> {
  const answer = await access.askEndpoint(question, { timeoutMs: limitMs, caBundle });
  const subject = `The ${question.format} endpoint of ${said}`;
  if (answer.outcome === "readable") return ok("read", `${subject} lets the role read.`);
  if (answer.outcome === "unasked") return ok("read", `${subject} is asked by AWS's API alone.`);
  if (answer.outcome === "failed") return failure("read", `${subject}: ${answer.found}`, answer.remedy);
  const remedy =
    answer.outcome === "missing"
      ? `Check the repository's name with the people who run it, then run ${access.isGuided ? "`vouch enroll --repository REPOSITORY`" : "`vouch setup codeartifact` with the right one"}.`
      : `The role ${roleArn} needs codeartifact:ReadFromRepository on the repository, and the repository's own policy must not deny it.`;
  return failure("read", `${subject}: ${answer.found}.`, remedy);
}

function refused(what: string, roleArn: string, error: unknown, isGuided = false): Finding {
  const { code, message, hint: single, guidedHint } = VouchError.from(error);
  const hint = (isGuided ? guidedHint : undefined) ?? single;
  const remedy =
    code === "access_denied"
      ? `${hint ?? ""} The role ${roleArn} needs ${roleActions.join(", ")}, and to publish ${publishActions.join(", ")}; where the domain is another account's, its domain policy must allow the role, too.`.trim()
      : (hint ?? "vouch status");
  return failure(code === "aws_not_found" ? "names" : "access", `${what}: ${message}`, remedy);
}

function sameUrl(a: string, b: string): boolean {
  return a.replace(/\/+$/, "") === b.replace(/\/+$/, "");
}
