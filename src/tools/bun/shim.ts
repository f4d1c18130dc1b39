/**
 * `bun` and `bunx` in the shims folder: sets the variable that the user's bunfig.toml names beside the registry's
 * address, if nothing in the project decides about the connection, and becomes bun. To publish without scripts bun reads
 * the variable from a file that can be read once: it is then in no environment.
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { becomeWithText } from "../../helper/one-shot.ts";
import { complain } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { endpointTokens, tokenVariables } from "../../helper/tokens.ts";
import { examineForOther } from "../npm/guard/other-tools.ts";
import { purposeOf } from "../publishing.ts";
import { asksRegistry, readBunArguments } from "./arguments.ts";
import { bunFiles } from "./project-files.ts";

const withoutScripts = "--ignore-scripts";

/** Becomes the real bun. Without a session it warns in one line and continues without a token. */
export async function runBunShim(name: string, args: string[]): Promise<number> {
  const file = findRealCommand(name);
  const { env } = process;
  const variables = asksRegistry(name, args) ? await variablesFor(args, env) : {};
  const isOnce = purposeOf("bun", args) === "publish" && args.includes(withoutScripts);
  const lines = Object.entries(variables).map(([variable, token]) => `${variable}='${token}'\n`);
  if (file === undefined || !isOnce || lines.length === 0) {
    return becomeRealCommand(name, file, args, { ...env, ...variables });
  }
  return becomeWithText(
    file,
    (path) => [`--env-file=${path}`, ...args],
    lines.join(""),
    () => env,
  );
}

/** Scripts inherit what bun knows as its environment, from such a file too. */
function exposedByScripts(): VouchError {
  return new VouchError("access_denied", "No token to publish with: scripts that `bun publish` runs could read it.", {
    hint: "`bun publish --ignore-scripts`, or publish with npm.",
  });
}

/** The variables that the user's bunfig.toml names, with their tokens; empty if the project may not have them. */
async function variablesFor(args: string[], env: Environment): Promise<Record<string, string>> {
  const { command, options } = readBunArguments(args);
  const refusal = () => (args.includes(withoutScripts) ? undefined : exposedByScripts());
  const endpoints = (await endpointTokens("npm", purposeOf("bun", args), { refusal })).filter(
    ({ variable }) => variable !== undefined,
  );
  if (endpoints.length === 0) return {};
  const given = (...names: string[]): string[] => names.flatMap((option) => options.get(option) ?? []);
  const { objections } = await examineForOther({
    tool: "bun",
    files: bunFiles(env),
    args,
    folders: given("--cwd"),
    named: [
      ...given("-c", "--config").map((file) => ["bunfig.toml", file] as const),
      ...given("--env-file").map((file) => [".env", file] as const),
    ],
    endpoints: endpoints.map(({ endpoint }) => endpoint),
    publishes: command === "publish",
    env,
  });
  for (const objection of objections) complain(objection);
  // bun sends the token by https alone, to the address that stands beside it.
  return objections.length > 0 ? {} : tokenVariables(endpoints);
}
