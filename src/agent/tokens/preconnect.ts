/** Preconnects to AWS while the user types the PIN, which hides the connection setup of the first token. */
import type { Environment } from "../../base/environment.ts";
import { controlEndpoint } from "../../aws/endpoints.ts";
import type { Settings } from "../../settings/settings.ts";
import { httpRequest } from "../../base/net/http.ts";

/** Preconnect timeout, in milliseconds. */
const timeoutMs = 5_000;
/** Maximum size of the discarded answer; a connection is reused only if its answer was read to the end. */
const maxBytes = 256 * 1024;

/**
 * Connects to STS and to CodeArtifact of each configured region; the runtime's connection pool keeps the connections.
 * Requests the root without credentials. Errors are ignored; the real call reports them.
 */
export async function connectAhead({ aws, repositories }: Settings, env: Environment): Promise<void> {
  if (aws === undefined) return;
  const regions = new Set(repositories.map(({ region }) => region));
  const [first] = regions;
  const stsRegion = aws.region ?? first;
  const asked = async (service: "sts" | "codeartifact", region: string) =>
    httpRequest({
      url: controlEndpoint(service, region, env),
      method: "GET",
      timeoutMs,
      maxBytes,
      caBundle: env["AWS_CA_BUNDLE"],
    });
  await Promise.allSettled([
    ...(stsRegion === undefined ? [] : [asked("sts", stsRegion)]),
    ...Array.from(regions, (region) => asked("codeartifact", region)),
  ]);
}
