/** Answers `GET /metrics` on an address of its own: it is for the company's monitoring, not for clients. */
import { VouchError } from "../../base/errors.ts";
import { describeListenError, type ListenAddress, urlHost } from "../configuration/listen.ts";
import type { ServerMetrics } from "./metrics.ts";

/** OpenMetrics 1.0, "Text format". */
const contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export interface MetricsListener {
  url: string;
  stop(): Promise<void>;
}

/** Begins to listen. Throws `settings_invalid`. */
export function listenForMetrics({ hostname, port }: ListenAddress, metrics: ServerMetrics): MetricsListener {
  try {
    const server = Bun.serve({
      hostname,
      port,
      idleTimeout: 20,
      maxRequestBodySize: 1,
      development: false,
      reusePort: false,
      fetch: async (request) => await answer(request, metrics),
    });
    return {
      url: `http://${urlHost(hostname)}:${server.port}/metrics`,
      stop: async () => await server.stop(true),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const { message, hint } = describeListenError(code, { hostname, port }, "metrics-listen");
    throw new VouchError("settings_invalid", message, { hint, cause: error });
  }
}

async function answer(request: Request, metrics: ServerMetrics): Promise<Response> {
  if (URL.parse(request.url)?.pathname !== "/metrics")
    return new Response("There is only /metrics.\n", { status: 404 });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Expected GET.\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const headers = { "content-type": contentType, "cache-control": "no-store", "x-content-type-options": "nosniff" };
  return new Response(await metrics.exposition(), { headers });
}
