/**
 * A Cargo registry: sparse index, download, publish, yank ("The Cargo Book", Registry Index and Registry Web API).
 * Everything needs a token (`auth-required`), config.json too. `owner` and `search` are not there, as in CodeArtifact.
 */
import * as v from "valibot";
import { hexDigest, Refusal, type Registry, type RegistryRequest } from "./registry.ts";

const CrateName = v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/));
const Version = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/),
);
const Features = v.record(v.string(), v.array(v.string()));

/** The JSON part of a publish body, as far as the index needs it. */
const MetadataSchema = v.object({
  name: CrateName,
  vers: Version,
  deps: v.array(
    v.object({
      name: CrateName,
      version_req: v.string(),
      features: v.array(v.string()),
      optional: v.boolean(),
      default_features: v.boolean(),
      target: v.nullish(v.string()),
      kind: v.picklist(["dev", "build", "normal"]),
      registry: v.nullish(v.string()),
      explicit_name_in_toml: v.nullish(v.string()),
    }),
  ),
  features: Features,
  links: v.nullish(v.string()),
  rust_version: v.nullish(v.string()),
});

type Metadata = v.InferOutput<typeof MetadataSchema>;

interface Publication {
  metadata: Metadata;
  crate: Uint8Array<ArrayBuffer>;
}

/** One line of an index file. */
interface IndexEntry {
  name: string;
  vers: string;
  deps: unknown[];
  cksum: string;
  features: Record<string, string[]>;
  features2?: Record<string, string[]>;
  yanked: boolean;
  links: string | null;
  rust_version?: string;
  v: 1 | 2;
}

interface PublishedCrate {
  entry: IndexEntry;
  crate: Uint8Array<ArrayBuffer>;
}

export class CargoRegistry implements Registry {
  /** By canonical name: two names that differ in case or in `-` and `_` only are one. */
  readonly #crates = new Map<string, PublishedCrate[]>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method, path, endpoint } = request;
    const [, name = "", encodedVersion = "", verb] =
      /^api\/v1\/crates\/([^/]+)\/([^/]+)\/(download|yank|unyank)$/.exec(path) ?? [];
    const version = decodeURIComponent(encodedVersion);
    if (method === "GET") {
      request.authorize("codeartifact:ReadFromRepository");
      if (path === "config.json") {
        const api = endpoint.replace(/\/$/, "");
        return Response.json({ dl: `${api}/api/v1/crates`, api, "auth-required": true });
      }
      return verb === "download" ? request.asset(this.#find(name, version).crate) : this.#indexFile(path);
    }
    if (method === "PUT" && path === "api/v1/crates/new") {
      const publication = await readPublication(await request.body.arrayBuffer());
      request.authorize("codeartifact:PublishPackageVersion", { name: publication.metadata.name });
      this.#add(publication);
      return Response.json({ warnings: { invalid_categories: [], invalid_badges: [], other: [] } });
    }
    if ((method === "DELETE" && verb === "yank") || (method === "PUT" && verb === "unyank")) {
      request.authorize("codeartifact:UpdatePackageVersionsStatus", { name });
      this.#find(name, version).entry.yanked = verb === "yank";
      return Response.json({ ok: true });
    }
    throw new Refusal(405, `${method} is not a method of this path`);
  }

  error(status: number, message: string): Response {
    return Response.json({ errors: [{ detail: message }] }, { status });
  }

  /**
   * Takes in the body of a publish request: two length-prefixed parts (32 bit, little-endian), the metadata as JSON
   * and the .crate file. Throws a Refusal: 400 for what is malformed, 409 for a version that exists.
   */
  async publish(body: ArrayBuffer): Promise<void> {
    this.#add(await readPublication(body));
  }

