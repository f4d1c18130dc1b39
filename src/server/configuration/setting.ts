/** What one setting of the server is: a flag, a variable and a key of the configuration file, with one name and meaning. */
import { VouchError } from "../../base/errors.ts";

export interface Setting<Value> {
  /** The environment variable; flag and key have the name of its entry in the table. */
  variable: string;
  /** Its type in the file. On a command line a boolean takes no value. */
  type: "string" | "number" | "boolean";
  /** The placeholder of its value in help texts. */
  valueHint?: string;
  /** Sentences for help, documentation and the commented file. */
  about: string;
  /** What holds without it, as the flag would say it. */
  default?: string | (() => string);
  /** The default for people, if `default` is not it. */
  defaultText?: string;
  /** The value in the commented file, where it is not the default. */
  example?: string;
  /** Parses the flag's text. Throws `usage`; the message says "Expected --NAME …" where it names the flag. */
  parse: (text: string) => Value;
  /** Throws `usage` for a value that no command line may have, because every process can read it. */
  checkFlag?: (text: string) => void;
  /** Throws `usage` for a value that the file may not have. */
  checkInFile?: (text: string) => void;
}

/** A setting with a default, or (`Value` includes undefined) without. Lets the compiler infer the value's type. */
export function required<Value>(setting: Setting<Value> & { default: string | (() => string) }): Setting<Value> {
  return setting;
}

/** A setting that need not be set. */
export function optional<Value>(setting: Setting<Value>): Setting<Value | undefined> {
  return setting;
}

/** A setting that is on or off. */
export function toggle(variable: string, about: string): Setting<boolean> {
  return { variable, type: "boolean", about, default: "false", parse: parseBoolean };
}

/** Returns a parser of `on` and `off`. */
export function onOrOff(name: string): (text: string) => "on" | "off" {
  return (text) => {
    if (text === "on" || text === "off") return text;
    throw new VouchError("usage", `Expected --${name} on or off, got "${text}".`);
  };
}

/** Returns a parser of whole numbers in a range. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new VouchError("usage", `Expected --${name} with a number from ${min} to ${max}, got "${text}".`);
  };
}

const units = { s: 1, m: 60 } as const;

/** Returns a parser of durations like 30s or 2m, which gives seconds. */
export function shortDuration(name: string, maxSeconds: number): (text: string) => number {
  return (text) => {
    const match = /^([0-9]{1,4})([sm])$/.exec(text);
    const seconds = Number(match?.[1]) * units[match?.[2] as keyof typeof units];
    if (seconds <= maxSeconds) return seconds;
    throw new VouchError(
      "usage",
      `Expected --${name} with a duration of at most ${maxSeconds}s (like 30s, 2m), got "${text}".`,
    );
  };
}

function parseBoolean(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new VouchError("usage", `Expected true or false, got "${text}".`);
}

/** Throws `usage` for a relative path: a file is read by commands that are started in any folder. */
export function absolutePath(text: string): void {
  if (text.startsWith("/")) return;
  throw new VouchError("usage", `Expected an absolute path, got "${text}".`);
}
