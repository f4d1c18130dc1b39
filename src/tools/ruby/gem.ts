/**
 * `gem` in the shims folder: RubyGems knows credentials only in the URL of a source and, for a push, one key for every
 * host. The sources with their tokens go into a file that can be read once (helper/one-shot.ts), and so does the key if the
 * arguments name the configured repository.
 */
import type { TokenRequest } from "../../agent/requests.ts";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { looksLikeCodeArtifact } from "../../helper/look.ts";
import { becomeWithText } from "../../helper/one-shot.ts";
import { complain, complainOfText } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { PublishingRefused } from "../../helper/publishing-refused.ts";
import { askForToken } from "../../helper/touch.ts";
import { type EndpointToken, endpointTokens } from "../../helper/tokens.ts";
import { sayUnnamed } from "../unnamed-repository.ts";
import { readSmallFile } from "../checks/small-files.ts";
import { commandNamed, optionValues, shortenedOption } from "./arguments.ts";
import { effectiveSources, gemrcFiles, readGemrc } from "./gemrc.ts";
import { emptyOuterPipe } from "../plugin-folder.ts";
import { pipeVariable, pushVariables } from "./push-key.ts";

const asking = ["install", "update", "fetch", "outdated", "search", "exec", "i"];
/** Commands that ask a source if an option says so. */
const askingRemote = ["list", "info", "specification", "dependency", "query"];
const remoteOption = /^(-[rb]|--remote|--both)$/;

interface Command {
  args: string[];
  env: Environment;
  /** What is read once, and the variables that say where it is. */
  once?: { text: string; variables: (path: string) => Record<string, string> };
}

/** Becomes the real gem. Without a session it warns in one line and continues without a token. */
export async function runGemShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  await emptyOuterPipe(process.env[pipeVariable]?.split(" ")[1]);
  const command = await withTokens(args, process.env);
  const { once, env } = command;
  if (file === undefined || once === undefined) return becomeRealCommand(name, file, command.args, env);
  return becomeWithText(file, command.args, once.text, (path) => ({ ...env, ...once.variables(path) }));
}

async function withTokens(args: string[], env: Environment): Promise<Command> {
  const word = args.find((arg) => !arg.startsWith("-"));
  if (/^(-v|--version)$/.test(args[0] ?? "") || args.some((arg) => /^(--help|-h|--norc)$/.test(arg)))
    return { args, env };
  const isPush = commandNamed(word, ["push"]) !== undefined;
  const asks =
    commandNamed(word, asking) !== undefined ||
    (commandNamed(word, askingRemote) !== undefined && args.some((arg) => remoteOption.test(arg)));
  if (!isPush && !asks) return { args, env };
  const objection = objectionTo(args);
  if (objection !== undefined) {
    complainOfText(`no token for \`gem ${word}\`: ${objection}.`);
    return { args, env };
  }
  return isPush ? push(args, env) : install(args, env);
}

/** Why the arguments mean no token: what they decide cannot be known, or is decided by a file that they name. */
function objectionTo(args: string[]): string | undefined {
  const shortened = shortenedOption(args);
  if (shortened !== undefined) return `${shortened.given} is a part of ${shortened.whole}; write the whole option`;
  for (const file of optionValues(args, "--config-file")) {
    const options = readGemrc(readSmallFile(file) ?? "");
    if (options === undefined) return `${file}, which --config-file names, cannot be read as gem reads it`;
    const setting = Object.keys(options).find((key) => /ssl|proxy/i.test(key));
    if (setting !== undefined) return `${setting} in ${file}, which --config-file names, decides about the connection`;
  }
  return undefined;
}

