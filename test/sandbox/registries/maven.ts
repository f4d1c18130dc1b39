/**
 * A Maven repository (the "Maven 2" layout): files below `GROUP/PATH/ARTIFACT/VERSION/`, and `maven-metadata.xml` of an
 * artifact and of a snapshot. A file that is there cannot be replaced by another one, as in CodeArtifact.
 */
import { fileResponse, hexDigest, type PackageName, Refusal, type Registry, type RegistryRequest } from "./registry.ts";

const checksumAlgorithms = ["md5", "sha1", "sha256", "sha512"] as const;
const maxFileBytes = 50 * 1024 * 1024;

/** What a path below the endpoint names. */
interface Coordinates {
  group: string;
  artifact: string;
  /** Undefined for the metadata of the artifact itself. */
  version: string | undefined;
  filename: string;
}

export class MavenRegistry implements Registry {
  /** By path. */
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method } = request;
    const path = decodeURIComponent(request.path);
    const [, base = path, algorithm] = /^(.*)\.(md5|sha1|sha256|sha512)$/.exec(path) ?? [];
    if (method === "GET" || method === "HEAD") {
      request.authorize("codeartifact:ReadFromRepository");
      return this.#read(request, base, algorithm);
    }
    if (method !== "PUT") throw new Refusal(405, "Method Not Allowed");
    const place = coordinatesOf(base);
    const action = isMetadata(place) ? "PutPackageMetadata" : "PublishPackageVersion";
    request.authorize(`codeartifact:${action}`, packageName(place));
    const bytes = new Uint8Array(await request.body.arrayBuffer());
    if (bytes.length > maxFileBytes)
      throw new Refusal(413, `expected at most ${maxFileBytes} bytes, got ${bytes.length}`);
    if (algorithm !== undefined) this.#verifyChecksum(base, algorithm, bytes);
    else if (isMetadata(place)) this.#putMetadata(base, place, bytes);
    else this.#putFile(base, place, bytes);
    return new Response(null, { status: 201 });
  }

  error(status: number, message: string): Response {
    return new Response(`${message}\n`, { status });
  }

  #read(request: RegistryRequest, path: string, algorithm: string | undefined): Response {
    const bytes = this.#find(path);
    if (algorithm !== undefined) return new Response(digestOf(algorithm, bytes));
    return path.endsWith("/maven-metadata.xml") ? fileResponse(bytes) : request.asset(bytes);
  }

  #find(path: string): Uint8Array<ArrayBuffer> {
    const bytes = this.#files.get(path);
    if (bytes === undefined) throw new Refusal(404, `${path} is not in this repository`);
    return bytes;
  }

  #verifyChecksum(path: string, algorithm: string, given: Uint8Array): void {
    const expected = digestOf(algorithm, this.#find(path));
    const got = Buffer.from(given).toString("latin1").trim();
    if (got !== expected)
      throw new Refusal(400, `expected the ${algorithm} of ${path}, ${expected}, got ${got.slice(0, 128)}`);
  }

  #putFile(path: string, place: Coordinates, bytes: Uint8Array<ArrayBuffer>): void {
    checkFilename(place);
    if (place.filename.endsWith(".pom")) checkPom(place, text(bytes));
    const known = this.#files.get(path);
    if (known !== undefined && !Buffer.from(known).equals(bytes)) throw new Refusal(409, `${path} already exists`);
    this.#files.set(path, bytes);
  }

  /** Takes in metadata that names no version but those that have been published. */
  #putMetadata(path: string, { group, artifact, version }: Coordinates, bytes: Uint8Array<ArrayBuffer>): void {
    const xml = text(bytes);
    checkElement(xml, "groupId", group);
    checkElement(xml, "artifactId", artifact);
    if (version !== undefined) checkElement(xml, "version", version);
    else {
      const named = elements(xml, "version");
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      const poms = [...this.#files.keys()].filter((one) => one.startsWith(folder) && one.endsWith(".pom"));
      const published = new Set(poms.map((one) => one.slice(folder.length).split("/")[0]));
      const missing = named.find((one) => !published.has(one));
      if (named.length === 0 || missing !== undefined) {
        throw new Refusal(400, `${path} expects versions that are published, got ${missing ?? "none"}`);
      }
    }
    this.#files.set(path, bytes);
  }
}

function isMetadata({ filename }: Coordinates): boolean {
  return filename === "maven-metadata.xml";
}

function packageName({ group, artifact }: Coordinates): PackageName {
  return { namespace: group, name: artifact };
}

/** Throws a Refusal (400) for a path outside of the layout. */
function coordinatesOf(path: string): Coordinates {
  const parts = path.split("/");
  const filename = parts.pop() ?? "";
  const isOf = (part: string) => /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(part);
  if (![...parts, filename].every(isOf)) throw new Refusal(400, `${path} is no path of a Maven repository`);
  const last = parts.at(-1) ?? "";
  // Metadata stands in the folder of the artifact, and in that of each snapshot of it.
  const version = filename === "maven-metadata.xml" && !last.endsWith("-SNAPSHOT") ? undefined : parts.pop();
  const artifact = parts.pop();
  if (artifact === undefined || parts.length === 0) throw new Refusal(400, `${path} is no path of a Maven repository`);
  return { group: parts.join("."), artifact, version, filename };
}

/** `ARTIFACT-VERSION[-CLASSIFIER].EXTENSION`; a snapshot has time and build number in place of SNAPSHOT. */
function checkFilename({ artifact, version = "", filename }: Coordinates): void {
  const rest = filename.startsWith(`${artifact}-`) ? filename.slice(artifact.length + 1) : "";
  const base = version.replace(/-SNAPSHOT$/, "");
  const build = base === version ? "" : (/^-\d{8}\.\d{6}-\d+/.exec(rest.slice(base.length))?.[0] ?? "?");
  const after = rest.startsWith(`${base}${build}`) ? rest.slice(base.length + build.length) : "";
  if (!/^(-[\w.-]+)?\.\w/.test(after)) {
    throw new Refusal(400, `expected the name of a file of ${artifact} ${version}, got ${filename}`);
  }
}

/** What a POM says of itself; group and version may come from its parent. */
function checkPom({ group, artifact, version = "" }: Coordinates, xml: string): void {
  const own = xml.replace(/<(parent|dependencies|dependencyManagement|build|profiles|reporting)>[^]*?<\/\1>/g, "");
  const inherits = xml.includes("<parent>");
  checkElement(own, "artifactId", artifact);
  if (!inherits || elements(own, "groupId").length > 0) checkElement(own, "groupId", group);
  if (!inherits || elements(own, "version").length > 0) checkElement(own, "version", version);
}

function checkElement(xml: string, name: string, expected: string): void {
  const [got] = elements(xml, name);
  if (got !== expected) throw new Refusal(400, `expected the ${name} ${expected}, got ${got ?? "none"}`);
}

function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`, "g"))].map(([, value]) => value!);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function digestOf(algorithm: string, bytes: Uint8Array): string {
  return hexDigest(
    checksumAlgorithms.find((one) => one === algorithm)!,
    bytes,
  );
}
