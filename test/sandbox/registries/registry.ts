/** What the registries of a repository have in common: the interface that `Repositories` drives. */

/** A request whose token was found good; what it may do is asked for by what it wants to do. */
export interface RegistryRequest {
  method: string;
  headers: Headers;
  /** What follows the endpoint, percent-encoded as it came, without the query. */
  path: string;
  /** The endpoint that was asked: URL with the trailing slash. */
  endpoint: string;
  body: Request;
  /** A file of a package as an answer: CodeArtifact sends clients to Amazon S3 for it. */
  asset(bytes: Uint8Array<ArrayBuffer>): Response;
  /** Throws a Refusal (403) unless the token's role has the IAM action, on the repository or on a package in it. */
  authorize(action: string, on?: PackageName): void;
}

/** A package as CodeArtifact names it. The namespace is npm's scope without the `@`. */
export interface PackageName {
  namespace?: string;
  name: string;
}

/** The registry of one repository for one package format, all of it in memory. */
export interface Registry {
  /** Answers a request. Throws a Refusal. */
  handle(request: RegistryRequest): Promise<Response>;
  /** An error in the form that the format's client shows to people. */
  error(status: number, message: string): Response;
}

/** A request that is refused; `Repositories` turns it into the registry's own form of error. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The hexadecimal digest of some bytes. */
export function hexDigest(algorithm: "md5" | "sha1" | "sha256" | "sha512", bytes: Uint8Array): string {
  return new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
}

/** A file as an answer of the repository itself. */
export function fileResponse(bytes: Uint8Array<ArrayBuffer>): Response {
  return new Response(bytes, { headers: { "content-type": "application/octet-stream" } });
}
