/**
 * A Swift registry ("Swift Package Registry Service Specification", version 1): releases, their manifest and archive, and
 * publishing. Where the specification leaves a server the choice, this one refuses. The archives do not come from Amazon
 * S3, as in CodeArtifact.
 */
import { hexDigest, type PackageName, Refusal, type Registry, type RegistryRequest } from "./registry.ts";
import { readZip } from "./zip.ts";

interface Release {
  archive: Uint8Array<ArrayBuffer>;
  manifest: string;
  metadata: unknown;
}

const scopePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9]|-(?=[a-zA-Z0-9])){0,38}$/;
const namePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9]|[-_](?=[a-zA-Z0-9])){0,99}$/;
const versionPattern = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

export class SwiftRegistry implements Registry {
  /** By scope and name in lower case, and by version. */
  readonly #packages = new Map<string, Map<string, Release>>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method, endpoint, headers } = request;
    const path = decodeURIComponent(request.path);
    checkVersion(headers.get("accept"));
    if (method === "POST" && path === "login") return answer(null, {});
    if (path === "identifiers") throw new Refusal(404, "no package is registered for this URL");
    const [scope = "", name = "", rest, file, ...more] = path.split("/");
    if (!scopePattern.test(scope) || !namePattern.test(name.replace(/\.json$/, "")) || more.length > 0) {
      throw new Refusal(404, "not found");
    }
    const on = { namespace: scope, name: name.replace(/\.json$/, "") };
    if (method === "PUT" && rest !== undefined && file === undefined) return this.#publish(request, on, rest);
    if (method !== "GET" && method !== "HEAD") throw new Refusal(405, "method not allowed");
    request.authorize("codeartifact:ReadFromRepository");
    const releases = this.#packages.get(keyOf(on));
    if (releases === undefined) throw new Refusal(404, "package not found");
    const at = `${endpoint}${scope}/${on.name}`;
    if (rest === undefined) {
      const listed = [...releases.keys()].map((version) => [version, { url: `${at}/${version}` }]);
      return answer(JSON.stringify({ releases: Object.fromEntries(listed) }), { "content-type": "application/json" });
    }
    const version = rest.replace(/\.(zip|json)$/, "");
    const release = releases.get(version);
    if (release === undefined) throw new Refusal(404, "release not found");
    if (file === "Package.swift" && rest === version) {
      return answer(release.manifest, { "content-type": "text/x-swift" });
    }
    if (file !== undefined) throw new Refusal(404, "not found");
    const sha256 = hexDigest("sha256", release.archive);
    if (rest.endsWith(".zip")) {
      const digest = Buffer.from(sha256, "hex").toString("base64");
      return answer(release.archive, { "content-type": "application/zip", digest: `sha-256=${digest}` });
    }
    const resources = [{ name: "source-archive", type: "application/zip", checksum: sha256 }];
    const body = { id: `${scope}.${on.name}`, version, resources, metadata: release.metadata };
    return answer(JSON.stringify(body), { "content-type": "application/json" });
  }

  error(status: number, detail: string): Response {
    const headers = { "content-type": "application/problem+json", "content-language": "en", "content-version": "1" };
    return new Response(JSON.stringify({ detail }), { status, headers });
  }

  /** Section 4.6. Throws a Refusal: 409 for a release that exists, 422 for what is malformed. */
  async #publish(request: RegistryRequest, on: PackageName, version: string): Promise<Response> {
    if (!versionPattern.test(version)) throw new Refusal(422, "expected a semantic version");
    request.authorize("codeartifact:PublishPackageVersion", on);
    const form = await request.body.formData().catch(() => undefined);
    const part = form?.get("source-archive");
    if (part === null || part === undefined) throw new Refusal(422, "expected a source-archive");
    const archive = new Uint8Array(typeof part === "string" ? Buffer.from(part, "latin1") : await part.arrayBuffer());
    const entries = readZip(Buffer.from(archive));
    const manifest = [...entries]
      .find(([path]) => /^([^/]+\/)?Package\.swift$/.test(path))?.[1]()
      .toString("utf8");
    if (!manifest?.startsWith("// swift-tools-version:")) {
      throw new Refusal(422, "package doesn't contain a valid manifest (Package.swift) file");
    }
    const metadata = form?.get("metadata") ?? "{}";
    const releases = this.#packages.get(keyOf(on)) ?? new Map<string, Release>();
    if (releases.has(version)) throw new Refusal(409, `a release with version ${version} already exists`);
    releases.set(version, { archive, manifest, metadata: parseMetadata(await new Response(metadata).text()) });
    this.#packages.set(keyOf(on), releases);
    return answer(null, { location: `${request.endpoint}${on.namespace}/${on.name}/${version}` }, 201);
  }
}

/** Section 3.5: 400 for no version or an unknown one, 415 for one that is not supported. */
function checkVersion(accept: string | null): void {
  const [known, version = "1"] =
    /^application\/vnd\.swift\.registry(?:\.v(\d+))?(?:\+(?:json|zip|swift))?$/.exec(accept ?? "") ?? [];
  if (known === undefined) throw new Refusal(400, "invalid API version");
  if (version !== "1") throw new Refusal(415, "unsupported API version");
}

function parseMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(422, "invalid JSON provided for release metadata");
  }
}

function answer(
  body: string | Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string>,
  status = 200,
): Response {
  return new Response(body, { status, headers: { "content-version": "1", ...headers } });
}

function keyOf({ namespace = "", name }: PackageName): string {
  return `${namespace}.${name}`.toLowerCase();
}
