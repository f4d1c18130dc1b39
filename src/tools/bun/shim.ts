/**
 * `bun` and `bunx` in the shims folder: sets the variable that the user's bunfig.toml names beside the registry's
 * address, if nothing in the project decides about the connection, and becomes bun.
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { complain } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";
import { endpointTokens, tokenVariables } from "../../helper/tokens.ts";
import { examineForOther } from "../npm/guard/other-tools.ts";
import { purposeOf } from "../publishing.ts";
import { asksRegistry, readBunArguments } from "./arguments.ts";
import { bunFiles } from "./project-files.ts";

/** Becomes the real bun. Without a session it warns in one line and continues without a token. */
export async function runBunShim(name: string, args: string[]): Promise<number> {
  return becomeRealCommand(name, findRealCommand(name), args, await bunEnvironment(name, args));
}

/** bun has no other way than its environment, which the scripts of a package that it publishes inherit. */
function exposedByScripts(): VouchError {
  return new VouchError("access_denied", "No token to publish with: scripts that `bun publish` runs could read it.", {
    hint: "`bun publish --ignore-scripts`, or publish with npm.",
  });
}

async function bunEnvironment(name: string, args: string[]): Promise<Environment> {
  const { env } = process;
  if (!asksRegistry(name, args)) return env;
  const { command, options } = readBunArguments(args);
  const refusal = () => (args.includes("--ignore-scripts") ? undefined : exposedByScripts());
  const endpoints = (await endpointTokens("npm", purposeOf("bun", args), { refusal })).filter(
    ({ variable }) => variable !== undefined,
  );
  if (endpoints.length === 0) return env;
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
  return objections.length > 0 ? env : { ...env, ...tokenVariables(endpoints) };
}
