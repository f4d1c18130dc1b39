/**
 * `pip` in the shims folder. Before version 26.2 pip asks `keyring` only when the index URL carries a user name, so
 * the shim adds `aws@` to the URLs of configured endpoints on the command line and in the environment, then becomes
 * the real pip. It adds no token.
 */
import { type MatchReply, type MatchRequest, routes } from "../agent/protocol.ts";
import { VouchError } from "../errors.ts";
import { ask } from "./ask.ts";
import { looksLikeCodeArtifact } from "./look.ts";
import { complain, exitWith } from "./output.ts";
import { becomeRealCommand } from "./real-command.ts";

const variables = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"];

/** A URL with a path and without user information, as a word or behind an option's `=`. */
const bareUrl = /https:\/\/[^\s/@?#]+\/[^\s?#]*/g;

/** Becomes the real pip of that name (`pip`, `pip3`, `pip3.11`). */
export async function runPipShim(name: string, args: string[]): Promise<number> {
  try {
    const named = namedByUser(await configuredUrls(args));
    const env = { ...process.env };
    for (const variable of variables) if (env[variable] !== undefined) env[variable] = named(env[variable]);
    return await becomeRealCommand(name, args.map(named), env);
  } catch (error) {
    exitWith(error);
  }
}

/** Those URLs of the command line and the environment that lie in a configured PyPI endpoint. */
async function configuredUrls(args: string[]): Promise<Set<string>> {
  const texts = [...args, ...variables.map((variable) => process.env[variable] ?? "")];
  const urls = [...new Set(texts.flatMap((text) => text.match(bareUrl) ?? []))];
  if (urls.length === 0) return new Set();
  try {
    const request: MatchRequest = { urls, format: "pypi" };
    const { configured } = await ask<MatchReply>(routes.match, request);
    return new Set(urls.filter((_, index) => configured[index] === true));
  } catch (error) {
    const failed = VouchError.from(error);
    // Without an agent nobody knows whose URL it is: pip goes on, and only what looks like ours is worth a line.
    if (failed.code !== "login_needed" || urls.some(looksLikeCodeArtifact)) complain(failed);
    return new Set();
  }
}

function namedByUser(configured: Set<string>): (text: string) => string {
  return (text) =>
    text.replace(bareUrl, (url) => (configured.has(url) ? `https://aws@${url.slice("https://".length)}` : url));
}
