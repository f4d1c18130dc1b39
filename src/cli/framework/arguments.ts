/**
 * Strict check of a command's arguments: what citty ignores silently (unknown flags, missing values, excess words) is
 * an error that names the word and suggests the closest one.
 */
import type { ArgDef, ArgsDef } from "citty";
import { closest } from "../../base/words/closest.ts";
import { VouchError } from "../../base/errors.ts";
import { otherFlags } from "./other-names.ts";
import { aliasesOf, hasNegative, isOnByDefault, valueHint } from "./flags.ts";

/** Flags of all commands. */
const commonFlags = ["--help", "-h", "--debug"];

/**
 * Checks `words` against the arguments of a command; `command` is its path, for messages. Throws `usage`, naming the
 * first invalid word.
 */
export function checkArguments(words: readonly string[], definition: ArgsDef, command: string): void {
  const flags = acceptedFlags(definition);
  const positionals = Object.entries(definition).filter(([, argument]) => argument.type === "positional");
  const seen = new Set<string>();
  let places = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--") {
      // The words of another program.
      if (positionals.at(-1)?.[1].valueHint === "…") break;
      places += words.length - index - 1;
      if (places > positionals.length) throw unexpected(words[index + 1]!, command);
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (++places > positionals.length) throw unexpected(word, command);
      continue;
    }
    const [name, value] = splitFlag(word);
    const flag = flags.get(name);
    if (flag === undefined) throw unknownFlag(name, [...flags.keys()], command);
    seen.add(flag.name);
    if (flag.argument.type === "boolean" || flag.argument.type === undefined) {
      if (value !== undefined) throw usage(`${name} takes no value.`, command);
      continue;
    }
    checkValue(name, value ?? words[++index], flag.argument, command);
  }
  for (const [name, argument] of Object.entries(definition)) {
    if (argument.type !== "positional" && argument.required === true && !seen.has(name)) {
      throw usage(`--${name} is missing.`, command);
    }
  }
  const absent = positionals[places];
  if (absent && absent[1].required !== false && absent[1].default === undefined) {
    throw usage(`${absent[0].toUpperCase()} is missing.`, command);
  }
}

/** Returns all values of a repeatable flag (`--tool cargo --tool=pip`), in order. */
export function valuesOf(words: readonly string[], flag: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--") break;
    if (word === flag) values.push(words[++index] ?? "");
    else if (word.startsWith(`${flag}=`)) values.push(word.slice(flag.length + 1));
  }
  return values;
}

/** Parses a whole number of seconds between `min` and `max`. Throws `usage`. */
export function parseSeconds(text: string, flag: string, min: number, max: number): number {
  const seconds = /^[0-9]{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= min && seconds <= max) return seconds;
  throw new VouchError("usage", `${flag} expects a number of seconds from ${min} to ${max}, got "${text}".`, {
    hint: `Give for example ${flag} ${Math.min(Math.max(60, min), max)}.`,
  });
}

/** Returns a usage error for a value that nobody gave; `form` shows the words that give it. */
export function missing(message: string, command: string, form: string): VouchError {
  return new VouchError("usage", message, { hint: `Give it: \`${form}\`. See \`${command} --help\`.` });
}

/** Returns a usage error whose hint points to the command's help. */
export function usage(message: string, command: string, suggestion?: string): VouchError {
  const help = `See \`${command} --help\`.`;
  return new VouchError("usage", message, {
    hint: suggestion === undefined ? help : `Did you mean \`${suggestion}\`? ${help}`,
  });
}

/** Every spelling that the command accepts, also those that its help does not show. */
function acceptedFlags(definition: ArgsDef): Map<string, { name: string; argument: ArgDef }> {
  const flags = new Map<string, { name: string; argument: ArgDef }>();
  for (const [name, argument] of Object.entries(definition)) {
    if (argument.type === "positional") continue;
    for (const spelling of [name, ...aliasesOf(argument)]) {
      flags.set(spelling.length === 1 ? `-${spelling}` : `--${spelling}`, { name, argument });
    }
    if (isOnByDefault(argument) || hasNegative(argument)) flags.set(`--no-${name}`, { name, argument });
  }
  return flags;
}

function splitFlag(word: string): [name: string, value: string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

function checkValue(name: string, value: string | undefined, argument: ArgDef, command: string): void {
  if (value === undefined || value === "" || value.startsWith("--")) {
    throw usage(`${name} expects a value (${valueHint(name, argument)}).`, command);
  }
  const options = argument.type === "enum" ? (argument.options ?? []) : [];
  if (options.length > 0 && !options.includes(value)) {
    const meant = closest(value, options);
    throw usage(
      `${name} expects one of ${options.join(", ")}, got "${value}".`,
      command,
      meant === undefined ? undefined : `${name} ${meant}`,
    );
  }
}

function unknownFlag(name: string, known: string[], command: string): VouchError {
  const accepted = [...known, ...commonFlags];
  const other = Object.hasOwn(otherFlags, name) ? otherFlags[name]!.find((each) => accepted.includes(each)) : undefined;
  // Any letter is near any other.
  const near = /^-[^-]$/.test(name) ? undefined : closest(name, accepted);
  return usage(`${command} has no flag ${name}.`, command, other ?? near);
}

function unexpected(word: string, command: string): VouchError {
  return usage(`${command} does not expect "${word}".`, command);
}
