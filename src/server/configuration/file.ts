/** The configuration file: TOML, one key for each setting, nothing else. */
import { statSync } from "node:fs";
import { closest } from "../../base/words/closest.ts";
import { VouchError } from "../../base/errors.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { settingNamed, type SettingName, settingNames } from "./table.ts";

const maxFileBytes = 1 << 20;

export interface ConfigurationFile {
  path: string;
  /** The settings that it has, each as the text of its flag. */
  values: ReadonlyMap<SettingName, string>;
}

/** Reads the file. Throws the first of its problems: `file_error`, `settings_invalid`. */
export function readConfigurationFile(path: string): ConfigurationFile {
  const { values, problems } = examineConfigurationFile(path);
  if (problems[0] !== undefined) throw problems[0];
  return { path, values };
}

export interface ExaminedFile extends ConfigurationFile {
  problems: VouchError[];
  /** Whether it is TOML: if not, what it sets is unknown. */
  isRead: boolean;
  /** Settings with a value that is wrong. */
  wrong: ReadonlySet<SettingName>;
}

/** As `readConfigurationFile`, with all of the problems instead of an error. */
export function examineConfigurationFile(path: string): ExaminedFile {
  const values = new Map<SettingName, string>();
  const wrong = new Set<SettingName>();
  const problems: VouchError[] = [];
  let isRead = false;
  try {
    const text = readText(path);
    const entries = Object.entries(parseToml(path, text));
    isRead = true;
    for (const [key, value] of entries) {
      try {
        const [name, written] = readEntry(path, key, value);
        values.set(name, written);
      } catch (error) {
        problems.push(error as VouchError);
        const name = settingNames.find((known) => known === key);
        if (name !== undefined) wrong.add(name);
      }
    }
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    problems.push(error);
  }
  return { path, values, problems, isRead, wrong };
}

function readText(path: string): string {
  try {
    // Whoever can write it decides where the server's database and keys are.
    if ((statSync(path).mode & 0o002) !== 0) throw new Error("everybody may write it (chmod o-w)");
    return readRegularFile(path, maxFileBytes).toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `The configuration file ${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "`vouch server config example` prints one.",
      cause: error,
    });
  }
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (error) {
    const reason = (error as Error).message.replace(/^TOML Parse error: /, "").slice(0, 200);
    throw new VouchError("settings_invalid", `${path}, line ${lineOfError(text)}, is not TOML: ${reason}.`, {
      hint: 'Each line is a setting like: listen = "127.0.0.1:8787". `vouch server config example` prints them all.',
      cause: error,
    });
  }
}

/** The parser does not say where: the first line that the lines before it do without. */
function lineOfError(text: string): number {
  const lines = text.split("\n");
  let [good, bad] = [0, lines.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isToml(lines.slice(0, middle).join("\n"))) good = middle;
    else bad = middle;
  }
  return bad;
}

function isToml(text: string): boolean {
  try {
    Bun.TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readEntry(path: string, key: string, value: unknown): [SettingName, string] {
  const name = settingNames.find((known) => known === key);
  if (name === undefined) throw unknownKey(path, key);
  const { type, checkInFile, parse } = settingNamed(name);
  if (typeof value !== type || (type === "number" && !Number.isInteger(value))) {
    const expected = { string: 'text in quotes ("…")', number: "a whole number", boolean: "true or false" }[type];
    throw new VouchError("settings_invalid", `${name} in ${path}: expected ${expected}.`);
  }
  const text = String(value);
  try {
    checkInFile?.(text);
    parse(text);
  } catch (error) {
    throw explained(error, `${name} in ${path}`, name, "settings_invalid");
  }
  return [name, text];
}

function unknownKey(path: string, key: string): VouchError {
  const near = closest(key.replaceAll("_", "-"), settingNames);
  return new VouchError("settings_invalid", `${path} has the unknown key "${key.slice(0, 64)}".`, {
    hint: near === undefined ? "`vouch server config example` prints all of them." : `Did you mean ${near}?`,
  });
}

/** The error of a value that does not come from a flag: it names the place instead. Any other error as it is. */
export function explained(error: unknown, place: string, name: SettingName, code?: "settings_invalid"): unknown {
  if (!(error instanceof VouchError)) return error;
  const message = error.message.replaceAll(`--${name} with`, "").replaceAll(`--${name} `, "").replace("  ", " ");
  return new VouchError(code ?? error.code, `${place}: ${message[0]!.toLowerCase()}${message.slice(1)}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
