/** Next commands as they can be typed: about the same server as the command that prints them. */
import { existsSync } from "node:fs";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { shellWord } from "../../base/words/shell-word.ts";
import { configurationPath, configVariable, type Flags } from "../configuration/settings.ts";
import { settingNamed } from "../configuration/table.ts";
import { shownSource } from "../signing/key-encryption-key.ts";
import { hasPassword } from "../store/postgres/address.ts";

/** A command between backticks, or on an indented line of its own. */
const command = /(?<=`|^ {3})vouch server ([a-z][^`\n]*)/gm;
/** These name their databases themselves, or need none. */
const needsNone = /^(aws|config|migrate)\b/;
const signs = /^(run|check|init|restore|signing-keys (list|encrypt|rotate|replace-lost))\b/;

/**
 * Adds to each `vouch server` command of a text the flags that say where the database is, and the key-encryption key
 * or the identity provider where the command uses it, as they were given to this one; what variables say holds for the next command anyway.
 */
export function atSameServer(text: string, flags: Flags): string {
  return text.replaceAll(command, (whole, words: string) => {
    if (needsNone.test(words)) return whole;
    const names = /--(config|database) /.test(words) ? [] : ["config", "database"];
    names.push("database-password-file");
    if (signs.test(words)) names.push("key-encryption-key");
    if (/^users (link|unlink)\b/.test(words)) names.push("sso-issuer");
    const added = names
      .filter((name) => !words.includes(`--${name} `))
      .map((name) => [name, shown(name, flags[name])])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` --${name} ${shellWord(value!)}`);
    return whole + added.join("");
  });
}

/** The hint of a database that is missing or empty. */
const initFirst = /^Run (`vouch server init [^`]*`) first\.$/;

/**
 * The hint; where it advises `vouch server init` only because nothing named a database, it advises naming the server's first:
 * a second, empty server would have another signing key. `usual` is the path of the configuration file of a packaged
 * server.
 */
export function namingDatabase(
  hint: string,
  flags: Flags,
  env: Environment = process.env,
  usual = "/etc/vouch/server.toml",
): string {
  const isNamed = flags["database"] ?? env[settingNamed("database").variable] ?? "";
  const [, init] = initFirst.exec(hint) ?? [];
  if (init === undefined || isNamed !== "" || configurationPath(flags, env) !== undefined) return hint;
  const file = existsSync(usual) ? `run \`export ${configVariable}=${usual}\`` : `set ${configVariable}=FILE`;
  return `Neither a configuration file nor a database was named. If there is a server already, ${file}, or give --config FILE or --database URL. For a new server run ${init} first.`;
}

/** The error with such commands in its hint. */
export function hintAtSameServer(error: unknown, flags: Flags): unknown {
  if (!(error instanceof VouchError) || error.hint === undefined) return error;
  const hint = atSameServer(namingDatabase(error.hint, flags), flags);
  return hint === error.hint ? error : new VouchError(error.code, error.message, { hint, cause: error.cause });
}

/** A flag's value; undefined if it is not given, or may be a secret. */
function shown(name: string, value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (name === "database" && hasPassword(value)) return undefined;
  return name === "key-encryption-key" && shownSource(value) !== value ? undefined : value;
}
