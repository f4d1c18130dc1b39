/** The URLs of a repository as Python's package managers name them, and names for it. */

/** The simple index with the user name `aws`: without one, pip before 26.2 and uv never ask `keyring`. */
export function indexWithUser(endpoint: string): string {
  return withUser(indexOf(endpoint));
}

/** The simple index. */
export function indexOf(endpoint: string): string {
  return new URL("simple/", endpoint).href;
}

/** The URL with the user name `aws`. */
export function withUser(url: string): string {
  const named = new URL(url);
  named.username = "aws";
  return named.href;
}

/**
 * Names for the repository with that block id (`DOMAIN/REPOSITORY OWNER REGION`), best first: its own, and longer ones
 * for repositories of the same name.
 */
export function indexNames(id: string): string[] {
  const [, domain = "", repository = "", owner = "", region = ""] = /^([^/\s]+)\/(\S+) (\S+) (\S+)$/.exec(id) ?? [];
  return [repository, `${domain}-${repository}`, `${domain}-${owner}-${region}-${repository}`];
}
