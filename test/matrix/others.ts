/**
 * Everybody else's hosts in the matrix: a registry of each format that wants no token, and the public registries' names.
 * They keep every request, so that a token that went there is found.
 */
import type { Route } from "../sandbox/front.ts";
import { fileResponse, Refusal, type Registry } from "../sandbox/registries/registry.ts";
import { newRegistries, type Registries } from "../sandbox/registries/repositories.ts";

export const foreignHost = "packages.other.example";

/** The endpoint of the foreign registry of a format, with the trailing slash. */
export const foreignEndpoint = (format: string): string => `https://${foreignHost}/${format}/`;

const publicHosts = [
  "*.npmjs.org",
  "*.yarnpkg.com",
  "npm.jsr.io",
  "jsr.io",
  "pypi.org",
  "files.pythonhosted.org",
  "upload.pypi.org",
  "index.crates.io",
  "static.crates.io",
  "crates.io",
  "repo.maven.apache.org",
  "repo1.maven.org",
  "plugins.gradle.org",
  "rubygems.org",
  "index.rubygems.org",
  "api.nuget.org",
  "www.nuget.org",
];

export interface Others {
  routes: Route[];
  /** The foreign registries, for a package that somebody has published there. */
  registries: Registries;
  /** Each request: method, address, headers and body. */
  requests: string[];
}

/** The routes of a sandbox for everybody else's hosts. */
export function createOthers(): Others {
  const requests: string[] = [];
  const registries = newRegistries();
  async function record(request: Request): Promise<void> {
    const body = Buffer.from(await request.clone().arrayBuffer()).toString("latin1");
    requests.push(`${request.method} ${request.url} ${JSON.stringify([...request.headers])} ${body}`);
  }
  return {
    registries,
    requests,
    routes: [
      {
        hosts: [foreignHost],
        async handle(request) {
          await record(request);
          return answer(request, registries);
        },
      },
      {
        hosts: publicHosts,
        async handle(request) {
          await record(request);
          return new Response("Not Found\n", { status: 404 });
        },
      },
    ],
  };
}

async function answer(request: Request, registries: Registries): Promise<Response> {
  const [, format = "", path = ""] = /^\/([^/]+)\/(.*)$/.exec(new URL(request.url).pathname) ?? [];
  const registry = (registries as unknown as Record<string, Registry>)[format];
  if (!registry) return new Response("Not Found\n", { status: 404 });
  const endpoint = foreignEndpoint(format);
  // Cargo's registries say whether they want a token, and that of the sandbox does.
  if (format === "cargo" && path === "config.json") {
    const api = endpoint.replace(/\/$/, "");
    return Response.json({ dl: `${api}/api/v1/crates`, api });
  }
  const { method, headers } = request;
  try {
    return await registry.handle({
      method,
      headers,
      path,
      endpoint,
      body: request,
      authorize: () => {},
      asset: fileResponse,
    });
  } catch (error) {
    if (error instanceof Refusal) return registry.error(error.status, error.message);
    throw error;
  }
}
