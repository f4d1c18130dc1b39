/** What of hatch's command line says where it publishes to. https://hatch.pypa.io/latest/publish/ */
import type { Environment } from "../../base/environment.ts";
import { type FoundOption, lastOption } from "../python/option.ts";

/** Global options with a value. */
const valued = /^(-e|--env|-p|--project|--data-dir|--cache-dir|--config)$/;

export interface HatchTarget {
  /** The repository on the command line. */
  option: FoundOption | undefined;
  /** The repository by the command line, else by the variable. */
  repository: string | undefined;
  configFile: string | undefined;
  /** How many of the arguments there are up to the command, itself included. */
  at: number;
  /** Whether a user name is given, and whether a password or another user name than ours. */
  hasUser: boolean;
  hasCredentials: boolean;
}

/** Commands that make no environment for a project. */
const apart = /^(publish|config|new|self|python|cache|clean|status)$/;

/** Whether hatch may install packages into an environment. */
export function makesEnvironments(args: readonly string[]): boolean {
  const command = args[commandIn(args)];
  return command !== undefined && !apart.test(command);
}

function commandIn(args: readonly string[]): number {
  let at = 0;
  while (args[at]?.startsWith("-")) at += valued.test(args[at]!) ? 2 : 1;
  return at;
}

/** The target of `hatch publish` to an index; undefined for any other command or publisher. */
export function parseHatch(args: readonly string[], env: Environment): HatchTarget | undefined {
  const at = commandIn(args);
  if (args[at] !== "publish" || args.includes("--help") || args.includes("-h")) return undefined;
  const optionOf = (long: string, short?: string): FoundOption | undefined =>
    lastOption(args, at + 1, {
      isLong: (word) => word === long,
      ...(short === undefined ? {} : { short, flags: "ny" }),
    });
  const valueOf = (long: string, short: string, variable: string): string | undefined =>
    optionOf(long, short)?.value ?? env[variable];
  if ((valueOf("--publisher", "p", "HATCH_PUBLISHER") ?? "index") !== "index") return undefined;
  const option = optionOf("--repo", "r");
  const userName = valueOf("--user", "u", "HATCH_INDEX_USER");
  return {
    option,
    at: at + 1,
    repository: option?.value ?? (env["HATCH_INDEX_REPO"] || undefined),
    configFile:
      lastOption(args.slice(0, at), 0, { isLong: (word) => word === "--config" })?.value ?? env["HATCH_CONFIG"],
    hasUser: Boolean(userName),
    hasCredentials: Boolean(valueOf("--auth", "a", "HATCH_INDEX_AUTH")) || (Boolean(userName) && userName !== "aws"),
  };
}
