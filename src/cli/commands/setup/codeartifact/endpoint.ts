/**
 * Finds the endpoints of a repository: from CodeArtifact if there is a session, else by its naming scheme. Those of a VPC
 * endpoint follow the scheme in either case: CodeArtifact is asked only whether the repository exists.
 */
import { hasAnySession } from "../../chosen-server.ts";
import { otherSettings } from "../agent-settings.ts";
import * as v from "valibot";
import { askAgent, askStatus } from "../../../../agent/wire/client.ts";
import { routes, type StatusReply } from "../../../../agent/protocol.ts";
import type { PackageFormat } from "../../../../base/package-format.ts";
import type { RepositoryEndpointRequest } from "../../../../agent/requests.ts";
import { type PackageHost, packageEndpoint } from "../../../../aws/package-endpoints.ts";
import type { RepositorySettings } from "../../../../settings/settings.ts";
import { VouchError } from "../../../../base/errors.ts";

/** Untrusted, and written into files of three formats: allow only characters that need no quoting in any of them. */
const ReplySchema = v.object({
  endpoint: v.pipe(
    v.string(),
    v.maxLength(2048),
    v.regex(
      /^https:\/\/[a-z0-9.-]+(:[0-9]+)?\/[A-Za-z0-9._/-]+\/$/,
      "expected a plain https URL with a slash at its end",
    ),
  ),
});

/** Timeout of the agent's reply, which includes the agent's own requests to AWS and their retries. */
const timeoutMs = 30_000;

/** Errors that allow the fallback to the naming scheme; a nonexistent repository does not. */
const notDecisive = new Set(["login_needed", "session_expired", "access_denied", "network", "timeout", "aws_error"]);

export interface Endpoints {
  endpoints: Partial<Record<PackageFormat, string>>;
  /** `given`: CodeArtifact knows the repository; the host is the user's own VPC endpoint. */
  source: "CodeArtifact" | "rules" | "given";
  /** The reason for the fallback: CodeArtifact was not queried or did not answer. */
  reason?: string;
  /** The agent's status; undefined if none is running. */
  agent?: StatusReply | undefined;
}

type Names = Pick<RepositorySettings, "domain" | "domainOwner" | "region" | "repository">;

/**
 * Returns the endpoints for the formats, asked for by the role or the profile if one is named. Throws `aws_not_found` if
 * CodeArtifact has no such repository.
 */
export async function findEndpoints(
  { roleArn, profile, ...place }: Names & Pick<RepositorySettings, "roleArn" | "profile">,
  wanted: PackageFormat[],
  host: PackageHost = "ipv4",
): Promise<Endpoints> {
  const formats = [...new Set(wanted)];
  const { domain, domainOwner, region, repository } = place;
  const names = { domain, domainOwner, region, repository };
  const role = { ...(roleArn === undefined ? {} : { roleArn }), ...(profile === undefined ? {} : { profile }) };
  const status = await askStatus();
  const byScheme = endpointsByScheme(names, formats, host);
  if (!status || !hasAnySession(status)) {
    return { endpoints: byScheme, source: "rules", reason: "there is no session", agent: status };
  }
  // It knows none of this shell's profiles, and may have another server.
  if (otherSettings(status)) {
    return { endpoints: byScheme, source: "rules", reason: "the agent reads other settings", agent: status };
  }
  const type = host === "dualstack" ? { endpointType: host } : {};
  try {
    const found = await Promise.all(formats.map((format) => ask({ ...names, ...role, format, ...type })));
    return host === "ipv4" || host === "dualstack"
      ? { endpoints: Object.fromEntries(found), source: "CodeArtifact", agent: status }
      : { endpoints: byScheme, source: "given", agent: status };
  } catch (error) {
    if (!(error instanceof VouchError) || !notDecisive.has(error.code)) throw error;
    return { endpoints: byScheme, source: "rules", reason: error.message.replace(/\.$/, ""), agent: status };
  }
}

async function ask(request: RepositoryEndpointRequest): Promise<[PackageFormat, string]> {
  const reply = v.safeParse(ReplySchema, await askAgent(routes.repositoryEndpoint, request, { timeoutMs }));
  if (reply.success) return [request.format, reply.output.endpoint];
  throw new VouchError("protocol_error", `The repository endpoint is not valid: ${reply.issues[0].message}.`);
}

function endpointsByScheme(names: Names, formats: PackageFormat[], host: PackageHost): Endpoints["endpoints"] {
  return Object.fromEntries(formats.map((format) => [format, packageEndpoint({ ...names, format, host })]));
}
