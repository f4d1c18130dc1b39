/** What AWS CodeArtifact (API version 2018-09-22) lists: an account's domains, and a domain's repositories. */
import * as v from "valibot";
import { callCodeArtifact, type RegionRequest } from "./codeartifact-call.ts";
import { type DomainRequest, resourcesOf } from "./codeartifact.ts";
import { checkNames } from "./endpoints.ts";
import { accountPattern, domainPattern, repositoryPattern } from "./names.ts";

/** One page: a hundred summaries with the longest names and descriptions are below the size limit of an answer. */
const pageSize = 100;
/** Nobody chooses from more. */
const maxPages = 10;

export interface Listing<Item> {
  items: Item[];
  /** Whether AWS has more than were asked for. */
  isCut: boolean;
}

export interface ListedDomain {
  name: string;
  /** The account that owns it, 12 digits. */
  owner: string;
}

export interface ListedRepository {
  name: string;
  /** Untrusted text; "" without one. */
  description: string;
}

const NextToken = v.optional(v.nullable(v.pipe(v.string(), v.regex(/^\S{1,2000}$/))));
const DomainsAnswer = v.object({
  domains: v.array(
    v.object({
      name: v.pipe(v.string(), v.regex(domainPattern)),
      owner: v.pipe(v.string(), v.regex(accountPattern)),
      // A domain that is being deleted has none of its repositories any more.
      status: v.optional(v.string()),
    }),
  ),
  nextToken: NextToken,
});
const RepositoriesAnswer = v.object({
  repositories: v.array(
    v.object({
      name: v.pipe(v.string(), v.regex(repositoryPattern)),
      description: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(1000)))),
    }),
  ),
  nextToken: NextToken,
});

/**
 * The domains that the account of the credentials owns in the region, by name. Throws as `callCodeArtifact`.
 * https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_ListDomains.html
 */
export async function listDomains(request: RegionRequest): Promise<Listing<ListedDomain>> {
  const resources = { arns: ["*"], names: `your account's domains in ${request.region}` };
  return pagesOf(async (nextToken) => {
    const answer = await callCodeArtifact(request, { operation: "ListDomains", resources }, DomainsAnswer, {
      method: "POST",
      path: "/v1/domains",
      body: JSON.stringify({ maxResults: pageSize, ...(nextToken === undefined ? {} : { nextToken }) }),
    });
    const items = answer.domains.flatMap(({ name, owner, status }) => (status === "Deleted" ? [] : [{ name, owner }]));
    return { items, nextToken: answer.nextToken };
  });
}

/**
 * The repositories of the domain, by name. Throws as `callCodeArtifact`, and `usage` for malformed names; nothing is sent
 * then. https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_ListRepositoriesInDomain.html
 */
export async function listRepositories(request: DomainRequest): Promise<Listing<ListedRepository>> {
  checkNames(request);
  const { domain, domainOwner } = request;
  const subject = { operation: "ListRepositoriesInDomain", resources: resourcesOf(request) } as const;
  return pagesOf(async (nextToken) => {
    const answer = await callCodeArtifact(request, subject, RepositoriesAnswer, {
      method: "POST",
      path: "/v1/domain/repositories",
      query: {
        domain,
        "domain-owner": domainOwner,
        "max-results": String(pageSize),
        ...(nextToken === undefined ? {} : { "next-token": nextToken }),
      },
    });
    const items = answer.repositories.map(({ name, description }) => ({ name, description: description ?? "" }));
    return { items, nextToken: answer.nextToken };
  });
}

/** Asks for one page after the other, and sorts what came. */
async function pagesOf<Item extends { name: string }>(
  ask: (nextToken: string | undefined) => Promise<{ items: Item[]; nextToken?: string | null | undefined }>,
): Promise<Listing<Item>> {
  const items: Item[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const answer = await ask(nextToken);
    items.push(...answer.items);
    nextToken = answer.nextToken ?? undefined;
    if (nextToken === undefined) break;
  }
  items.sort((one, other) => (one.name < other.name ? -1 : 1));
  return { items, isCut: nextToken !== undefined };
}
