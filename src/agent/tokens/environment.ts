/** The tokens of all endpoints at once: as a list for shims, as variables for `vouch exec` and the shim of npm. */
import type { EnvironmentReply, TokensReply } from "../protocol.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import type { EnvironmentRequest, TokensRequest } from "../requests.ts";
import { endpointsOf } from "../../settings/registries.ts";
import type { Purpose } from "../../base/purpose.ts";
import { hasPublishRole, purposeIn } from "../../settings/publish-roles.ts";
import type { RepositorySettings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { definedEndpoints, noRepository, tokensFor, type TokenSource } from "./lookup.ts";
import {
  npmTokenVariables,
  ownVariables,
  pipIndexVariable,
  type RegistryToken,
  twineVariables,
} from "./package-manager-variables.ts";
import type { Peer } from "../wire/peer.ts";
import type { Lifetime } from "../wire/response-cache.ts";
import type { Need } from "./tokens.ts";

/** Answers in which a token is missing, also where that was reported a moment ago: they hold for a moment only. */
const partial = new WeakSet<EnvironmentReply>();

/** Until when an answer holds; undefined if it must not be given twice. */
export function lifetimeOf(reply: EnvironmentReply): Lifetime | undefined {
  if (reply.failed !== undefined) return undefined;
  return partial.has(reply) ? "brief" : (reply.expiration ?? "brief");
}

/** What a person can end at once. */
const needsLogin: ReadonlySet<string> = new Set(["login_needed", "session_expired"]);

interface Found {
  registries: RegistryToken[];
  failed: NonNullable<EnvironmentReply["failed"]>;
  /** Why a repository has no token. */
  missing: Map<RepositorySettings, VouchError>;
  /** Whether no endpoint lacks its token. */
  isWhole: boolean;
}

/**
 * The environment with the tokens of all configured repositories. Individual failures are reported in the reply; throws
 * if all fail.
 */
export async function lookUpEnvironment(
  source: TokenSource,
  { format, failures, purpose }: EnvironmentRequest,
  peer?: Peer,
): Promise<EnvironmentReply> {
  const settings = source.settings();
  const wanted = settings.repositories.filter((repository) => format === undefined || repository.endpoints[format]);
  // A shim goes on without a token; `vouch exec` would start a command without what it was asked for.
  if (wanted.length === 0 && format === undefined) throw noRepository();
  if (wanted.length === 0) return { variables: {} };
  const found = await find(source, wanted, { format, purpose, peer }, failures === "all");
  const { registries, failed, isWhole } = found;
  // The default repository is the last of the settings, as in the files of pip and npm.
  const missing = format === undefined ? found.missing.get(wanted.at(-1)!) : undefined;
  // A command would go on with another repository in its place, and somebody else's packages.
  if (missing && needsLogin.has(missing.code)) throw missing;
  const byDefault = registries.findLast(({ repository }) => repository === wanted.at(-1));
  const ofPip = wanted.findLast(({ endpoints, extra }) => endpoints.pypi !== undefined && extra !== true);
  const ofTwine = wanted.findLast(({ endpoints }) => endpoints.pypi !== undefined);
  const only = (one: RepositorySettings | undefined) => registries.filter(({ repository }) => repository === one);
  const twine = format === undefined ? twineVariables(only(ofTwine)) : undefined;
  const reply: EnvironmentReply = {
    variables: {
      ...npmTokenVariables(registries),
      ...pipIndexVariable(only(ofPip)),
      ...(format === undefined ? ownVariables(registries) : {}),
      ...(format === undefined && byDefault ? { CODEARTIFACT_AUTH_TOKEN: byDefault.token } : {}),
    },
    ...(twine ? { twine } : {}),
    ...(registries.length > 0 && failed.length === 0
      ? { expiration: Math.min(...registries.map(({ expiration }) => expiration)) }
      : {}),
    ...(failed.length > 0 ? { failed } : {}),
    ...(purpose === undefined && wanted.some(hasPublishRole) ? { hasPublishRole: true } : {}),
  };
  if (!isWhole) partial.add(reply);
  return reply;
}

/** The tokens of all endpoints of a format. Throws if all fail. */
export async function lookUpTokens(
  source: TokenSource,
  { format, purpose }: TokensRequest,
  peer?: Peer,
): Promise<TokensReply> {
  const settings = source.settings();
  const wanted = settings.repositories.filter(({ endpoints }) => endpoints[format] !== undefined);
  if (wanted.length === 0) return { endpoints: [] };
  const { registries, failed } = await find(source, wanted, { format, purpose, peer }, true);
  return {
    endpoints: registries.map(({ repository: { tokenVariable: variable }, endpoint, token, expiration }) =>
      variable === undefined ? { endpoint, token, expiration } : { endpoint, token, expiration, variable },
    ),
    ...(failed.length > 0 ? { failed } : {}),
  };
}

/**
 * The tokens of the repositories' endpoints, of one format if given. `all`: names also the failures that were reported a
 * moment ago. Throws if there is none at all and one is missing.
 */
async function find(
  source: TokenSource,
  wanted: RepositorySettings[],
  {
    format,
    purpose,
    peer,
  }: { format: PackageFormat | undefined; purpose: Purpose | undefined; peer: Peer | undefined },
  all: boolean,
): Promise<Found> {
  const settings = source.settings();
  const ask = (need: Need) =>
    wanted.map(async (each) => {
      const its = purposeIn(each, settings, purpose);
      return tokensFor(source, each, its, { peer, holder: "self" }).token(each, settings, need, its);
    });
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
  const found: Found = { registries: [], failed: [], missing: new Map(), isWhole: true };
  for (const [index, result] of results.entries()) {
    const repository = wanted[index]!;
    const endpoints = Object.entries(definedEndpoints(repository)).filter(([name]) => !format || name === format);
    if (result.status === "rejected") {
      found.missing.set(repository, VouchError.from(result.reason));
      const error = VouchError.from(result.reason).toWire();
      found.isWhole &&= endpoints.length === 0;
      if (!all && !source.reported.isDue(repository, error)) continue;
      found.failed.push(...endpoints.map(([, endpoint]) => ({ endpoint, error })));
      continue;
    }
    const { token, expiration } = result.value;
    for (const [name, endpoint] of endpoints) {
      const named = name as PackageFormat;
      const [, ...others] = endpointsOf(repository, named);
      found.registries.push({ repository, format: named, endpoint, others, token: token.expose(), expiration });
    }
  }
  const failure = results.find((result) => result.status === "rejected");
  if (failure && !found.isWhole && found.registries.length === 0) throw failure.reason;
  return found;
}
