/**
 * An npm registry: packuments (full and abbreviated), tarballs, publish, dist-tags, ping, with the forms of npm's own
 * registry. `whoami` and `audit` are not there, as in CodeArtifact.
 */
import * as v from "valibot";
import { hexDigest, type PackageName, Refusal, type Registry, type RegistryRequest } from "./registry.ts";

const abbreviatedType = "application/vnd.npm.install-v1+json";

/** What of a version's manifest the abbreviated packument has. */
const abbreviatedFields = new Set(
  `name version deprecated dependencies optionalDependencies devDependencies bundleDependencies peerDependencies
  peerDependenciesMeta bin directories dist engines cpu os libc _hasShrinkwrap hasInstallScript`.split(/\s+/),
);

const Name = v.pipe(v.string(), v.regex(/^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/), v.maxLength(214));
const Version = v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/));
const Manifest = v.looseObject({
  name: Name,
  version: Version,
  dist: v.optional(v.looseObject({ shasum: v.optional(v.string()), integrity: v.optional(v.string()) })),
});
const Tags = v.record(v.string(), Version);
const PublishSchema = v.object({
  name: Name,
  "dist-tags": Tags,
  versions: v.record(Version, Manifest),
  _attachments: v.record(v.string(), v.object({ data: v.pipe(v.string(), v.base64()), length: v.number() })),
});

interface Publication {
  manifest: v.InferOutput<typeof Manifest>;
  dist: { shasum: string; integrity: string };
  tarball: Uint8Array<ArrayBuffer>;
  tags: string[];
}

interface PublishedVersion extends Omit<Publication, "tags"> {
  time: string;
}

interface NpmPackage {
  tags: Record<string, string>;
  versions: Map<string, PublishedVersion>;
}

export class NpmRegistry implements Registry {
  readonly #packages = new Map<string, NpmPackage>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method } = request;
    const path = decodeURIComponent(request.path);
    if (method === "GET") request.authorize("codeartifact:ReadFromRepository");
    if (path === "-/ping") return Response.json({});
    const [, tagged, tag] = /^-\/package\/((?:@[^/]+\/)?[^/]+)\/dist-tags(?:\/([^/]+))?$/.exec(path) ?? [];
    if (tagged) return this.#distTags(request, tagged, tag);
    const [, name, filename] = /^((?:@[^/]+\/)?[^@/-][^/]*)(?:\/-\/([^/]+))?$/.exec(path) ?? [];
    if (!name) throw new Refusal(404, "Not found");
    if (method === "PUT" && !filename) {
      request.authorize("codeartifact:PublishPackageVersion", packageName(name));
      this.publish(name, await request.body.json().catch(() => undefined));
      return Response.json({ ok: true, success: true });
    }
    if (method !== "GET") throw new Refusal(405, "Method not allowed");
    const found = this.#find(name);
    if (!filename) return packument(request, name, found);
    const tarball = [...found.versions].find(([version]) => tarballName(name, version) === filename)?.[1].tarball;
    if (!tarball) throw new Refusal(404, `'${filename}' is not a file of ${name}`);
    return request.asset(tarball);
  }

  error(status: number, message: string): Response {
    return Response.json({ error: message, message }, { status });
  }

  /**
   * Takes in the document of a publish request: one version, with its tarball as an attachment. Throws a Refusal: 400
   * for what is malformed, 409 for a version that exists.
   */
  publish(name: string, document: unknown): void {
    const publication = parsePublication(name, document);
    const { version } = publication.manifest;
    const known = this.#packages.get(name) ?? { tags: {}, versions: new Map<string, PublishedVersion>() };
    if (known.versions.has(version)) throw new Refusal(409, `${name}@${version} already exists`);
    known.versions.set(version, { ...publication, time: new Date().toISOString() });
    for (const tag of publication.tags) known.tags[tag] = version;
    this.#packages.set(name, known);
  }

  async #distTags(request: RegistryRequest, name: string, tag: string | undefined): Promise<Response> {
    const { tags, versions } = this.#find(name);
    if (request.method === "GET" && tag === undefined) return Response.json(tags);
    if (tag === undefined || !["PUT", "DELETE"].includes(request.method)) throw new Refusal(405, "Method not allowed");
    request.authorize("codeartifact:PutPackageMetadata", packageName(name));
    if (request.method === "DELETE") {
      delete tags[tag];
      return Response.json({ ok: true });
    }
    const version = v.safeParse(Version, await request.body.json().catch(() => undefined));
    if (!version.success || !versions.has(version.output)) throw new Refusal(400, "no such version");
    tags[tag] = version.output;
    return Response.json({ ok: true });
  }

  #find(name: string): NpmPackage {
    const found = this.#packages.get(name);
    if (!found) throw new Refusal(404, `'${name}' is not in this registry`);
    return found;
  }
}

