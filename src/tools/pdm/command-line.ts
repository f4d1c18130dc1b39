/** What of PDM's command line says where it publishes to. https://pdm-project.org/latest/reference/cli/ */
import type { Environment } from "../../base/environment.ts";
import { type FoundOption, lastOption } from "../python/option.ts";

/** Global options with a value. */
const valued = /^(-c|--config|-p|--project)$/;

export interface PdmTarget {
  /** How many of the arguments there are before the command. */
  at: number;
  /** The repository, a name or a URL, on the command line, and there or in the variable. */
  option: FoundOption | undefined;
  repository: string | undefined;
  /** The configuration file that the user has named. */
  configFile: string | undefined;
  /** Whether the user has given a password or another user name. */
  hasCredentials: boolean;
}

/** The target of `pdm publish`; undefined for any other command. */
export function parsePdm(args: readonly string[], env: Environment): PdmTarget | undefined {
  let at = 0;
  while (args[at]?.startsWith("-")) at += valued.test(args[at]!) ? 2 : 1;
  if (args[at] !== "publish" || args.some((word) => word === "--help" || word === "-h")) return undefined;
  const optionOf = (long: string, short: string): FoundOption | undefined =>
    // argparse takes any prefix that only one option has.
    lastOption(args, at + 1, { isLong: (word) => word.length > 2 && long.startsWith(word), short, flags: "vqS" });
  const option = optionOf("--repository", "r");
  const userName = optionOf("--username", "u")?.value || env["PDM_PUBLISH_USERNAME"];
  const password = optionOf("--password", "P")?.value || env["PDM_PUBLISH_PASSWORD"];
  return {
    at,
    option,
    repository: option?.value || env["PDM_PUBLISH_REPO"] || undefined,
    configFile: lastOption(args.slice(0, at), 0, {
      isLong: (word) => "--config".startsWith(word) && word !== "--",
      short: "c",
    })?.value,
    hasCredentials: Boolean(password) || (Boolean(userName) && userName !== "aws"),
  };
}
