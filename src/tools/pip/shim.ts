/**
 * `pip` in the shims folder. Refuses a project that would send a token elsewhere (python/guard/guard.ts), reports a missing
 * login before pip starts, and adds `aws@` to the URLs of configured endpoints on the command line and in the
 * environment, because before version 26.2 pip asks `keyring` only for a URL with a user name. Then becomes the real
 * pip. Adds no token.
 */
import { routes } from "../../agent/protocol.ts";
import { VouchError } from "../../base/errors.ts";
import { ask } from "../../helper/ask.ts";
import { looksLikeCodeArtifact } from "../../helper/look.ts";
import { complain, complainBefore, exitWith } from "../../helper/output.ts";
import { checkedPipVariables } from "../python/guard/checked.ts";
import type { Verdict } from "../python/guard/judge.ts";
import { longOptionValues, shortOptionValues } from "../python/project/requirements.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";

const variables = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"];

/** Commands that contact no registry; `list` does with `--outdated`. */
const localCommands = "freeze inspect list show check config cache debug help hash completion uninstall";

/** A URL with a path and without user information: a word, after an option's `=` or letter, or after `NAME@`. */
const bareUrl = /(?<=^|\s|^--[a-z-]+=|^-[a-z]+|^[\w.,[\]-]+@)https:\/\/[^\s/@?#]+\/[^\s?#]*/gi;

/** Becomes the real pip of that name (`pip`, `pip3`, `pip3.11`). */
export async function runPipShim(name: string, args: string[]): Promise<number> {
  try {
    const real = findRealCommand(name);
    if (isLocal(args)) return await becomeRealCommand(name, real, args);
    const given = [...args, ...variables.map((variable) => process.env[variable] ?? "")];
    const bare = [...new Set(given.flatMap((text) => text.match(bareUrl) ?? []))];
    const indexes = await indexesOf(args);
    const { guardPip } = await import("../python/guard/guard.ts");
    const verdict = await guardPip(real === undefined ? [] : [real], args, process.env, [...bare, ...indexes]);
    if (verdict.doubt !== undefined) complain(verdict.doubt);
    const named = namedByUser(new Set(bare.filter((url) => verdict.configured.has(url))));
    const env = { ...process.env };
    for (const variable of variables) if (env[variable] !== undefined) env[variable] = named(env[variable]);
    const told = await tellMissingLogin(name, verdict, [...bare, ...indexes]);
    return await becomeRealCommand(name, real, args.map(named), { ...env, ...checkedPipVariables(verdict, told) });
  } catch (error) {
    exitWith(error);
  }
}

/** Whether pip contacts no registry with these arguments. */
export function isLocal(args: readonly string[]): boolean {
  const command = args.find(
    (word) => localCommands.split(" ").includes(word) || /^(install|download|wheel|lock)$/.test(word),
  );
  if (command === undefined) return args.every((word) => /^(-V|--version|-h|--help)$/.test(word));
  if (args.includes("--outdated") || args.includes("-o") || args.includes("--uptodate")) return false;
  return localCommands.split(" ").includes(command);
}

/** pip's indexes, without user information: from the command line, else the environment, else its file. */
async function indexesOf(args: string[]): Promise<string[]> {
  const named = [...longOptionValues(args, "--index-url"), ...shortOptionValues(args, "i")];
  const index = named.length > 0 ? named : [process.env["PIP_INDEX_URL"] || (await indexOfFile())];
  const more = [
    ...longOptionValues(args, "--extra-index-url"),
    ...(process.env["PIP_EXTRA_INDEX_URL"] ?? "").split(/\s+/),
  ];
  return [...index, ...more].filter((url) => url.includes("://")).map((url) => url.replace(/\/\/[^/@]*@/, "//"));
}

/** `index-url` in pip's own file; empty if it sets none. */
async function indexOfFile(): Promise<string> {
  const home = process.env["HOME"] ?? "";
  const config = process.env["XDG_CONFIG_HOME"] || `${home}/.config`;
  for (const path of [process.env["PIP_CONFIG_FILE"], `${config}/pip/pip.conf`, `${home}/.pip/pip.conf`]) {
    if (!path) continue;
    const text = await Bun.file(path)
      .text()
      .catch(() => "");
    const index = /^[ \t]*index[-_]url[ \t]*[=:][ \t]*(\S+)/m.exec(text)?.[1];
    if (index !== undefined) return index;
  }
  return "";
}

/** A warning if pip will contact a configured endpoint and there is no session: pip 26.2 hides `keyring`'s output. */
async function tellMissingLogin(
  name: string,
  { configured, doubt }: Verdict,
  urls: readonly string[],
): Promise<boolean> {
  if (process.env["VOUCH_IDENTITY"]) return false;
  const asked = urls.some((url) => configured.has(url));
  if (!asked && !urls.some(looksLikeCodeArtifact)) return false;
  const askAgent = async () => {
    const { session } = await ask(routes.status, undefined);
    if (session === undefined && asked)
      throw new VouchError("login_needed", "Not logged in.", { hint: "Run `vouch login`." });
  };
  try {
    await askAgent().catch(async (error: unknown) => {
      if (!asked) throw error;
      const { askAgain } = await import("../../helper/login.ts");
      const ours = urls.filter((url) => configured.has(url));
      return askAgain(error, { by: "shim", name, format: "pypi", urls: ours }, askAgent);
    });
    return false;
  } catch (error) {
    const failed = VouchError.from(error);
    // A job has no agent, and needs no login.
    if (failed.code === "usage") return false;
    if (failed.message !== doubt?.message) complainBefore(name, failed);
    return failed.code === "login_needed";
  }
}

function namedByUser(configured: Set<string>): (text: string) => string {
  return (text) => text.replace(bareUrl, (url) => (configured.has(url) ? url.replace("://", "://aws@") : url));
}