function tarballName(name: string, version: string): string {
  return `${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}

function packageName(fullName: string): PackageName {
  const [, namespace, name] = /^@([^/]+)\/(.+)$/.exec(fullName) ?? [];
  return namespace && name ? { namespace, name } : { name: fullName };
}

/** The one version in a publish document. Throws a Refusal where its parts do not fit together. */
function parsePublication(name: string, document: unknown): Publication {
  const parsed = v.safeParse(PublishSchema, document);
  if (!parsed.success) throw new Refusal(400, `invalid publish document: ${v.summarize(parsed.issues)}`);
  const { versions, _attachments: attachments, "dist-tags": tags } = parsed.output;
  const [[version, manifest] = [], ...moreVersions] = Object.entries(versions);
  const [attachment, ...moreAttachments] = Object.values(attachments);
  if (!version || !manifest || !attachment || moreVersions.length + moreAttachments.length > 0) {
    throw new Refusal(400, "expected one version with one attachment");
  }
  if (parsed.output.name !== name || manifest.name !== name || manifest.version !== version) {
    throw new Refusal(400, `expected the name ${name} and the version ${version} everywhere in the document`);
  }
  if (Object.values(tags).some((tagged) => tagged !== version))
    throw new Refusal(400, "dist-tags name another version");
  const tarball = new Uint8Array(Buffer.from(attachment.data, "base64"));
  if (tarball.length !== attachment.length) throw new Refusal(400, "the attachment is not as long as it says");
  const dist = {
    shasum: hexDigest("sha1", tarball),
    integrity: `sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`,
  };
  const { shasum = dist.shasum, integrity = dist.integrity } = manifest.dist ?? {};
  if (shasum !== dist.shasum || integrity !== dist.integrity) {
    throw new Refusal(400, "dist.integrity or dist.shasum is not that of the attachment");
  }
  return { manifest, dist, tarball, tags: Object.keys(tags) };
}

/** The document of a package, abbreviated for who asks for that (npm's "package metadata"). */
function packument({ headers, endpoint }: RegistryRequest, name: string, { tags, versions }: NpmPackage): Response {
  const abbreviated = headers.get("accept")?.includes(abbreviatedType) ?? false;
  const times = Object.fromEntries([...versions].map(([version, { time }]) => [version, time]));
  const modified = Object.values(times).at(-1);
  const manifests = [...versions].map(([version, { manifest, dist }]) => {
    const fields = Object.entries(manifest).filter(([field]) => !abbreviated || abbreviatedFields.has(field));
    const tarball = `${endpoint}${name}/-/${tarballName(name, version)}`;
    return [version, { ...Object.fromEntries(fields), dist: { ...dist, tarball } }];
  });
  const document = {
    name,
    "dist-tags": tags,
    versions: Object.fromEntries(manifests),
    ...(abbreviated ? { modified } : { _id: name, time: { modified, ...times } }),
  };
  return new Response(JSON.stringify(document), {
    headers: { "content-type": abbreviated ? abbreviatedType : "application/json" },
  });
}
