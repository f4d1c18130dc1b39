/**
 * What the sandbox's CodeArtifact lists: ListDomains (its parameters are a JSON body) and ListRepositoriesInDomain (its
 * parameters are the query), page by page.
 * https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_ListDomains.html
 * https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_ListRepositoriesInDomain.html
 */
import type { Account, Domain } from "./account.ts";
import { ServiceError } from "./service-error.ts";

/** The documentation names no page size; a client that relies on one misses domains. */
const defaultPageSize = 50;
const createdTime = 1_700_000_000.123;

/** ListDomains: the account's own domains in the region. */
export function listDomains(account: Account, region: string, body: Uint8Array): object {
  const { maxResults = null, nextToken = null } = jsonBody(body);
  if (maxResults !== null && typeof maxResults !== "number") throw serialization("maxResults");
  if (nextToken !== null && typeof nextToken !== "string") throw serialization("nextToken");
  const domains = account.domains.filter((domain) => domain.region === region);
  const { items, next } = pageOf(domains, maxResults, nextToken);
  const arn = (name: string): string => `arn:${account.partition}:codeartifact:${region}:${account.id}:domain/${name}`;
  return {
    domains: items.map(({ name, status = "Active" }) => ({
      name,
      owner: account.id,
      arn: arn(name),
      status,
      createdTime,
      encryptionKey: `arn:${account.partition}:kms:${region}:${account.id}:key/00000000-0000-0000-0000-000000000000`,
    })),
    ...next,
  };
}

/** ListRepositoriesInDomain: of a domain of this account. */
export function listRepositoriesInDomain(account: Account, domain: Domain, query: URLSearchParams): object {
  const prefix = query.get("repository-prefix");
  if (prefix !== null && !/^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$/.test(prefix)) {
    throw validation(`Invalid repository-prefix '${prefix}'`);
  }
  const administrator = query.get("administrator-account");
  if (administrator !== null && !/^\d{12}$/.test(administrator)) throw validation("Invalid administrator-account");
  const maxResults = query.get("max-results");
  if (maxResults !== null && !/^-?\d{1,9}$/.test(maxResults)) throw serialization("max-results");
  const names = domain.repositories.filter((name) => name.startsWith(prefix ?? ""));
  const listed = administrator === null || administrator === account.id ? names : [];
  const { items, next } = pageOf(listed, maxResults === null ? null : Number(maxResults), query.get("next-token"));
  const place = `${domain.region}:${account.id}`;
  return {
    repositories: items.map((name) => ({
      name,
      administratorAccount: account.id,
      arn: `arn:${account.partition}:codeartifact:${place}:repository/${domain.name}/${name}`,
      createdTime,
      domainName: domain.name,
      domainOwner: account.id,
      // Left out of the answer where there is none.
      description: domain.descriptions?.[name],
    })),
    ...next,
  };
}

/** The page that the token names, and the token of the next one. */
function pageOf<Item>(
  all: readonly Item[],
  maxResults: number | null,
  token: string | null,
): { items: Item[]; next: { nextToken?: string } } {
  const size = maxResults ?? defaultPageSize;
  if (!Number.isInteger(size) || size < 1 || size > 1000) throw validation(`Invalid max-results '${size}'`);
  const start = token === null ? 0 : placeOf(token);
  const end = start + size;
  return {
    items: all.slice(start, end),
    next: end < all.length ? { nextToken: Buffer.from(`page ${end}`).toString("base64url") } : {},
  };
}

function placeOf(token: string): number {
  const [, place] = /^page (\d{1,6})$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (place === undefined) throw validation("The next token is not valid.");
  return Number(place);
}

function jsonBody(body: Uint8Array): Record<string, unknown> {
  if (body.byteLength === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // It is no JSON: the same answer as for another value.
  }
  throw serialization("the body");
}

function validation(message: string): ServiceError {
  return new ServiceError("ValidationException", message, 400);
}

/** REST-JSON: what the service cannot even read. */
function serialization(what: string): ServiceError {
  return new ServiceError("SerializationException", `${what} could not be read.`, 400);
}
