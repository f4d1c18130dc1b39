/**
 * The package hosts of CodeArtifact: `https://DOMAIN-OWNER.d.codeartifact.REGION.amazonaws.com/FORMAT/REPOSITORY/…`
 * (dualstack: `DOMAIN-OWNER.codeartifact.REGION.on.aws`; a VPC endpoint without private DNS:
 * `vpce-ID.d.codeartifact.REGION.vpce.amazonaws.com/FORMAT/d/DOMAIN-OWNER/REPOSITORY/…`). Lets a request through to its registry only with a live token
 * of that domain; what the token's role may do there, the account decides.
 */
import type { PackageFormat } from "../../../src/base/package-format.ts";
import type { Account, TokenHolder } from "../aws/account.ts";
import type { AssetStore } from "../aws/asset-store.ts";
import { CargoRegistry } from "./cargo.ts";
import { MavenRegistry } from "./maven.ts";
import { NpmRegistry } from "./npm.ts";
import { NugetRegistry } from "./nuget/nuget.ts";
import { PypiRegistry } from "./pypi.ts";
import { fileResponse, type PackageName, Refusal, type Registry } from "./registry.ts";
import { RubyRegistry } from "./ruby/ruby.ts";
import { SwiftRegistry } from "./swift.ts";

/** The formats that a repository serves here. */
export type RegistryFormat = Extract<PackageFormat, "cargo" | "maven" | "npm" | "nuget" | "pypi" | "ruby" | "swift">;

/** How many requests of one format came, and how many of them were answered 401 and 403. */
export interface FormatCounters {
  requests: number;
  unauthorized: number;
  forbidden: number;
}

/** A request to a package host and how it was answered; `role` is set if it came with a live token of the domain. */
export interface AnsweredRequest {
  format: RegistryFormat;
  repository: string;
  method: string;
  /** What follows the endpoint, percent-encoded as it came, without the query. */
  path: string;
  role: string | undefined;
  status: number;
}

/** The registries of one repository. */
export interface Registries {
  cargo: CargoRegistry;
  maven: MavenRegistry;
  npm: NpmRegistry;
  nuget: NugetRegistry;
  pypi: PypiRegistry;
  ruby: RubyRegistry;
  swift: SwiftRegistry;
}

/** Where a request wants to go, from its host and path. */
interface Target {
  domain: string;
  owner: string;
  region: string;
  format: RegistryFormat;
  repository: string;
  /** The endpoint's path. */
  path: string;
  /** What follows the endpoint. */
  rest: string;
}

const packageHost =
  /^(?<domain>[a-z][a-z0-9-]*[a-z0-9])-(?<owner>\d{12})\.(?:d\.codeartifact\.(?<region>[a-z0-9-]+)\.amazonaws\.com|codeartifact\.(?<dualstackRegion>[a-z0-9-]+)\.on\.aws)$/;
const vpcHost = /^vpce-[a-z0-9-]+\.d\.codeartifact\.([a-z0-9-]+)\.vpce\.amazonaws\.com$/;
const vpcPath = /^(\/[a-z]+)\/d\/([a-z][a-z0-9-]*[a-z0-9]-\d{12})(\/.*)$/;
const packagePath = /^\/(?<format>cargo|maven|npm|nuget|pypi|ruby|swift)\/(?<repository>[^/]+)\/(?<rest>.*)$/;

export class Repositories {
  readonly counters: Record<RegistryFormat, FormatCounters> = {
    cargo: noCalls(),
    maven: noCalls(),
    npm: noCalls(),
    nuget: noCalls(),
    pypi: noCalls(),
    ruby: noCalls(),
    swift: noCalls(),
  };
  /** Every request until now, in the order of the answers. */
  readonly answered: AnsweredRequest[] = [];
  readonly #account: Account;
  readonly #assets: AssetStore;
  /** By domain and name: `DOMAIN/REPOSITORY`. */
  readonly #registries = new Map<string, Registries>();

  constructor(account: Account, assets: AssetStore) {
    this.#account = account;
    this.#assets = assets;
  }

  /** The registries of a repository, empty at first. */
  registries(domain: string, repository: string): Registries {
    const key = `${domain}/${repository}`;
    const known = this.#registries.get(key) ?? newRegistries();
    this.#registries.set(key, known);
    return known;
  }

  /** Answers a request to a package host. */
  async handle(request: Request): Promise<Response> {
    const target = targetOf(request.url);
    if (!target) return new Response("Not Found\n", { status: 404 });
    const counters = this.counters[target.format];
    counters.requests++;
    const holder = this.#holderOf(request, target);
    const answer = await this.#answer(request, target, holder);
    const { format, repository, rest: path } = target;
    const { status } = answer;
    this.answered.push({ format, repository, method: request.method, path, role: holder?.role.name, status });
    if (answer.status === 401) counters.unauthorized++;
    if (answer.status === 403) counters.forbidden++;
    return answer;
  }

