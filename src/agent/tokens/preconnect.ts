/** Preconnects to AWS while the user types the PIN, which hides the connection setup of the first token. */
import type { Environment } from "../../base/environment.ts";
import { controlEndpoint } from "../../aws/endpoints.ts";
import type { Settings } from "../../settings/settings.ts";
import { knownRole } from "../../settings/roles.ts";
import { httpRequest } from "../../base/net/http.ts";

/** Preconnect timeout, in milliseconds. */
const timeoutMs = 5_000;
/** Maximum size of the discarded answer; a connection is reused only if its answer was read to the end. */
const maxBytes = 256 * 1024;

/**
 * Connects to STS of each role's region and to CodeArtifact of each configured one; the runtime's connection pool keeps the connections.
 * Requests the root without credentials. Errors are ignored; the real call reports them.
 */
export async function connectAhead(settings: Settings, env: Environment): Promise<void> {
  const { aws, repositories } = settings;
  const withRole = repositories.map((each) => ({ region: each.region, sts: knownRole(each, settings)?.region }));
  const regions = new Set(withRole.flatMap(({ region, sts }) => (sts === undefined ? [] : [region])));
  const stsRegions = new Set([aws?.region, ...withRole.map(({ sts }) => sts)].filter((region) => region !== undefined));
  const asked = async (service: "sts" | "codeartifact", region: string) =>
    httpRequest({
      url: controlEndpoint(service, region, env),
      method: "GET",
      timeoutMs,
      maxBytes,
      caBundle: env["AWS_CA_BUNDLE"],
    });
  await Promise.allSettled([
    ...Array.from(stsRegions, (region) => asked("sts", region)),
    ...Array.from(regions, (region) => asked("codeartifact", region)),
  ]);
}
