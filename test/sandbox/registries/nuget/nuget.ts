/**
 * A NuGet repository of version 3: service index, package content ("flat container"), registrations, and the push. Names
 * are compared in lower case, versions normalized, as CodeArtifact does. Search and version 2 are not there.
 * https://learn.microsoft.com/nuget/api/overview
 */
import { NugetPackage } from "./nuget-package.ts";
import { Refusal, type Registry, type RegistryRequest } from "../registry.ts";

const content = "v3/flatcontainer/";
const registrations = "v3/registrations/";
const publish = "v3/package";

export class NugetRegistry implements Registry {
  /** By lower-case name, and by version. */
  readonly #packages = new Map<string, Map<string, NugetPackage>>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method, path } = request;
    if (method === "PUT" && path.replace(/\/$/, "") === publish) {
      const pushed = new NugetPackage(await filePart(request.body));
      request.authorize("codeartifact:PublishPackageVersion", { name: pushed.id.toLowerCase() });
      this.#add(pushed);
      return new Response(null, { status: 201 });
    }
    if (method !== "GET" && method !== "HEAD") throw new Refusal(405, "Method Not Allowed");
    request.authorize("codeartifact:ReadFromRepository");
    if (path === "v3/index.json") return Response.json(serviceIndex(request.endpoint));
    if (path.startsWith(content)) return this.#content(request, path.slice(content.length));
    const [, name] =
      /^([^/]+)\/index\.json$/.exec(path.startsWith(registrations) ? path.slice(registrations.length) : "") ?? [];
    if (name !== undefined) return this.#registration(name, request.endpoint);
    throw new Refusal(404, "Not Found");
  }

  error(status: number, message: string): Response {
    return new Response(`${message}\n`, { status });
  }

  /** Takes in a .nupkg file. Throws a Refusal: 400 for what is malformed, 409 for a version that exists. */
  push(file: Uint8Array<ArrayBuffer>): void {
    this.#add(new NugetPackage(file));
  }

  #add(pushed: NugetPackage): void {
    const name = pushed.id.toLowerCase();
    const versions = this.#packages.get(name) ?? new Map<string, NugetPackage>();
    const version = pushed.version.toLowerCase();
    if (versions.has(version)) throw new Refusal(409, `${pushed.id} ${pushed.version} already exists`);
    this.#packages.set(name, versions.set(version, pushed));
  }

  /** `NAME/index.json`, `NAME/VERSION/NAME.VERSION.nupkg` and `NAME/VERSION/NAME.nuspec`, all in lower case. */
  #content(request: RegistryRequest, path: string): Response {
    const [name = "", version = "", file, ...more] = path.split("/").map(decodeURIComponent);
    const versions = this.#versions(name);
    if (version === "index.json" && file === undefined) return Response.json({ versions: [...versions.keys()] });
    const found = versions.get(version);
    if (found === undefined || more.length > 0) throw new Refusal(404, "Not Found");
    if (file === `${name}.${version}.nupkg`) return request.asset(found.file);
    if (file === `${name}.nuspec`)
      return new Response(found.nuspec, { headers: { "content-type": "application/xml" } });
    throw new Refusal(404, "Not Found");
  }

  #registration(encoded: string, endpoint: string): Response {
    const name = decodeURIComponent(encoded);
    const versions = [...this.#versions(name)];
    const id = `${endpoint}${registrations}${name}/index.json`;
    const items = versions.map(([version, { id: spelled, dependencies }]) => ({
      "@id": `${endpoint}${registrations}${name}/${version}.json`,
      packageContent: `${endpoint}${content}${name}/${version}/${name}.${version}.nupkg`,
      catalogEntry: {
        "@id": `${endpoint}${registrations}${name}/${version}.json`,
        id: spelled,
        version,
        listed: true,
        dependencyGroups: [{ dependencies }],
      },
    }));
    const [lower, upper] = [versions[0]![0], versions.at(-1)![0]];
    return Response.json({ "@id": id, count: 1, items: [{ "@id": id, count: items.length, lower, upper, items }] });
  }

  #versions(name: string): Map<string, NugetPackage> {
    const versions = name === name.toLowerCase() ? this.#packages.get(name) : undefined;
    if (versions === undefined) throw new Refusal(404, "Not Found");
    return versions;
  }
}

function serviceIndex(endpoint: string): object {
  return {
    version: "3.0.0",
    resources: [
      { "@id": `${endpoint}${content}`, "@type": "PackageBaseAddress/3.0.0" },
      { "@id": `${endpoint}${registrations}`, "@type": "RegistrationsBaseUrl/3.6.0" },
      { "@id": `${endpoint}${publish}`, "@type": "PackagePublish/2.0.0" },
    ],
  };
}

/** The package in a push: the one file of a form (multipart/form-data). */
async function filePart(body: Request): Promise<Uint8Array<ArrayBuffer>> {
  const form = await body.formData().catch(() => undefined);
  const files = [...(form?.values() ?? [])].filter((value) => value instanceof File);
  if (files.length !== 1) throw new Refusal(400, `expected a form with one file, got ${files.length}`);
  return new Uint8Array(await files[0]!.arrayBuffer());
}
