/** The TLS server behind every host of the sandbox: hands a request to the service that its host belongs to. */
import type { Certificates } from "./certificates.ts";

export type Handler = (request: Request) => Response | Promise<Response>;

export interface Route {
  /** Host names, or `*.` and a suffix: one label more. */
  hosts: readonly string[];
  handle: Handler;
}

export interface Front {
  port: number;
  /** Whether one of the routes has the host. */
  knows(host: string): boolean;
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export function startFront(routes: readonly Route[], certificates: Certificates): Front {
  const routeOf = (host: string) => routes.find(({ hosts }) => hosts.some((pattern) => matches(pattern, host)));
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // The default would end an answer that a test makes slow.
    idleTimeout: 0,
    tls: { cert: certificates.certificate, key: certificates.privateKey },
    fetch(request) {
      const route = routeOf(new URL(request.url).hostname);
      return route ? route.handle(request) : new Response("No such host in the sandbox.\n", { status: 421 });
    },
  });
  return {
    port: server.port ?? 0,
    knows: (host) => routeOf(host) !== undefined,
    stop: () => server.stop(true),
  };
}

/**
 * A handler that passes requests on to a server on this machine, as the reverse proxy before a company's Vouch server
 * does. `upstream` gives its origin (`http://127.0.0.1:PORT`, or https, then `authority` the one of its certificate for
 * the request's host, PEM); with none, or none that answers, the answer is 502.
 */
export function reverseProxy(
  upstream: () => string | undefined,
  authority: () => string | undefined = () => undefined,
): Handler {
  return async (request) => {
    const origin = upstream();
    if (!origin) return new Response("The Vouch server is not running.\n", { status: 502 });
    const { pathname, search, host, hostname } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.set("host", host);
    headers.set("x-forwarded-proto", "https");
    try {
      const { method, body } = request;
      const ca = authority();
      const tls = ca === undefined ? {} : { tls: { ca, serverName: hostname } };
      return await fetch(`${origin}${pathname}${search}`, { method, headers, body, redirect: "manual", ...tls });
    } catch (error) {
      return new Response(`The Vouch server does not answer: ${(error as Error).message}\n`, { status: 502 });
    }
  };
}

function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const label = host.slice(0, -pattern.length + 1);
  return host.endsWith(pattern.slice(1)) && label !== "" && !label.includes(".");
}
