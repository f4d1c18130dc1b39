/** What of twine's command line says where it uploads to. https://twine.readthedocs.io/en/stable/ */
import type { Environment } from "../../base/environment.ts";
import { lastOption } from "../python/option.ts";

/** twine's long options: argparse takes any prefix that only one of them has. */
const long = `--repository --repository-url --attestations --sign --sign-with --identity --username --password
  --non-interactive --comment --config-file --skip-existing --cert --client-cert --verbose --disable-progress-bar
  --help`.split(/\s+/);

export interface TwineTarget {
  /** From the command line or the environment, in twine's order. */
  url?: string;
  name: string;
  /** Whether the name is the user's rather than twine's default. */
  isNamed: boolean;
  /** How many of the arguments the command is, itself included. */
  at: number;
  configFile?: string;
  /** Whether the user has given a password or another user name. */
  hasCredentials: boolean;
  /** Whether a certificate authority is given. */
  hasCertificate: boolean;
}

/** The target of `twine upload` and `twine register`; undefined for any other command. */
export function parseTwine(args: readonly string[], env: Environment): TwineTarget | undefined {
  const at = args.findIndex((word) => !word.startsWith("-"));
  if (at < 0 || !/^(upload|register)$/.test(args[at]!)) return undefined;
  const valueOf = (name: string, short?: string): string | undefined =>
    lastOption(args, at + 1, {
      isLong: (word) => isAbbreviation(word, name),
      ...(short === undefined ? {} : { short, flags: "s" }),
    })?.value;
  const url = valueOf("--repository-url") ?? env["TWINE_REPOSITORY_URL"];
  const name = valueOf("--repository", "r") ?? env["TWINE_REPOSITORY"];
  const configFile = valueOf("--config-file");
  const userName = valueOf("--username", "u") ?? env["TWINE_USERNAME"];
  const password = valueOf("--password", "p") ?? env["TWINE_PASSWORD"];
  return {
    ...(url ? { url } : {}),
    name: name ?? "pypi",
    isNamed: name !== undefined,
    at: at + 1,
    ...(configFile === undefined ? {} : { configFile }),
    hasCredentials: Boolean(password) || (Boolean(userName) && userName !== "aws"),
    hasCertificate: Boolean(valueOf("--cert") ?? env["TWINE_CERT"]),
  };
}

function isAbbreviation(word: string, name: string): boolean {
  if (word === name) return true;
  return word.length > 2 && name.startsWith(word) && long.filter((each) => each.startsWith(word)).length === 1;
}
