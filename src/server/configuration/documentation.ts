/** The settings as others show them: flags of commands, variables, the commented file, the table of the documentation. */
import { configVariable } from "./settings.ts";
import { settingNamed, type SettingName, settingNames } from "./table.ts";

/** A flag, as the command line's framework defines it. */
interface FlagDefinition {
  type: "string" | "boolean";
  description: string;
  valueHint?: string;
  /** Makes the form `--no-NAME` known, which goes before a file that switches it on. */
  negativeDescription?: string;
}

export const configArg = {
  config: {
    type: "string",
    description: `The configuration file, TOML; \`vouch server config example\` prints one. Default: $${configVariable}.`,
    valueHint: "FILE",
  },
} as const;

/** The flags of some settings, and `--config`. */
export function settingArgs<Name extends SettingName>(
  ...names: Name[]
): typeof configArg & Record<Name, FlagDefinition> {
  const flags = names.map((name) => [name, flagOf(name)] as const);
  return { ...configArg, ...(Object.fromEntries(flags) as Record<Name, FlagDefinition>) };
}

function flagOf(name: SettingName): FlagDefinition {
  const { type, about, variable, valueHint } = settingNamed(name);
  if (type === "boolean") {
    return { type, description: `${about} Default: $${variable}, else off.`, negativeDescription: "Switch it off." };
  }
  const fallback = defaultText(name);
  const description = `${about} Default: $${variable}${fallback === undefined ? "" : `, else ${fallback}`}.`;
  return { type: "string", description, ...(valueHint === undefined ? {} : { valueHint }) };
}

/** The default of a setting for people. */
export function defaultText(name: SettingName): string | undefined {
  const { default: fallback, defaultText: text } = settingNamed(name);
  return text ?? (typeof fallback === "function" ? fallback() : fallback);
}

/** The variables of the server, as the manual page and docs/environment.md show them. */
export const serverVariables = {
  title: "The server",
  variables: [
    {
      names: [configVariable],
      readBy: "server",
      meaning: "As `--config`: the configuration file.",
    },
    ...settingNames.map((name) => ({
      names: [settingNamed(name).variable],
      readBy: "server",
      meaning:
        name === "database"
          ? "As `--database`. Unlike there, a URL `postgres://USER:PASSWORD@HOST/NAME` may have its password."
          : `As \`--${name}\`${settingNamed(name).type === "boolean" ? ": true or false" : ""}.`,
    })),
    { names: ["CREDENTIALS_DIRECTORY"], readBy: "server", meaning: "Set by systemd: the folder of `credential:NAME`." },
    {
      names: ["NOTIFY_SOCKET"],
      readBy: "server",
      meaning: "Set by systemd (`Type=notify`): is told when the server listens.",
    },
    {
      names: ["SUDO_USER"],
      readBy: "server",
      meaning: "Set by sudo: the account before, which the audit log notes.",
    },
  ],
};

/** The commented configuration file: every setting, all of them comments. */
export function exampleFile(): string {
  const head = `# The settings of a Vouch server, for every \`vouch server\` command: --config FILE, or ${configVariable}=FILE.
# A flag goes before its variable, a variable before this file, this file before the default.
# Take away the # before a setting to change it; \`vouch server check --config FILE\` says what is wrong.
# No secret belongs here: passwords and keys have files of their own.`;
  return `${[head, ...settingNames.map(exampleEntry)].join("\n\n")}\n`;
}

function exampleEntry(name: SettingName): string {
  const { about, variable, type, valueHint, example } = settingNamed(name);
  const fallback = defaultText(name);
  const value = type === "string" ? JSON.stringify(example ?? fallback) : fallback;
  const form = valueHint?.includes("|") ? ` (${valueHint})` : "";
  const meaning = wrapComment(`${about}${form}`);
  return `${meaning}\n# ${fallback === undefined ? "Not set by default" : `Default: ${fallback}`}. Variable: ${variable}.\n#${name} = ${value}`;
}

function wrapComment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 100) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines.join("\n");
}
