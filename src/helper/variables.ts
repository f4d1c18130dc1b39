/** The environment variables through which package managers take a token. */
import type { RegistryToken } from "../agent/protocol.ts";

/** npm: `npm_config_//HOST/PATH/:_authToken`, a name that no shell can export but that a started process can be given. */
export function npmTokenVariables(registries: RegistryToken[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { format, endpoint, token } of registries) {
    if (format !== "npm") continue;
    const slash = endpoint.endsWith("/") ? "" : "/";
    variables[`npm_config_${endpoint.slice(endpoint.indexOf("//"))}${slash}:_authToken`] = token;
  }
  return variables;
}

/** pip before 23.1, which asks no keyring program: the index URL of the first PyPI endpoint with user name and token. */
export function pipIndexVariable(registries: RegistryToken[]): Record<string, string> {
  const first = registries.find(({ format }) => format === "pypi");
  if (first === undefined) return {};
  const url = new URL(first.endpoint.endsWith("/") ? first.endpoint : `${first.endpoint}/`);
  url.username = "aws";
  url.password = first.token;
  return { PIP_INDEX_URL: new URL("simple/", url).href };
}

/** twine: its user name, password and repository for the first PyPI endpoint, unless the environment has others already. */
export function twineVariables(
  registries: RegistryToken[],
  env: Record<string, string | undefined>,
): Record<string, string> {
  const first = registries.find(({ format }) => format === "pypi");
  const own = ["TWINE_USERNAME", "TWINE_PASSWORD", "TWINE_REPOSITORY", "TWINE_REPOSITORY_URL"];
  if (first === undefined || own.some((name) => env[name] !== undefined)) return {};
  return { TWINE_USERNAME: "aws", TWINE_PASSWORD: first.token, TWINE_REPOSITORY_URL: first.endpoint };
}

/**
 * Cargo's list of providers for registries that name none (the last is asked first) with Vouch at its end. Vouch answers
 * for its own registries by their URL, whatever a project calls them, and anew when a long build asks again.
 * Empty when Cargo could not read the path: it splits the list at white space.
 */
export function cargoProviderVariable(
  env: Record<string, string | undefined>,
  executable: string,
): Record<string, string> {
  const name = "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS";
  return /\s/.test(executable) ? {} : { [name]: `${env[name] || "cargo:token"} ${executable}` };
}
