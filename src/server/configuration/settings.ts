/** The values of settings: flag before variable before configuration file before default. */
import type { Environment } from "../../base/environment.ts";
import { type ConfigurationFile, explained, readConfigurationFile } from "./file.ts";
import { settingNamed, type SettingName, type Settings } from "./table.ts";

/** The variable that names the configuration file. */
export const configVariable = "VOUCH_SERVER_CONFIG";

/** The arguments of a command: those that are settings, and others. */
export type Flags = Readonly<Record<string, unknown>>;

/** Where values come from. */
export interface Sources {
  flags: Flags;
  env: Environment;
  file: ConfigurationFile | undefined;
}

export interface Found<Value = unknown> {
  value: Value;
  /** The value as it was written. */
  text: string | undefined;
  from: "flag" | "variable" | "file" | "default";
  /** Names the place for a message; undefined for a default. */
  place: string | undefined;
}

/** The path of the configuration file, if there is one. */
export function configurationPath(flags: Flags, env: Environment): string | undefined {
  const path = flags["config"] ?? env[configVariable];
  return typeof path === "string" && path !== "" ? path : undefined;
}

/** Of the flags of a command. */
const known = new WeakMap<Flags, Sources>();

/**
 * Returns where values come from. The configuration file, if one is named, is read once for a command: what it has checked
 * is what it goes on with, whatever becomes of the file. Throws as `readConfigurationFile`.
 */
export function sourcesOf(flags: Flags, env: Environment = process.env): Sources {
  const before = known.get(flags);
  if (before?.env === env) return before;
  const path = configurationPath(flags, env);
  const sources = { flags, env, file: path === undefined ? undefined : readConfigurationFile(path) };
  known.set(flags, sources);
  return sources;
}

/** The values of some settings. Throws `usage`, and as `readConfigurationFile`. */
export function settingsOf<Name extends SettingName>(
  flags: Flags,
  names: readonly Name[],
  env: Environment = process.env,
): Pick<Settings, Name> {
  const sources = sourcesOf(flags, env);
  return Object.fromEntries(names.map((name) => [name, find(name, sources).value])) as Pick<Settings, Name>;
}

/** The value of one setting, and where it comes from. Throws `usage`, and `settings_invalid` for one of the file. */
export function find<Name extends SettingName>(name: Name, sources: Sources): Found<Settings[Name]> {
  return findText(name, sources) as Found<Settings[Name]>;
}

function findText(name: SettingName, { flags, env, file }: Sources): Found {
  const { variable, parse, checkFlag, default: fallback } = settingNamed(name);
  const flag = flags[name];
  if (typeof flag === "string" || typeof flag === "boolean") {
    const text = String(flag);
    checkFlag?.(text);
    return { value: parse(text), text, from: "flag", place: `--${name}` };
  }
  const inEnvironment = env[variable];
  if (inEnvironment !== undefined && inEnvironment !== "") {
    try {
      return { value: parse(inEnvironment), text: inEnvironment, from: "variable", place: variable };
    } catch (error) {
      throw explained(error, variable, name);
    }
  }
  const inFile = file?.values.get(name);
  if (file !== undefined && inFile !== undefined) {
    return { value: parse(inFile), text: inFile, from: "file", place: `${name} in ${file.path}` };
  }
  const text = typeof fallback === "function" ? fallback() : fallback;
  return { value: text === undefined ? undefined : parse(text), text, from: "default", place: undefined };
}
