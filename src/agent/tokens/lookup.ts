/**
 * Answers about configured repositories, from the settings and the token chain (tokens.ts); used by the agent and by
 * jobs.
 */
import { findRegistry, isOnConfiguredHost } from "../../settings/registries.ts";
import { isSameRole } from "../../aws/partitions.ts";
import { hasPublishRole, purposeIn } from "../../settings/publish-roles.ts";
import { knownRole, type Place } from "../../settings/roles.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import type { CargoReply, MatchReply, Reply, routes, TokenReply } from "../protocol.ts";
import type { Purpose } from "../../base/purpose.ts";
import type { HolderKind } from "../publishing/holder.ts";
import type { Peer } from "../wire/peer.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import type { CargoRequest, MatchRequest, RoleCredentialsRequest, TokenRequest } from "../requests.ts";
import type { ReportedFailures } from "./cache/reported-failures.ts";
import { chosenProfile } from "./chosen-profile.ts";
import type { Tokens } from "./tokens.ts";

/** Who asks, and for which process. */
export interface Asker {
  peer: Peer | undefined;
  holder: HolderKind;
}

/** The context of the answers. */
export interface TokenSource {
  /** Throws if the settings cannot be read. */
  settings(): Settings;
  /** Those of the session that leads to the place. Throws if there is no session. */
  tokens(place: Place): Tokens;
  /** Those that the asker may publish with. Throws `touch_needed`, and as `tokens`. */
  publishTokens(repository: RepositorySettings, asker: Asker): Tokens;
  /** Which failures were told to commands that may not need the token. */
  readonly reported: ReportedFailures;
}

/** Throws `not_configured` if no endpoint contains the URL; else as `Tokens.token`. */
export async function lookUpToken(source: TokenSource, request: TokenRequest, peer?: Peer): Promise<TokenReply> {
  const settings = source.settings();
  const { repository, endpoint } = findConfigured(settings, request);
  const purpose = purposeIn(repository, settings, request.purpose);
  const tokens = tokensFor(source, repository, purpose, { peer, holder: request.holder ?? "self" });
  const { token, expiration } = await tokens.token(repository, settings, "needed", purpose);
  return { token: token.expose(), expiration, endpoint };
}

/** What Cargo does with a token that changes the registry; every other operation, also an unknown one, is reading. */
export const publishOperations: ReadonlySet<unknown> = new Set(["publish", "yank", "unyank", "owners"]);

/** The token in Cargo's format. Throws as `lookUpToken`. */
export async function lookUpCargoToken(source: TokenSource, request: CargoRequest, peer?: Peer): Promise<CargoReply> {
  const settings = source.settings();
  const { repository } = findConfigured(settings, { url: request.registry["index-url"], format: "cargo" });
  const asked = publishOperations.has(request.operation) ? "publish" : "read";
  const purpose = purposeIn(repository, settings, asked);
  // Cargo has started the helper that asks.
  const tokens = tokensFor(source, repository, purpose, { peer, holder: "parent" });
  const answer = await tokens.token(repository, settings, "needed", purpose);
  const token = answer.token.expose();
  // Cargo uses a cached token for reading whatever it was given for, and one that is independent for everything.
  if (purpose === "publish") return { Ok: { kind: "get", token, cache: "never", operation_independent: false } };
  const { expiration } = answer;
  return {
    Ok: { kind: "get", token, cache: "expires", expiration, operation_independent: !hasPublishRole(repository) },
  };
}

/** The tokens for the purpose, as `purposeIn` gives it. */
export function tokensFor(source: TokenSource, repository: RepositorySettings, purpose: Purpose, asker: Asker): Tokens {
  return purpose === "publish" ? source.publishTokens(repository, asker) : source.tokens(repository);
}

/** For each URL, whether it lies within a configured endpoint and whether its host is that of one. */
export function lookUpMatches(source: Pick<TokenSource, "settings">, { urls, format }: MatchRequest): MatchReply {
  const settings = source.settings();
  return {
    configured: urls.map((url) => findRegistry(settings, url, format) !== undefined),
    onConfiguredHost: urls.map((url) => isOnConfiguredHost(settings, url)),
  };
}

/**
 * Credentials of the requested role, else of the chosen profile, else of the role in the settings. Throws the errors of
 * the token chain.
 */
export async function lookUpRoleCredentials(
  source: TokenSource,
  { roleArn, region, ...choice }: RoleCredentialsRequest,
): Promise<Reply<typeof routes.roleCredentials>> {
  const settings = source.settings();
  const first = settings.aws?.region ?? settings.repositories[0]?.region;
  const profile = roleArn ? undefined : chosenProfile(choice, settings);
  const place = roleArn ? { roleArn, region: first } : { profile, region: first };
  refusePublishRole(place, settings);
  const credentials = await source.tokens(place).credentials(place, settings, region);
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.expose(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.expose() }),
    ...(expiration === Infinity ? {} : { expiration }),
  };
}

/** Credentials of a role for publishing go to nobody: a touch gives a token, for one process. Throws `touch_needed`. */
function refusePublishRole(place: Place, settings: Settings): void {
  const arn = knownRole(place, settings)?.arn;
  const repository = settings.repositories.find(({ publishRoleArn }) => isSameRole(publishRoleArn, arn));
  if (repository === undefined) return;
  throw new VouchError(
    "touch_needed",
    `${arn} is the role that publishes to ${repository.domain}/${repository.repository}.`,
    {
      hint: "Its credentials are not given out: publish with a package manager, or with `vouch exec --publish`.",
    },
  );
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
  const profile = chosenProfile(request, settings);
  for (const repository of settings.repositories.toReversed()) {
    if (profile !== undefined && repository.profile !== profile) continue;
    const endpoints = definedEndpoints(repository);
    const endpoint = request.format ? endpoints[request.format] : Object.values(endpoints)[0];
    if (endpoint !== undefined) return { repository, endpoint };
  }
  if (profile !== undefined) {
    throw new VouchError("not_configured", `No repository is set up with the profile ${profile}.`, {
      hint: `Run \`vouch setup codeartifact --profile ${profile} --domain DOMAIN --repository REPOSITORY\`.`,
    });
  }
  throw noRepository();
}

const setupHint = "Run `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`.";

/** The error where no repository is configured. */
export function noRepository(): VouchError {
  return new VouchError("not_configured", "No repository is configured.", { hint: setupHint });
}
