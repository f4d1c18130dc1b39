/** Environment variables that pass tokens to package managers. */
import type { PackageFormat } from "../../base/package-format.ts";
import type { RepositorySettings } from "../../settings/settings.ts";

/** The token of one configured endpoint. */
export interface RegistryToken {
  repository: Pick<RepositorySettings, "tokenVariable" | "extra">;
  format: PackageFormat;
  endpoint: string;
  /** The same endpoint under AWS's other hosts, which a lock file can name. */
  others: string[];
  token: string;
  /** Seconds since 1970. */
  expiration: number;
}

/** The repositories' own variables, which files of the home folder name. */
export function ownVariables(registries: RegistryToken[]): Record<string, string> {
  const named = registries.flatMap(({ repository: { tokenVariable }, token }) =>
    tokenVariable === undefined ? [] : [[tokenVariable, token] as const],
  );
  return Object.fromEntries(named);
}

/** npm: `npm_config_//HOST/PATH/:_authToken`, a name that no shell can export but that execve accepts. */
export function npmTokenVariables(registries: RegistryToken[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { format, endpoint, others, token } of registries) {
    if (format !== "npm") continue;
    for (const each of [endpoint, ...others]) {
      const slash = each.endsWith("/") ? "" : "/";
      variables[`npm_config_${each.slice(each.indexOf("//"))}${slash}:_authToken`] = token;
    }
  }
  return variables;
}

/**
 * pip before 23.1, which runs no keyring program: the index URL of the default PyPI endpoint with user name and token.
 * The default is the last one, as in pip.conf; one
 * beside the public registry never takes its place.
 */
export function pipIndexVariable(registries: RegistryToken[]): Record<string, string> {
  const byDefault = registries.findLast(({ format, repository }) => format === "pypi" && !repository.extra);
  if (byDefault === undefined) return {};
  const url = new URL(byDefault.endpoint.endsWith("/") ? byDefault.endpoint : `${byDefault.endpoint}/`);
  url.username = "aws";
  url.password = byDefault.token;
  return { PIP_INDEX_URL: new URL("simple/", url).href };
}

/** twine: user name, password and repository URL of the default PyPI endpoint, which is the last one. */
export function twineVariables(registries: RegistryToken[]): Record<string, string> | undefined {
  const byDefault = registries.findLast(({ format }) => format === "pypi");
  if (byDefault === undefined) return undefined;
  return { TWINE_USERNAME: "aws", TWINE_PASSWORD: byDefault.token, TWINE_REPOSITORY_URL: byDefault.endpoint };
}
