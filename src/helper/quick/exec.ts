/** `vouch exec -- COMMAND …` as long as all goes well. exec.ts knows the rest. */
import type { EnvironmentReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { areTokenVariables, ask, environmentRoute, isTime, openSystem } from "./agent.ts";

/** For these the project is examined first. */
const packageManagers = " npm npx pnpm pnpx pn pnx yarn yarnpkg corepack bun bunx deno pdm ";

/** Becomes the command with the tokens in its environment; returns when something is not plain. */
export function execCommand(args: readonly string[]): Attempt | undefined {
  const [separator, command, ...rest] = args;
  if (separator !== "--" || command === undefined) return undefined;
  // What may run pip or uv is looked at first: exec.ts.
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
  // As concealTokens in npm/token-variables.ts.
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

/** Whether it is an object of strings. (Its few variables are no loop that the runtime would start to compile.) */
function isEnvironment(variables: unknown): boolean {
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) return false;
  if (!areTokenVariables(variables)) return false;
  for (const name in variables) {
    if (name === "" || name.includes("=")) return false;
    if (typeof (variables as Record<string, unknown>)[name] !== "string") return false;
  }
  return true;
}

/** Replaces this process; returns when it cannot, or when this process has been another shim before. */
function become(file: string, args: readonly string[], variables: Record<string, string>): void {
  const { env, pid } = process;
  if (env["VOUCH_SHIM_TRAIL"]?.startsWith(`${pid}:`)) return;
  // In a loop over all variables the runtime would start to compile: a thread, and a third of a millisecond.
  const next = { ...env, ...variables, VOUCH_SHIM_TRAIL: `${pid}:${file}` } as Record<string, string>;
  // U+FFFD: bytes that are not UTF-8, which only the careful side keeps.
  if (`${file}${args.join("")}${JSON.stringify(Object.entries(next))}`.includes("\ufffd")) return;
  try {
    process.execve!(file, [file, ...args], next);
  } catch {
    // The careful side says why; without the runtime's own warning that execve is experimental, which is to come yet.
    process.removeAllListeners("warning");
  }
}
