/** Connections to AWS made ahead: while a person types a PIN there is time for what a first token would wait for. */
import { controlEndpoint, type Environment } from "../../aws/endpoints.ts";
import type { Settings } from "../../settings/settings.ts";
import { httpRequest } from "../../base/net/http.ts";

/** Longer than this nobody needs the answer, in milliseconds. */
const timeoutMs = 5_000;
/** The largest answer that is read: it is thrown away, but only a connection that is read to the end can be used again. */
const maxBytes = 256 * 1024;

/**
 * Connects to STS and to the CodeArtifact of each configured region; the runtime keeps the connections for the calls that
 * follow. Each is asked for its root without any credential. What goes wrong is said by the calls themselves.
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
