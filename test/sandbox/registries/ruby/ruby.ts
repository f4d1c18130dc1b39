/**
 * A RubyGems repository as CodeArtifact has it: the Dependency API for Bundler, the file of one gem in the compact index
 * and its specification for `gem install`, the gems, and the push. `/versions`, `/names` and the full index
 * (`specs.4.8.gz`) are not there ("Bundler compatibility" in its user guide).
 */
import { fileResponse, hexDigest, Refusal, type Registry, type RegistryRequest } from "../registry.ts";
import { Gem } from "./ruby-gem.ts";
import { marshal } from "./ruby-marshal.ts";

export class RubyRegistry implements Registry {
  /** By name. */
  readonly #gems = new Map<string, Gem[]>();

  async handle(request: RegistryRequest): Promise<Response> {
    const { method, path } = request;
    if (method === "POST" && path === "api/v1/gems") {
      const gem = await Gem.read(new Uint8Array(await request.body.arrayBuffer()));
      request.authorize("codeartifact:PublishPackageVersion", { name: gem.name });
      this.#add(gem);
      return new Response(`Successfully registered gem: ${gem.name} (${gem.number})`);
    }
    if (method !== "GET" && method !== "HEAD") throw new Refusal(405, "Method Not Allowed");
    request.authorize("codeartifact:ReadFromRepository");
    // RubyGems asks for the root to learn whether there is an index of single gems.
    if (path === "") return new Response();
    if (path === "api/v1/dependencies") return this.#dependencies(new URL(request.body.url).searchParams);
    const [, folder, encoded = ""] = /^(info|gems|quick\/Marshal\.4\.8)\/([^/]+)$/.exec(path) ?? [];
    const name = decodeURIComponent(encoded);
    if (folder === "info") return this.#info(name);
    if (folder === "gems") return request.asset(this.#find(name, ".gem").file);
    if (folder !== undefined) return fileResponse(this.#find(name, ".gemspec.rz").quickSpecification);
    throw new Refusal(404, "Not Found");
  }

  error(status: number, message: string): Response {
    return new Response(`${message}\n`, { status });
  }

  /** Takes in a .gem file. Throws a Refusal: 400 for what is malformed, 409 for a version that exists. */
  async push(file: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#add(await Gem.read(file));
  }

  #add(gem: Gem): void {
    const published = this.#gems.get(gem.name) ?? [];
    if (published.some(({ fullName }) => fullName === gem.fullName)) {
      throw new Refusal(409, `Repushing of gem versions is not allowed: ${gem.fullName}`);
    }
    this.#gems.set(gem.name, [...published, gem]);
  }

  /** The versions of the gems that are asked for; nothing without any, which Bundler asks first. */
  #dependencies(query: URLSearchParams): Response {
    const names = query.get("gems")?.split(",");
    if (names === undefined) return new Response();
    const found = names.flatMap((name) => this.#gems.get(name) ?? []);
    return fileResponse(marshal(found.map(({ dependencyEntry }) => dependencyEntry)));
  }

  #info(name: string): Response {
    const published = this.#gems.get(name);
    if (published === undefined) throw new Refusal(404, "This gem could not be found");
    const text = `---\n${published.map(({ infoLine }) => `${infoLine}\n`).join("")}`;
    return new Response(text, { headers: { etag: `"${hexDigest("md5", Buffer.from(text))}"` } });
  }

  #find(file: string, extension: string): Gem {
    const gem = [...this.#gems.values()].flat().find(({ fullName }) => `${fullName}${extension}` === file);
    if (gem === undefined) throw new Refusal(404, "This gem could not be found");
    return gem;
  }
}
