/**
 * Answers about configured repositories, from the settings and the token chain (tokens.ts); used by the agent and by
 * jobs.
 */
import { findRegistry, isOnConfiguredHost } from "../../settings/registries.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import type { CargoReply, MatchReply, Reply, routes, TokenReply } from "../protocol.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import type { CargoRequest, MatchRequest, RoleCredentialsRequest, TokenRequest } from "../requests.ts";
import type { Tokens } from "./tokens.ts";

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

/** The error where no repository is configured. */
export function noRepository(): VouchError {
  return new VouchError("not_configured", "No repository is configured.", { hint: setupHint });
}
