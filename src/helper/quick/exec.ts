/** Fast path of `vouch exec -- COMMAND …`. src/exec/exec.ts handles all other cases. */
import type { EnvironmentReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { areTokenVariables, ask, environmentRoute, isTime, openSystem } from "./agent.ts";

/** Commands whose project files are checked first (in exec.ts). */
const packageManagers = " npm npx pnpm pnpx pn pnx yarn yarnpkg corepack bun bunx deno pdm ";

/** Replaces the process by the command, with the tokens in its environment; returns if something is not plain. */
export function execCommand(args: readonly string[]): Attempt | undefined {
  const [separator, command, ...rest] = args;
  if (separator !== "--" || command === undefined) return undefined;
  // A command that may run pip or uv: exec.ts checks its project first.
  if (command.includes("pip") || command.includes("uv") || command.includes("python")) return undefined;
  if (packageManagers.includes(` ${command.slice(command.lastIndexOf("/") + 1)} `)) return undefined;
  // Cargo would send the output to a registry: main.ts refuses.
  if (process.env["CARGO_REGISTRY_INDEX_URL"] !== undefined) return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  const reply = ask(system, environmentRoute, "{}") as EnvironmentReply | undefined;
  if (reply === undefined || !isPlain(reply)) return system.attempt;
  const { env } = process;
  // A relative or empty entry of PATH is for exec.ts, which never searches one (base/system/path.ts).
  if (!command.includes("/") && /(^|:)(?!\/)/.test(env["PATH"] ?? "")) return system.attempt;
  const file = command.includes("/") ? command : Bun.which(command);
  const { twine = {} } = reply;
  const ownTwine =
    env["TWINE_USERNAME"] ?? env["TWINE_PASSWORD"] ?? env["TWINE_REPOSITORY"] ?? env["TWINE_REPOSITORY_URL"];
  if (env["PIP_INDEX_URL"] ?? env["PIP_CONFIG_FILE"]) return system.attempt;
  const variables = ownTwine === undefined ? { ...reply.variables, ...twine } : reply.variables;
  // Same as concealTokens in tools/npm/guard/token-variables.ts.
  const holder = `VOUCH_${crypto.randomUUID().replaceAll("-", "")}_`;
  let count = 0;
  for (const name in reply.variables) {
    if (!name.startsWith("npm_config_//")) continue;
    const token = variables[name]!;
    variables[`${holder}${count}`] = token;
    variables[name] = `\${${holder}${count++}}`;
  }
  if (file !== null) become(file, rest, variables);
  return system.attempt;
}

/** Whether the reply is whole, and as its type says. */
function isPlain({ variables, twine, expiration, failed }: EnvironmentReply): boolean {
  if (failed !== undefined || (expiration !== undefined && !isTime(expiration))) return false;
  return isEnvironment(variables) && (twine === undefined || isEnvironment(twine));
}

/** Whether the value is an object of strings. Its few entries do not trigger the JIT. */
function isEnvironment(variables: unknown): boolean {
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) return false;
  if (!areTokenVariables(variables)) return false;
  for (const name in variables) {
    if (name === "" || name.includes("=")) return false;
    if (typeof (variables as Record<string, unknown>)[name] !== "string") return false;
  }
  return true;
}

/** Replaces the process; returns if that fails, or if this process has been another shim before. */
function become(file: string, args: readonly string[], variables: Record<string, string>): void {
  const { env, pid } = process;
  if (env["VOUCH_SHIM_TRAIL"]?.startsWith(`${pid}:`)) return;
  // A spread, not a loop: a loop over all variables starts the JIT's thread (0.3 ms).
  const next = { ...env, ...variables, VOUCH_SHIM_TRAIL: `${pid}:${file}` } as Record<string, string>;
  // U+FFFD marks bytes that are not UTF-8: only the fallback preserves them.
  if (`${file}${args.join("")}${JSON.stringify(Object.entries(next))}`.includes("\ufffd")) return;
  try {
    process.execve!(file, [file, ...args], next);
  } catch {
    // The fallback reports the error, without the runtime's warning that execve is experimental.
    process.removeAllListeners("warning");
  }
}