/** Puts the sources that are in effect, with their tokens, into a file of GEMRC. */
async function install(args: string[], env: Environment): Promise<Command> {
  const [own] = optionValues(args, "--config-file");
  const files = own === undefined ? gemrcFiles(env) : ["/etc/gemrc", own, ...(env["GEMRC"] ?? "").split(":")];
  const asked = readSources(args, effectiveSources(files).sources);
  if (!asked.sources.some(looksLikeCodeArtifact)) return { args, env };
  const endpoints = await endpointTokens("ruby");
  const sources = asked.sources.map((source) => withToken(source, endpoints));
  if (sources.every((source, index) => source === asked.sources[index])) return { args, env };
  const text = `---\n:sources:\n${sources.map((source) => `- ${JSON.stringify(source)}\n`).join("")}`;
  // RubyGems takes GEMRC for the user's file, too, unless it is a list: it would read the one-shot file twice.
  const rest = own === undefined ? gemrcFiles(env).slice(1) : (env["GEMRC"] ?? "").split(":");
  const gemrcs = rest.filter((file) => file !== "");
  return { args: asked.args, env, once: { text, variables: (path) => ({ GEMRC: [...gemrcs, path].join(":") }) } };
}

/**
 * The sources after the arguments (`--source` adds one, after `--clear-sources` it replaces all), and the arguments
 * without them.
 */
export function readSources(
  args: readonly string[],
  configured: readonly string[],
): { sources: string[]; args: string[] } {
  let sources = [...configured];
  let isCleared = false;
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === "--") {
      rest.push(...args.slice(index));
      break;
    }
    if (arg === "--clear-sources") {
      isCleared = true;
      sources = [...configured];
      continue;
    }
    const joined = /^(?:--source=|-s)(.+)$/s.exec(arg)?.[1];
    const source = joined ?? (arg === "-s" || arg === "--source" ? args[++index] : undefined);
    if (source === undefined) {
      rest.push(arg);
      continue;
    }
    const url = source.endsWith("/") ? source : `${source}/`;
    sources = isCleared ? [url] : [...new Set([...sources, url])];
    isCleared = false;
  }
  return { sources, args: rest };
}

/** The source with user name and token if it is the URL of an endpoint; else the source. */
function withToken(source: string, endpoints: readonly EndpointToken[]): string {
  const url = source.endsWith("/") ? source : `${source}/`;
  const found = endpoints.find(({ endpoint }) => url === (endpoint.endsWith("/") ? endpoint : `${endpoint}/`));
  return found === undefined ? source : url.replace("https://", `https://aws:${encodeURIComponent(found.token)}@`);
}

/**
 * Gives the key for a push whose `--host` is a configured repository: without the option the gem's own metadata decides
 * on the host.
 */
async function push(args: string[], env: Environment): Promise<Command> {
  const host = optionValues(args, "--host").at(-1);
  if (env["GEM_HOST_API_KEY"]) return { args, env };
  if (host === undefined) {
    const at = args.findIndex((arg) => !arg.startsWith("-")) + 1;
    const publish = { words: ["gem", ...args], at: at + 1, option: "--host", format: "ruby" } as const;
    const hasKey = args.some((arg) => /^(-k|--key(=|$))/.test(arg));
    if (!hasKey) await sayUnnamed(publish, ({ endpoints }) => endpoints.ruby?.replace(/\/+$/, ""));
    return { args, env };
  }
  const url = host.replace(/\/+$/, "");
  try {
    const request: TokenRequest = { url: `${url}/`, format: "ruby", purpose: "publish" };
    const { token, endpoint } = await askForToken(request).catch(async (error: unknown) => {
      const { askAgain } = await import("../../helper/login.ts");
      const need = { by: "shim", name: "gem", format: "ruby", urls: [`${url}/`] } as const;
      return askAgain(error, need, () => askForToken(request));
    });
    if (endpoint.replace(/\/$/, "") !== url) return { args, env };
    // RubyGems appends "/api/v1/gems".
    const plain = args.map((arg) => (arg === host ? url : arg === `--host=${host}` ? `--host=${url}` : arg));
    const once = { text: `Bearer ${token}`, variables: (path: string) => pushVariables(url, path, env) };
    // gem takes an empty key for one.
    const { GEM_HOST_API_KEY: _empty, ...others } = env;
    return { args: plain, env: others, once };
  } catch (error) {
    if (error instanceof PublishingRefused) throw error;
    const failed = VouchError.from(error);
    if (looksLikeCodeArtifact(url)) complain(failed);
    return { args, env };
  }
}
