/**
 * A Python package index: the simple repository API (PEP 503 HTML, PEP 691 JSON), files, and the upload form that
 * twine posts. The root listing `/simple/` is not there, as in CodeArtifact.
 */
import * as v from "valibot";
import { fileResponse, hexDigest, Refusal, type Registry, type RegistryRequest } from "./registry.ts";

const simpleJson = "application/vnd.pypi.simple.v1+json";

const Digest = v.optional(v.pipe(v.string(), v.regex(/^([A-Fa-f0-9]{64})?$/)));

/** The fields of the upload form that the index needs: PyPI's "legacy" upload API, forklift/forms.py of Warehouse. */
const UploadSchema = v.object({
  ":action": v.literal("file_upload"),
  protocol_version: v.literal("1"),
  metadata_version: v.pipe(v.string(), v.regex(/^[12]\.\d$/)),
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/)),
  version: v.pipe(v.string(), v.regex(/^[A-Za-z0-9.!+_-]+$/)),
  filetype: v.picklist(["bdist_wheel", "sdist"]),
  pyversion: v.optional(v.string()),
  requires_python: v.optional(v.string()),
  md5_digest: v.optional(v.string()),
  sha256_digest: Digest,
  blake2_256_digest: Digest,
  content: v.instance(File),
});

type Upload = v.InferOutput<typeof UploadSchema>;

interface PublishedFile {
  filename: string;
  version: string;
  sha256: string;
  requiresPython: string | undefined;
  bytes: Uint8Array<ArrayBuffer>;
}

export class PypiRegistry implements Registry {
  /** The files of each project, by normalized name. */
  readonly #projects = new Map<string, PublishedFile[]>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method, path } = request;
    if (method === "POST" && path === "") {
      const upload = parseUpload(await request.body.formData().catch(() => []));
      request.authorize("codeartifact:PublishPackageVersion", { name: normalize(upload.name) });
      await this.#add(upload);
      return new Response();
    }
    if (method !== "GET") throw new Refusal(405, "Method Not Allowed");
    request.authorize("codeartifact:ReadFromRepository");
    const [, project = "", version, filename] = /^simple\/([^/]+)\/(?:([^/]+)\/([^/]+))?$/.exec(path) ?? [];
    const name = normalize(decodeURIComponent(project));
    const files = this.#projects.get(name);
    if (!files) throw new Refusal(404, "Not Found");
    if (!version || !filename) return projectPage(request, name, files);
    const file = files.find((one) => filePath(name, one) === path);
    if (!file) throw new Refusal(404, "Not Found");
    return fileResponse(file.bytes);
  }

  error(status: number, message: string): Response {
    return new Response(`${message}\n`, { status });
  }

  /** Takes in the fields of an upload form. Throws a Refusal: 400 for what is malformed, 409 for a file that exists. */
  async upload(form: Iterable<[string, unknown]>): Promise<void> {
    await this.#add(parseUpload(form));
  }

  async #add({ name, version, filetype, content, ...fields }: Upload): Promise<void> {
    const bytes = new Uint8Array(await content.arrayBuffer());
    const sha256 = hexDigest("sha256", bytes);
    const digests = {
      md5_digest: hexDigest("md5", bytes),
      sha256_digest: sha256,
      blake2_256_digest: new Bun.CryptoHasher("blake2b256").update(bytes).digest("hex"),
    };
    for (const [field, digest] of Object.entries(digests)) {
      const given = fields[field as keyof typeof digests];
      if (given && given.toLowerCase() !== digest) throw new Refusal(400, `${field} is not that of the content`);
    }
    const filename = content.name;
    if (!isFilenameOf(filename, filetype, name, version)) {
      throw new Refusal(400, `expected the file name of a ${filetype} of ${name} ${version}, got ${filename}`);
    }
    const files = this.#projects.get(normalize(name)) ?? [];
    if (files.some((file) => file.filename === filename)) throw new Refusal(409, `${filename} already exists`);
    files.push({ filename, version, sha256, requiresPython: fields.requires_python, bytes });
    this.#projects.set(normalize(name), files);
  }
}

function parseUpload(form: Iterable<[string, unknown]>): Upload {
  const parsed = v.safeParse(UploadSchema, Object.fromEntries(form));
  if (!parsed.success) throw new Refusal(400, `invalid upload form: ${v.summarize(parsed.issues)}`);
  const { filetype, pyversion, ...fields } = parsed.output;
  if (filetype === "bdist_wheel" && !pyversion) {
    throw new Refusal(400, "Python version is required for binary distribution uploads.");
  }
  if (filetype === "sdist" && pyversion && pyversion !== "source") {
    throw new Refusal(400, "Use 'source' as Python version for an sdist.");
  }
  if (!fields.md5_digest && !fields.sha256_digest && !fields.blake2_256_digest) {
    throw new Refusal(400, "Include at least one message digest.");
  }
  return parsed.output;
}

/** The page of a project: JSON for who asks for it (PEP 691), else HTML (PEP 503). */
function projectPage({ headers, endpoint }: RegistryRequest, name: string, files: PublishedFile[]): Response {
  if (headers.get("accept")?.includes(simpleJson)) {
    const body = {
      meta: { "api-version": "1.0" },
      name,
      files: files.map((file) => ({
        filename: file.filename,
        url: `${endpoint}${filePath(name, file)}`,
        hashes: { sha256: file.sha256 },
        ...(file.requiresPython ? { "requires-python": file.requiresPython } : {}),
      })),
    };
    return new Response(JSON.stringify(body), { headers: { "content-type": simpleJson } });
  }
  const links = files.map((file) => {
    const requires = file.requiresPython ? ` data-requires-python="${Bun.escapeHTML(file.requiresPython)}"` : "";
    return `<a href="${endpoint}${filePath(name, file)}#sha256=${file.sha256}"${requires}>${Bun.escapeHTML(file.filename)}</a><br>\n`;
  });
  return new Response(
    `<!DOCTYPE html>\n<html><head><title>Links for ${name}</title></head><body>\n${links.join("")}</body></html>\n`,
    { headers: { "content-type": "text/html; charset=utf-8" } },
  );
}

/** Where a file of a project is, below the endpoint. */
function filePath(name: string, { version, filename }: PublishedFile): string {
  return `simple/${name}/${encodeURIComponent(version)}/${encodeURIComponent(filename)}`;
}

/** The normalized name of a project (PEP 503). */
function normalize(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

/** Whether a file name is one of that project and version (binary and source distribution formats). */
function isFilenameOf(filename: string, filetype: "bdist_wheel" | "sdist", name: string, version: string): boolean {
  const wheel = /^([^-]+)-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl$/;
  const sdist = /^(.+)-([^-]+)\.(?:tar\.gz|zip)$/;
  const [, project = "", release = ""] = (filetype === "bdist_wheel" ? wheel : sdist).exec(filename) ?? [];
  return normalize(project) === normalize(name) && release.replaceAll("_", "-") === version.replaceAll("_", "-");
}