  #holderOf({ headers }: Request, { owner, format, domain, region }: Target): TokenHolder | undefined {
    const token = tokenOf(headers.get("authorization"), format);
    if (!token || owner !== this.#account.id) return undefined;
    return this.#account.verifyToken(token, domain, region);
  }

  async #answer(request: Request, target: Target, holder: TokenHolder | undefined): Promise<Response> {
    const { domain, owner, format, repository } = target;
    const exists = owner === this.#account.id && this.#repositoryExists(target);
    // A repository that is not there asks for a token all the same, so that it cannot be told from one that is.
    const registry: Registry = (exists ? this.registries(domain, repository) : newRegistries())[format];
    if (!holder) {
      const answer = registry.error(401, "Unauthenticated: expected a live authorization token of this domain");
      answer.headers.set("www-authenticate", challenge(target));
      return answer;
    }
    if (!exists) return registry.error(404, `Repository ${repository} does not exist`);
    try {
      return await registry.handle({
        method: request.method,
        headers: request.headers,
        path: target.rest,
        endpoint: `https://${new URL(request.url).host}${target.path}`,
        body: request,
        // A presigned URL is good for one method: a HEAD is answered here.
        asset: (bytes) =>
          request.method === "GET" ? this.#assets.redirect(bytes, format === "npm" ? 302 : 307) : fileResponse(bytes),
        authorize: (action, on) => this.#authorize(holder, target, action, on),
      });
    } catch (error) {
      if (error instanceof Refusal) return registry.error(error.status, error.message);
      if (error instanceof URIError) return registry.error(400, "The path is not percent-encoded UTF-8");
      throw error;
    }
  }

  #repositoryExists({ domain, region, repository }: Target): boolean {
    return this.#account.domains.some(
      (one) => one.name === domain && one.region === region && one.repositories.includes(repository),
    );
  }

  #authorize({ role }: TokenHolder, target: Target, action: string, on: PackageName | undefined): void {
    const { domain, region, format, repository } = target;
    const path = on
      ? `package/${domain}/${repository}/${format}/${on.namespace ?? ""}/${on.name}`
      : `repository/${domain}/${repository}`;
    const resource = `arn:${this.#account.partition}:codeartifact:${region}:${this.#account.id}:${path}`;
    if (this.#account.allowed(role, action, resource)) return;
    throw new Refusal(403, `The role ${role.name} is not authorized to perform: ${action} on resource: ${resource}`);
  }
}

/** Empty registries of every format. */
export function newRegistries(): Registries {
  return {
    cargo: new CargoRegistry(),
    maven: new MavenRegistry(),
    npm: new NpmRegistry(),
    nuget: new NugetRegistry(),
    pypi: new PypiRegistry(),
    ruby: new RubyRegistry(),
    swift: new SwiftRegistry(),
  };
}

/**
 * The challenge of a 401 answer (RFC 9110 section 11.6.1). CodeArtifact's to npm was seen, both schemes in the realm of
 * the repository. These must be two lines: Apache HttpClient, with which Maven works there, takes a line for one
 * challenge. Bun's server writes one line, so a client of Basic is given that alone.
 */
function challenge({ domain, repository, format }: Target): string {
  const realm = `realm="${domain}/${repository}"`;
  return ["npm", "cargo"].includes(format) ? `Bearer ${realm}, Basic ${realm}` : `Basic ${realm}`;
}

function noCalls(): FormatCounters {
  return { requests: 0, unauthorized: 0, forbidden: 0 };
}

function targetOf(url: string): Target | undefined {
  const { hostname, pathname } = new URL(url);
  const [, vpcRegion] = vpcHost.exec(hostname) ?? [];
  if (vpcRegion !== undefined) {
    const [, format = "", names = "", rest = ""] = vpcPath.exec(pathname) ?? [];
    const target = targetOf(`https://${names}.d.codeartifact.${vpcRegion}.amazonaws.com${format}${rest}`);
    return target && { ...target, path: `${format}/d/${names}/${target.repository}/` };
  }
  const { domain, owner, region, dualstackRegion = region } = packageHost.exec(hostname)?.groups ?? {};
  const { format, repository, rest } = packagePath.exec(pathname)?.groups ?? {};
  if (!domain || !owner || !dualstackRegion || !format || !repository || rest === undefined) return undefined;
  const path = `/${format}/${repository}/`;
  return { domain, owner, region: dualstackRegion, format: format as RegistryFormat, repository, path, rest };
}

/**
 * The token in an Authorization header: `Bearer TOKEN`, `Basic` with the user name `aws`, and for Cargo, which sends
 * what its credential provider gave, the token alone.
 */
function tokenOf(header: string | null, format: RegistryFormat): string | undefined {
  if (header === null) return undefined;
  const [, scheme = "", credentials = ""] = /^(\S+) +(\S+)$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return credentials;
    case "basic": {
      const [, password] = /^aws:(.+)$/.exec(Buffer.from(credentials, "base64").toString("utf8")) ?? [];
      return password;
    }
    default:
      return format === "cargo" && scheme === "" ? header : undefined;
  }
}
