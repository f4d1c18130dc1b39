/**
 * Answers a helper's request in the helper's own process, without an agent: in CI, for an identity that was chosen by
 * VOUCH_IDENTITY or in the settings. Loaded only then.
 */
import { existsSync } from "node:fs";
import type { Environment } from "../../base/environment.ts";
import { loadSettings, type Settings, settingsPath } from "../../settings/settings.ts";
import { endpointsOf } from "../../settings/registries.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import { VouchError } from "../../base/errors.ts";
import { systemClock } from "../../base/clock.ts";
import { trace } from "../../base/trace.ts";
import { IdentityCredentials } from "./identity-credentials.ts";
import { jobSettings } from "./settings.ts";
import { jobTokensVariable, readJobTokens, writeJobTokens } from "./tokens.ts";
import { ReportedFailures } from "../tokens/cache/reported-failures.ts";
import { lookUpMatches, type TokenSource } from "../tokens/lookup.ts";
import { tokenRoutes } from "../tokens/routes.ts";
import { type MatchReply, type Route, routes } from "../protocol.ts";
import type { MatchRequest } from "../requests.ts";
import { chainLimitMs, Tokens } from "../tokens/tokens.ts";

export { atUnknownServer } from "../../settings/unknown-server.ts";

interface Job {
  settings: Settings;
  tokens: Tokens;
}

let job: Job | undefined;
const reported = new ReportedFailures(systemClock);

/** Whether the settings choose an identity. Unreadable settings in the home folder choose none. */
export function isIdentityChosen(): boolean {
  try {
    return readSettings(process.env).identity !== undefined;
  } catch (error) {
    if (process.env["VOUCH_CONFIG"]) throw error;
    return false;
  }
}

/**
 * The answer to one request of the protocol, as the agent gives it. Fetched values are cached for further requests of
 * this process. Throws `not_configured`, `usage`, `protocol_error` for a malformed body, and the errors of the token
 * chain.
 */
export async function answerInProcess(route: Route, body: unknown): Promise<unknown> {
  trace("agent", `${route} is answered in this process`);
  const { settings, tokens } = (job ??= startJob());
  const source: TokenSource = { settings: () => settings, tokens: () => tokens, publishTokens: () => tokens, reported };
  try {
    if (!isTokenRoute(route)) {
      throw new VouchError("usage", "This needs the agent, which an identity of VOUCH_IDENTITY does without.");
    }
    if (route === routes.environment && settings.repositories.length === 0) {
      // A person may run a command without any token; a job asks for tokens by name.
      throw new VouchError("not_configured", "No repository is named.");
    }
    return (await tokenRoutes[route].answer(source, body)).reply;
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "not_configured") throw error;
    throw new VouchError(error.code, error.message, {
      hint: "Name it with `--domain DOMAIN --repository REPOSITORY`, or set VOUCH_DOMAIN and VOUCH_REPOSITORY.",
      cause: error,
    });
  }
}

function isTokenRoute(route: Route): route is keyof typeof tokenRoutes {
  return Object.hasOwn(tokenRoutes, route);
}

/** The answer to `match` from the settings file alone, if no agent is running. Throws as `readSettings`. */
export function matchBySettings(request: MatchRequest): MatchReply {
  return lookUpMatches({ settings: () => readSettings(process.env) }, request);
}

/** The hosts of the endpoints of a format, those of AWS's other names included; none if the settings cannot be read. */
export function hostsBySettings(format: PackageFormat): string[] {
  let settings: Settings;
  try {
    settings = jobSettings(readSettings(process.env), process.env);
  } catch {
    return [];
  }
  const endpoints = settings.repositories.flatMap((repository) => endpointsOf(repository, format));
  return [...new Set(endpoints.flatMap((endpoint) => URL.parse(endpoint)?.hostname ?? []))];
}

function startJob(): Job {
  const settings = jobSettings(readSettings(process.env), process.env);
  if (settings.identity === undefined) throw new VouchError("internal_error", "No identity is chosen.");
  const source = new IdentityCredentials(settings.identity, systemClock, process.env);
  // A job's tokens go to the command once, and nothing renews them: each domain is waited for.
  const tokens = new Tokens(source, systemClock, process.env, { patienceMs: chainLimitMs });
  for (const held of readJobTokens(process.env[jobTokensVariable], settings)) tokens.hold(held);
  return { settings, tokens };
}

/** Variables that pass this process's tokens on to the helpers of its children. */
export function jobTokenVariables(): Record<string, string> {
  const value = job && writeJobTokens(job.tokens.held(job.settings), job.settings);
  return value === undefined ? {} : { [jobTokensVariable]: value };
}

/**
 * The settings file. If VOUCH_CONFIG names it, it must exist; in the home folder it is optional, because in a container
 * the home folder is often another user's. Throws `settings_missing`, `settings_invalid`, `file_error`.
 */
function readSettings(env: Environment): Settings {
  const named = env["VOUCH_CONFIG"];
  if (named && !existsSync(named)) {
    throw new VouchError("settings_missing", `The settings ${named}, which VOUCH_CONFIG names, do not exist.`, {
      hint: "Correct VOUCH_CONFIG, or unset it and give flags or variables: see `vouch exec --help`.",
    });
  }
  try {
    return loadSettings(settingsPath(env));
  } catch (error) {
    if (!named && error instanceof VouchError && error.code === "file_error") return { version: 1, repositories: [] };
    throw error;
  }
}