  #add({ metadata, crate }: Publication): void {
    const published = this.#crates.get(canonical(metadata.name)) ?? [];
    const other = published.find(({ entry }) => entry.name !== metadata.name);
    if (other) throw new Refusal(409, `the name ${metadata.name} is too close to ${other.entry.name}, which exists`);
    if (published.some(({ entry }) => precedence(entry.vers) === precedence(metadata.vers))) {
      throw new Refusal(409, `crate version ${metadata.name} ${metadata.vers} already exists`);
    }
    published.push({ entry: indexEntry(metadata, hexDigest("sha256", crate)), crate });
    this.#crates.set(canonical(metadata.name), published);
  }

  #indexFile(path: string): Response {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const published = this.#crates.get(canonical(name));
    const known = published?.[0]?.entry.name.toLowerCase();
    if (!published || name !== known || path !== indexPath(name)) throw new Refusal(404, "not found");
    return new Response(published.map(({ entry }) => `${JSON.stringify(entry)}\n`).join(""));
  }

  #find(name: string, version: string): PublishedCrate {
    const crate = this.#crates.get(canonical(name))?.find(({ entry }) => entry.name === name && entry.vers === version);
    if (!crate) throw new Refusal(404, `crate ${name} has no version ${version}`);
    return crate;
  }
}

/** Where the index has the file of a crate (Registry Index, "Index files"): by the lower-case name. */
function indexPath(name: string): string {
  if (name.length <= 2) return `${name.length}/${name}`;
  if (name.length === 3) return `3/${name[0]}/${name}`;
  return `${name.slice(0, 2)}/${name.slice(2, 4)}/${name}`;
}

function canonical(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Versions that differ in build metadata only are the same version to an index. */
function precedence(version: string): string {
  return version.replace(/\+.*$/, "");
}

async function readPublication(body: ArrayBuffer): Promise<Publication> {
  const [json, afterJson] = lengthPrefixed(body, 0);
  const [crate, end] = lengthPrefixed(body, afterJson);
  if (end !== body.byteLength)
    throw new Refusal(400, `expected the body to end at ${end}, got ${body.byteLength} bytes`);
  const metadata = parseMetadata(new TextDecoder().decode(json));
  await checkCrate(metadata, crate);
  return { metadata, crate };
}

function lengthPrefixed(body: ArrayBuffer, at: number): [part: Uint8Array<ArrayBuffer>, end: number] {
  if (at + 4 > body.byteLength) throw new Refusal(400, "expected a 32-bit length, got the end of the body");
  const length = new DataView(body).getUint32(at, true);
  const end = at + 4 + length;
  if (end > body.byteLength) throw new Refusal(400, `expected ${end} bytes, got ${body.byteLength}`);
  return [new Uint8Array(body, at + 4, length), end];
}

function parseMetadata(text: string): Metadata {
  try {
    return v.parse(MetadataSchema, JSON.parse(text));
  } catch (error) {
    throw new Refusal(400, `invalid upload metadata: ${(error as Error).message}`);
  }
}

async function checkCrate({ name, vers }: Metadata, crate: Uint8Array<ArrayBuffer>): Promise<void> {
  const manifest = `${name}-${vers}/Cargo.toml`;
  const files = await new Bun.Archive(crate).files().catch(() => undefined);
  if (!files) throw new Refusal(400, "the crate is not a gzip-compressed tar archive");
  if (!files.has(manifest)) throw new Refusal(400, `the crate has no ${manifest}`);
}

function indexEntry(metadata: Metadata, cksum: string): IndexEntry {
  const features = Object.entries(metadata.features);
  const features2 = features.filter(isNewSyntax);
  return {
    name: metadata.name,
    vers: metadata.vers,
    deps: metadata.deps.map(({ version_req, explicit_name_in_toml, ...dependency }) => ({
      ...dependency,
      req: version_req,
      target: dependency.target ?? null,
      registry: dependency.registry ?? null,
      name: explicit_name_in_toml ?? dependency.name,
      package: explicit_name_in_toml ? dependency.name : null,
    })),
    cksum,
    features: Object.fromEntries(features.filter((feature) => !isNewSyntax(feature))),
    ...(features2.length > 0 ? { features2: Object.fromEntries(features2) } : {}),
    yanked: false,
    links: metadata.links ?? null,
    ...(metadata.rust_version ? { rust_version: metadata.rust_version } : {}),
    v: features2.length > 0 ? 2 : 1,
  };
}

/** Whether a feature is written in a way that old versions of Cargo cannot read: it then goes to `features2`. */
function isNewSyntax([, values]: [name: string, values: string[]]): boolean {
  return values.some((value) => value.startsWith("dep:") || value.includes("?/"));
}
