/** Which registry a command of npm or pnpm contacts, by its options, the project and the user's files. */
import type { Environment } from "../../base/environment.ts";
import { routes } from "../../agent/protocol.ts";
import type { MatchRequest } from "../../agent/requests.ts";
import { ask } from "../../helper/ask.ts";
import { parseJson, tableOf } from "../../base/json.ts";
import { textOf } from "./guard/files.ts";
import { globalFiles, readSettings, userFiles } from "./guard/guard.ts";
import { join } from "./guard/paths.ts";
import { environmentSettings, replaceVariables } from "./guard/settings-text.ts";

/** The value of a setting as npm finds it for the current folder, variables expanded. */
export function npmSetting(key: string, env: Environment): string | undefined {
  const files = [join(process.cwd(), ".npmrc"), ...userFiles({ env }).user, ...globalFiles(env)];
  const value =
    environmentSettings(env).find((one) => one.key === key)?.value ??
    readSettings(files, env).findLast((one) => one.key === key)?.value;
  return value === undefined ? undefined : replaceVariables(value, env);
}

/**
 * Every URL that could be the registry of a command that publishes, from the current folder; undefined where that cannot
 * be told. `registries`: what its options name; `words`: what follows the command.
 */
export function publishRegistries(
  { command, words, registries }: { command: string; words: readonly string[]; registries: readonly string[] },
  env: Environment,
): string[] | undefined {
  const manifest = tableOf(parseJson(textOf(join(process.cwd(), "package.json"), () => {}) ?? ""));
  // Another folder or an archive has a manifest of its own; other commands name a package.
  const isHere = words.every((word) => word === ".");
  const named = words.find((word) => word.startsWith("@")) ?? "";
  const subject = command === "publish" ? (isHere ? manifest["name"] : undefined) : named;
  if (typeof subject !== "string") return undefined;
  const [, scope] = /^(@[^/]+)\//.exec(subject) ?? [];
  const own = tableOf(manifest["publishConfig"]);
  const scoped = scope === undefined ? undefined : `${scope}:registry`;
  const byFiles = (scoped === undefined ? undefined : npmSetting(scoped, env)) ?? npmSetting("registry", env);
  const urls = [...registries, own["registry"], ...(scoped === undefined ? [] : [own[scoped]]), byFiles].filter(
    (url) => url !== undefined,
  );
  if (urls.length === 0 || !urls.every((url) => typeof url === "string")) return undefined;
  return urls.map((url) => replaceVariables(url, env));
}

/**
 * Whether a publication that these may be the registries of needs a token that it did not get: of all endpoints, or of
 * `failed` alone.
 */
export async function needsTokenOf(urls: readonly string[] | undefined, failed?: readonly string[]): Promise<boolean> {
  if (urls === undefined) return false;
  const bare = (url: string): string => url.replace(/\/*$/, "");
  return failed === undefined
    ? isConfigured([...urls])
    : urls.every((url) => failed.some((endpoint) => bare(endpoint) === bare(url)));
}

/** Whether each URL is that of an endpoint; false where nobody can say. */
export async function isConfigured(urls: string[]): Promise<boolean> {
  const request: MatchRequest = { urls, format: "npm" };
  try {
    return (await ask(routes.match, request)).configured.every((configured) => configured);
  } catch {
    return false;
  }
}
