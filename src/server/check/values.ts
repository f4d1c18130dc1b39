/** Looks at the settings themselves: the configuration file, and each value. */
import { examineConfigurationFile } from "../configuration/file.ts";
import { configurationPath, find, type Sources } from "../configuration/settings.ts";
import { type SettingName, settingNames, type Settings } from "../configuration/table.ts";
import { shownSource } from "../signing/key-encryption-key.ts";
import { describeDatabase } from "../store/open.ts";
import { areRight, failed, type Finding, ok, problem } from "./finding.ts";

/** A value as it is shown: never a secret. */
interface ShownSetting {
  name: SettingName;
  value: string;
  from: string;
}

export interface CheckedSettings {
  findings: Finding[];
  /** The values that are right. */
  settings: Partial<Settings>;
  shown: ShownSetting[];
  sources: Sources;
  /** Path of the configuration file. */
  config: string | undefined;
  /** The configuration file cannot be read: nothing is known of what it sets. */
  isUnknown: boolean;
}

/** Reads all settings, each for itself. */
export function checkSettings(flags: Sources["flags"], env: Sources["env"]): CheckedSettings {
  const findings: Finding[] = [];
  const path = configurationPath(flags, env);
  const examined = path === undefined ? undefined : examineConfigurationFile(path);
  if (examined !== undefined) {
    findings.push(...examined.problems.map((error) => failed("configuration file", error)));
    if (examined.problems.length === 0) {
      findings.push(ok("configuration file", `${examined.path} sets ${examined.values.size} of the settings`));
    }
  }
  const sources = { flags, env, file: examined };
  const isUnknown = examined?.isRead === false;
  if (isUnknown) return { findings, settings: {}, shown: [], sources, config: path, isUnknown };
  const settings: Record<string, unknown> = {};
  const shown: ShownSetting[] = [];
  for (const name of settingNames) {
    try {
      const { value, text, from } = find(name, sources);
      // The default is not what the file means.
      if (from === "default" && examined?.wrong.has(name) === true) continue;
      settings[name] = value;
      if (text !== undefined) shown.push({ name, value: shownText(name, text), from });
    } catch (error) {
      findings.push(failed("settings", error));
    }
  }
  const isTlsHalf = (settings["tls-cert"] === undefined) !== (settings["tls-key"] === undefined);
  if (isTlsHalf && areRight(settings, ["tls-cert", "tls-key"]))
    findings.push(problem("certificate", "Expected tls-cert and tls-key together, got one of them."));
  return { findings, settings, shown, sources, config: path, isUnknown };
}

function shownText(name: SettingName, text: string): string {
  if (name === "database") {
    try {
      return describeDatabase(text);
    } catch {
      return "[not shown]";
    }
  }
  if (name === "key-encryption-key") return shownSource(text);
  return text;
}
