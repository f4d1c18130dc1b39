/**
 * Answers about configured repositories, from the settings and the token chain (tokens.ts); used by the agent and by
 * jobs.
 */
import { findRegistry, isOnConfiguredHost } from "../../settings/registries.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import {
  npmTokenVariables,
  pipIndexVariable,
  type RegistryToken,
  twineVariables,
} from "./package-manager-variables.ts";
import type { CargoReply, EnvironmentReply, MatchReply, Reply, routes, TokenReply } from "../protocol.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import type {
  CargoRequest,
  EnvironmentRequest,
  MatchRequest,
  RoleCredentialsRequest,
  TokenRequest,
} from "../requests.ts";
import type { Need, Tokens } from "./tokens.ts";

/** The context of the answers. */
export interface TokenSource {
  /** Throws if the settings cannot be read. */
  settings(): Settings;
  /** Throws if there is no session. */
  tokens(): Tokens;
}

/** Throws `not_configured` if no endpoint contains the URL; else as `Tokens.token`. */
export async function lookUpToken(source: TokenSource, request: TokenRequest): Promise<TokenReply> {
  const settings = source.settings();
  const { repository, endpoint } = findConfigured(settings, request);
  const { token, expiration } = await source.tokens().token(repository, settings);
  return { token: token.expose(), expiration, endpoint };
}

/** The token in Cargo's format. Throws as `lookUpToken`. */
export async function lookUpCargoToken(source: TokenSource, request: CargoRequest): Promise<CargoReply> {
  const url = request.registry["index-url"];
  const { token, expiration } = await lookUpToken(source, { url, format: "cargo" });
  return { Ok: { kind: "get", token, cache: "expires", expiration, operation_independent: true } };
}

/**
 * The environment with the tokens of all configured repositories. Individual failures are reported in the reply; throws
 * if all fail.
 */
export async function lookUpEnvironment(
  source: TokenSource,
  { format, failures }: EnvironmentRequest,
): Promise<EnvironmentReply> {
  const settings = source.settings();
  const wanted = settings.repositories.filter((repository) => format === undefined || repository.endpoints[format]);
  // A shim goes on without a token; `vouch exec` would start a command without what it was asked for.
  if (wanted.length === 0 && format === undefined) throw noRepository();
  if (wanted.length === 0) return { variables: {} };
  const tokens = source.tokens();
  const ask = (need: Need) => wanted.map(async (repository) => tokens.token(repository, settings, need));
  let results = await Promise.allSettled(ask("dispensable"));
  // If no repository has a token, one of them is needed: a remembered failure is retried, and the first token waited for.
  if (results.every(({ status }) => status === "rejected")) {
    const needed = ask("needed");
    const isThere = await Promise.any(needed).then(
      () => true,
      () => false,
    );
    results = await Promise.allSettled(isThere ? ask("wanted") : needed);
  }
  const registries: RegistryToken[] = [];
  const expirations: number[] = [];
  const failed: NonNullable<EnvironmentReply["failed"]> = [];
  let isWhole = true;
  for (const [index, result] of results.entries()) {
    const endpoints = Object.entries(definedEndpoints(wanted[index]!)).filter(([name]) => !format || name === format);
    if (result.status === "rejected") {
      const error = VouchError.from(result.reason).toWire();
      isWhole &&= endpoints.length === 0;
      if (failures !== "all" && !tokens.reported.isDue(wanted[index]!, error)) continue;
      failed.push(...endpoints.map(([, endpoint]) => ({ endpoint, error })));
      continue;
    }
    const token = result.value.token.expose();
    expirations.push(result.value.expiration);
    registries.push(...endpoints.map(([name, endpoint]) => ({ format: name as PackageFormat, endpoint, token })));
  }
  const failure = results.find((result) => result.status === "rejected");
  if (failure && !isWhole && registries.length === 0) throw failure.reason;
  // The default repository is the one that was set up last, as in the files of pip and npm.
  const byDefault = results.at(-1);
  const twine = format === undefined ? twineVariables(registries) : undefined;
  return {
    variables: {
      ...npmTokenVariables(registries),
      ...pipIndexVariable(registries),
      ...(format === undefined && byDefault?.status === "fulfilled"
        ? { CODEARTIFACT_AUTH_TOKEN: byDefault.value.token.expose() }
        : {}),
    },
    ...(twine ? { twine } : {}),
    ...(isWhole && expirations.length > 0 ? { expiration: Math.min(...expirations) } : {}),
    ...(failed.length > 0 ? { failed } : {}),
  };
}

/** For each URL, whether it lies within a configured endpoint and whether its host is that of one. */
export function lookUpMatches(source: Pick<TokenSource, "settings">, { urls, format }: MatchRequest): MatchReply {
  const settings = source.settings();
  return {
    configured: urls.map((url) => findRegistry(settings, url, format) !== undefined),
    onConfiguredHost: urls.map((url) => isOnConfiguredHost(settings, url)),
  };
}

/** Credentials of the role in the settings, or of the requested role. Throws the errors of the token chain. */
export async function lookUpRoleCredentials(
  source: TokenSource,
  { roleArn = "", region }: RoleCredentialsRequest,
): Promise<Reply<typeof routes.roleCredentials>> {
  const settings = source.settings();
  const { aws } = settings;
  const role = roleArn || aws?.roleArn;
  const asked = region ?? aws?.region;
  const wanted = role === undefined ? undefined : { roleArn: role, ...(asked === undefined ? {} : { region: asked }) };
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await source.tokens().credentials({
    ...settings,
    aws: wanted,
  });
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.expose(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.expose() }),
    ...(expiration === Infinity ? {} : { expiration }),
  };
}

/** The endpoints that a repository has. */
export function definedEndpoints({ endpoints }: RepositorySettings): Partial<Record<PackageFormat, string>> {
  return Object.fromEntries(Object.entries(endpoints).filter(([, endpoint]) => endpoint !== undefined));
}

function findConfigured(
  settings: Settings,
  request: TokenRequest,
): { repository: RepositorySettings; endpoint: string } {
  if (request.url !== undefined) {
    const found = findRegistry(settings, request.url, request.format);
    if (found) return found;
    throw new VouchError("not_configured", "This URL is not one that Vouch was set up for.", {
      hint: setupHint,
    });
  }
  for (const repository of settings.repositories.toReversed()) {
    const endpoints = definedEndpoints(repository);
    const endpoint = request.format ? endpoints[request.format] : Object.values(endpoints)[0];
    if (endpoint !== undefined) return { repository, endpoint };
  }
  throw noRepository();
}

const setupHint = "Run `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`.";

function noRepository(): VouchError {
  return new VouchError("not_configured", "No repository is configured.", { hint: setupHint });
}
