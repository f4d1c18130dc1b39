/** `vouch exec -- COMMAND …`, and `npm` in the shims folder, as long as all goes well. exec.ts and npm.ts know the rest. */
import type { EnvironmentReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { ask, environmentRoute, isTime, openSystem, type System } from "./agent.ts";

/** What npm asks a registry for, and what it does by itself, as far as it is usual; npm.ts knows all. */
const asking = " install i ci add publish update view outdated ";
const local = " run run-script test start --version -v ";

/** Becomes the command with the tokens in its environment; returns when something is not plain. */
export function execCommand(args: readonly string[]): Attempt | undefined {
  const [separator, command, ...rest] = args;
  if (separator !== "--" || command === undefined) return undefined;
  // What may run pip or uv is looked at first: exec.ts.
  if (command.includes("pip") || command.includes("uv") || command.includes("python")) return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  const reply = ask(system, environmentRoute, "{}") as EnvironmentReply | undefined;
  if (reply === undefined || !isPlain(reply)) return system.attempt;
  const file = command.includes("/") ? command : Bun.which(command);
  const { env } = process;
  const { twine = {} } = reply;
  const ownTwine =
    env["TWINE_USERNAME"] ?? env["TWINE_PASSWORD"] ?? env["TWINE_REPOSITORY"] ?? env["TWINE_REPOSITORY_URL"];
  if (env["PIP_INDEX_URL"] ?? env["PIP_CONFIG_FILE"]) return system.attempt;
  if (file !== null) become(file, rest, ownTwine === undefined ? { ...reply.variables, ...twine } : reply.variables);
  return system.attempt;
}

/** Becomes the real npm or npx; returns when something is not plain. */
export function execNpm(name: "npm" | "npx", args: readonly string[]): Attempt | undefined {
  const isLocal = name === "npm" && local.includes(` ${args[0]} `);
  if (!isLocal && name === "npm" && !asking.includes(` ${args[0]} `)) return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  let variables = {};
  if (!isLocal) {
    const reply = ask(system, environmentRoute, '{"format":"npm"}') as EnvironmentReply | undefined;
    if (reply === undefined || !isPlain(reply)) return system.attempt;
    variables = reply.variables;
  }
  const own = fileIdentity(system, process.execPath);
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    const found = folder.startsWith("/") ? Bun.which(name, { PATH: folder }) : null;
    if (found === null) continue;
    const identity = fileIdentity(system, found);
    if (own === "" || identity === "") return system.attempt;
    if (identity === own) continue;
    become(found, args, variables);
    return system.attempt;
  }
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
  try {
    process.execve!(file, [file, ...args], next);
  } catch {
    // The careful side says why.
  }
}

/** Device and inode of the file, links followed, as characters of any kind; empty when it cannot be looked at. */
function fileIdentity({ syscall, statx, chunk }: System, path: string): string {
  const name = new Uint8Array(path.length + 1);
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code > 127) return "";
    name[index] = code;
  }
  // STATX_INO; `struct statx` has the inode at 32 and the device at 136, 8 bytes each.
  if (syscall(statx, 0, name, 0, 0x100, chunk, 0) !== 0) return "";
  return `${String.fromCharCode.apply(null, chunk.subarray(32, 40) as unknown as number[])}${String.fromCharCode.apply(null, chunk.subarray(136, 144) as unknown as number[])}`;
}
