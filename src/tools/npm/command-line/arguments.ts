/** Parses a command line of npm or npx as npm does (nopt), so that both agree on the command. */
import { abbreviated, kindOf, type NpmVersion, optionNames, shorthands } from "./options.ts";

export interface NpmArguments {
  /** Positional arguments: the command, then its arguments. */
  words: string[];
  /** The values of options that were given, under their full names; `true` for none. */
  given: Map<string, (string | boolean)[]>;
}

/** Parses the arguments after `npm` as that version does. */
export function parseNpm(args: readonly string[], version: NpmVersion): NpmArguments {
  const fullName = (name: string) =>
    kindOf(name, version) === undefined ? abbreviated(name, optionNames(version)) : name;
  const rest = [...args];
  const words: string[] = [];
  const given: NpmArguments["given"] = new Map();
  for (let index = 0; index < rest.length; index++) {
    let word = rest[index]!;
    if (/^-{2,}$/.test(word)) {
      words.push(...rest.slice(index + 1));
      break;
    }
    if (!word.startsWith("-") || word.length === 1) {
      words.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    if (equals >= 0) {
      rest.splice(index, 1, word.slice(0, equals), word.slice(equals + 1));
      word = rest[index]!;
    }
    const short = expandShorthand(word.replace(/^-+/, ""), fullName);
    if (short !== undefined) {
      rest.splice(index, 1, ...short);
      if (word !== short[0]) {
        index--;
        continue;
      }
    }
    let name = word.replace(/^-+/, "");
    let isNegated = false;
    let isPrefixed = false;
    for (; /^no-/i.test(name); name = name.slice(3)) {
      isNegated = !isNegated;
      isPrefixed = true;
    }
    name = fullName(name) ?? name;
    const kind = kindOf(name, version) ?? (equals < 0 ? "boolean" : "value");
    const next = rest[index + 1];
    const taken = isPrefixed ? takesForFlag(kind, next) : takes(kind, next);
    const value = taken ? next! : isPrefixed ? !isNegated : true;
    given.set(name, [...(given.get(name) ?? []), value]);
    if (taken) index++;
  }
  return { words, given };
}

/** Whether the option takes the next argument as its value. */
function takes(kind: string, next: string | undefined): boolean {
  if (next === undefined) return false;
  if (kind === "text" || kind === "value") return !/^-{2,}$/.test(next);
  if (kind === "string") return !/^-{1,2}[^-]+/.test(next) && !/^-{2,}$/.test(next);
  return takesForFlag(kind, next);
}

function takesForFlag(kind: string, next: string | undefined): boolean {
  if (next === "true" || next === "false") return true;
  if (kind === "nullable") return next === "null";
  if (kind === "color") return next === "always";
  return (kind === "browser" || kind === "text") && !!next && !/^-[^-]/.test(next);
}

/** The options that a short option expands to (nopt's resolveShort); undefined if it is none. */
function expandShorthand(name: string, fullName: (name: string) => string | undefined): readonly string[] | undefined {
  const full = fullName(name);
  if (full === name) return undefined;
  if (Object.hasOwn(shorthands, name)) return shorthands[name];
  const letters = name.split("");
  if (letters.every((letter) => Object.hasOwn(shorthands, letter))) {
    return letters.flatMap((letter) => shorthands[letter]!);
  }
  if (full !== undefined) return undefined;
  return shorthands[abbreviated(name, Object.keys(shorthands)) ?? ""];
}

const removed = "always-spawn ignore-existing shell-auto-fallback npm node-arg n".split(" ");
const flags = "always-spawn ignore-existing shell-auto-fallback no-install quiet q version v help h".split(" ");
const valued = "npm node-arg n package p cache userconfig call c shell".split(" ");

/** The arguments that npx passes to npm (bin/npx-cli.js): `exec`, and `--` before the program's name. */
export function npxToNpm(args: readonly string[], version: NpmVersion): string[] {
  const isFlag = (key: string) =>
    flags.includes(key) || /boolean|nullable|color|browser/.test(kindOf(key, version) ?? "");
  const rest = [...args];
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index]!;
    if (word === "--") break;
    if (!word.startsWith("-")) {
      rest.splice(index, 0, "--");
      break;
    }
    const [key = "", ...values] = word.replace(/^-+/, "").split("=");
    if (key === "p") rest[index] = ["--package", ...values].join("=");
    else if (key === "shell") rest[index] = ["--script-shell", ...values].join("=");
    else if (key === "no-install") rest[index] = "--yes=false";
    else if (Object.hasOwn(shorthands, key) && !removed.includes(key)) {
      rest.splice(index--, 1, ...shorthands[key]!, ...(values.length > 0 ? [values.join("=")] : []));
      continue;
    }
    const isRemoved = removed.includes(key);
    if (isRemoved) rest.splice(index--, 1);
    if (values.length === 0 && !isFlag(key) && (valued.includes(key) || !rest[index + 1]?.startsWith("-"))) {
      if (isRemoved) rest.splice(index + 1, 1);
      else index++;
    }
  }
  return ["exec", ...rest];
}
