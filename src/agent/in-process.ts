/**
 * Answers a helper's question in the helper's own process, where there is no agent to ask: in CI, for an identity that
 * was chosen by VOUCH_IDENTITY or in the settings. Loaded only then.
 */
import { existsSync } from "node:fs";
import { loadSettings, type Settings, settingsPath } from "../config/settings.ts";
import { VouchError } from "../errors.ts";
import { systemClock } from "./clock.ts";
import { IdentityCredentials } from "./identity-credentials.ts";
import { jobSettings } from "./job-settings.ts";
import { lookUpMatches, lookUpRoleCredentials, lookUpToken, lookUpTokens } from "./lookup.ts";
import {
  type MatchRequest,
  type RoleCredentialsRequest,
  routes,
  type TokenRequest,
  type TokensRequest,
} from "./protocol.ts";
import type { Route } from "./question.ts";
import { Tokens } from "./tokens.ts";

let job: { settings: Settings; tokens?: Tokens } | undefined;

/** Whether the settings choose an identity. Settings that cannot be read choose none. */
export function isIdentityChosen(): boolean {
  try {
    return readSettings(process.env).identity !== undefined;
  } catch {
    return false;
  }
}

/**
 * The answer to one question of the protocol, as the agent would give it. What was fetched is kept for the next question
 * of this process. Throws `not_configured`, `usage`, and what the chain throws.
 */
export async function answerInProcess(route: Route, body: unknown): Promise<unknown> {
  const current = currentJob();
  const { settings } = current;
  const chain = () => (current.tokens ??= openTokens(settings));
  try {
    switch (route) {
      case routes.token:
        return await lookUpToken(body as TokenRequest, settings, chain);
      case routes.tokens:
        return await lookUpTokens(body as TokensRequest, settings, chain);
      case routes.roleCredentials:
        return await lookUpRoleCredentials(body as RoleCredentialsRequest, settings, chain);
      case routes.match:
        return lookUpMatches(body as MatchRequest, settings);
      default:
        throw new VouchError("usage", "This needs the agent, which an identity of VOUCH_IDENTITY does without.");
    }
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "not_configured") throw error;
    throw new VouchError(error.code, error.message, {
      hint: "Name it with `--domain DOMAIN --repository REPOSITORY`, or set VOUCH_DOMAIN and VOUCH_REPOSITORY.",
      cause: error,
    });
  }
}

function currentJob(): { settings: Settings; tokens?: Tokens } {
  return (job ??= { settings: jobSettings(readSettings(process.env), process.env) });
}

/**
 * The settings file. One that VOUCH_CONFIG names must be there; the one of the home folder need not, and in a container
 * the home folder is often another user's. Throws `settings_missing`, `settings_invalid`, `file_error`.
 */
function readSettings(env: Record<string, string | undefined>): Settings {
  const path = settingsPath(env);
  if (path === env["VOUCH_CONFIG"]) {
    if (existsSync(path)) return loadSettings(path);
    throw new VouchError("settings_missing", `The settings ${path}, which VOUCH_CONFIG names, do not exist.`, {
      hint: "Correct VOUCH_CONFIG, or unset it and give flags or variables: see `vouch exec --help`.",
    });
  }
  try {
    return loadSettings(path);
  } catch (error) {
    if (error instanceof VouchError && error.code === "file_error") return { version: 1, repositories: [] };
    throw error;
  }
}

function openTokens({ identity }: Settings): Tokens {
  if (identity === undefined) throw new VouchError("internal_error", "No identity is chosen.");
  return new Tokens(new IdentityCredentials(identity, systemClock, process.env), systemClock, process.env);
}
