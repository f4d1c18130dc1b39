/**
 * Finds the user's pinentry, the program by which GnuPG asks for a PIN: as gpg-agent does, by `pinentry-program` in
 * gpg-agent.conf, else by its name. https://gnupg.org/documentation/manuals/gnupg/Agent-Options.html
 */
import { lstatSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { isAutomated } from "../automation.ts";
import type { Environment } from "../environment.ts";
import { homeFolder } from "./home.ts";
import { findIn, findOnPath } from "./path.ts";
import { readIfPresent } from "./regular-file.ts";

export interface PinentryProgram {
  /** Its absolute path. */
  file: string;
  /** `grab` of gpg-agent.conf: the dialogue keeps the keyboard to itself. */
  grabs: boolean;
}

const maxConfigBytes = 1 << 20;
/** What a Mac has is named first. */
const names = process.platform === "darwin" ? ["pinentry-mac", "pinentry"] : ["pinentry"];

/**
 * The program, where it has a place to ask: a display (X11, Wayland, a Mac's own), or the terminal of GPG_TTY. Undefined
 * without one, in CI, and if there is no such program. One that gpg-agent.conf names is never replaced by another.
 */
export function findPinentry(env: Environment): PinentryProgram | undefined {
  if (isAutomated(env) || !hasPlaceToAsk(env)) return undefined;
  const options = gpgAgentOptions(env);
  const { file } = chosenPinentry(env, options);
  return file === undefined ? undefined : { file, grabs: options.has("grab") && !options.has("no-grab") };
}

/** The program that is used where there is a place to ask: its file if there is one, and what gpg-agent.conf names. */
export function chosenPinentry(env: Environment, options = gpgAgentOptions(env)): { file?: string; named?: string } {
  const named = options.get("pinentry-program");
  const file = named === undefined ? firstOnPath(env) : executableAt(expanded(named, env));
  return { ...(file === undefined ? {} : { file }), ...(named === undefined ? {} : { named }) };
}

/** The terminal that GPG_TTY names: a device of this user; undefined for anything else. */
export function gpgTty(env: Environment): string | undefined {
  const path = env["GPG_TTY"];
  if (!path?.startsWith("/dev/") || /\p{Cc}/u.test(path)) return undefined;
  try {
    const found = lstatSync(path);
    return found.isCharacterDevice() && found.uid === process.geteuid?.() ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a dialogue has a display or a terminal. */
export function hasPlaceToAsk(env: Environment): boolean {
  if (env["DISPLAY"] || env["WAYLAND_DISPLAY"] || gpgTty(env) !== undefined) return true;
  return process.platform === "darwin" && !env["SSH_CONNECTION"];
}

function firstOnPath(env: Environment): string | undefined {
  for (const name of names) {
    const found = findOnPath(name, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

function executableAt(path: string): string | undefined {
  return isAbsolute(path)
    ? findIn(path.slice(0, path.lastIndexOf("/")) || "/", path.slice(path.lastIndexOf("/") + 1))
    : undefined;
}

function expanded(path: string, env: Environment): string {
  return path.startsWith("~/") ? join(homeFolder(env), path.slice(2)) : path;
}

/** The options of gpg-agent.conf by name, the last one of each; none if it cannot be read. */
function gpgAgentOptions(env: Environment): Map<string, string> {
  const options = new Map<string, string>();
  try {
    const gnupgHome = env["GNUPGHOME"];
    const folder = gnupgHome && isAbsolute(gnupgHome) ? gnupgHome : join(homeFolder(env), ".gnupg");
    const text = readIfPresent(join(folder, "gpg-agent.conf"), maxConfigBytes)?.toString("utf8") ?? "";
    for (const line of text.split("\n")) {
      const [, name, value = ""] = /^\s*([a-z][a-z0-9-]*)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
      if (name !== undefined) options.set(name, value.replace(/^"(.*)"$/, "$1"));
    }
  } catch {
    // As if there were none: GnuPG itself reports the file.
  }
  return options;
}
