/**
 * `bundle` in the shims folder: hands Bundler the tokens of the sources that the project names, each bound to the URL of
 * its source (`BUNDLE_HTTPS://HOST/RUBY/REPOSITORY/`), then becomes the real command. A shell cannot export such a name,
 * execve(2) takes it.
 */
import type { Environment } from "../../base/environment.ts";
import { endpointTokens } from "../../helper/tokens.ts";
import { complain } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { commandNamed } from "./arguments.ts";
import { readProject } from "./project.ts";

/** Commands that ask a source. `exec` and `console` run the project's own programs and get no token. */
const commands = "install update outdated lock add remove cache package pack pristine plugin inject i".split(" ");

/** Becomes the real bundle. Without a session it warns in one line and continues without a token. */
export async function runBundleShim(name: string, args: string[]): Promise<number> {
  const { env } = process;
  const variables = asksSource(args) ? await sourceVariables(args, env) : {};
  return becomeRealCommand(name, findRealCommand(name), args, { ...env, ...variables });
}

/** Whether the command asks a source; without a command it is `install`. */
export function asksSource(args: readonly string[]): boolean {
  if (/^(-v|--version)$/.test(args[0] ?? "") || args.some((arg) => /^(--help|-h)$/.test(arg))) return false;
  // `_2.4.22_` selects a version of Bundler.
  const word = args.find((arg) => !arg.startsWith("-") && !/^_[\w.]+_$/.test(arg));
  return word === undefined || commandNamed(word, commands) !== undefined;
}

async function sourceVariables(args: readonly string[], env: Environment): Promise<Record<string, string>> {
  const { texts, objection } = readProject(args, env, process.cwd());
  if (!texts.some((text) => text.includes(".codeartifact."))) return {};
  const endpoints = await endpointTokens("ruby");
  const named = endpoints.filter(({ endpoint }) => {
    const { host } = new URL(endpoint);
    return texts.some((text) => text.toLowerCase().includes(host));
  });
  if (named.length > 0 && objection !== undefined) {
    complain(objection);
    return {};
  }
  return Object.fromEntries(
    named.map(({ endpoint, token }) => [variableOf(endpoint), `aws:${encodeURIComponent(token)}`]),
  );
}

/** The variable by which Bundler finds the credentials of a source (Bundler::Settings.key_for). */
export function variableOf(endpoint: string): string {
  const url = endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
  return `BUNDLE_${url.replaceAll(".", "__").replaceAll("-", "___").toUpperCase()}`;
}
