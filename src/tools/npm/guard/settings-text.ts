/** Parses `.npmrc` files as npm and pnpm do, as far as trust is concerned. */
import type { Environment } from "../../../base/environment.ts";

export interface Setting {
  /** In npm's spelling: `strict-ssl`, `@scope:registry`, `//host/path/:_authToken`. */
  key: string;
  /** As written, variables not expanded. */
  value: string;
}

/**
 * The settings of an `.npmrc`. In keys, variables are expanded; quotes, `[]` of lists, comments and escapes are
 * removed. Sections are ignored, so that the result contains every setting that npm reads, and little else.
 */
export function parseNpmrc(text: string, env: Environment): Setting[] {
  const settings: Setting[] = [];
  for (const line of text.split(/[\r\n]+/)) {
    if (/^\s*([;#]|$)/.test(line)) continue;
    const equals = line.indexOf("=");
    const key = replaceVariables(unquote(equals < 0 ? line : line.slice(0, equals)), env).replace(/\[\]$/, "");
    settings.push({ key: key.trim(), value: equals < 0 ? "true" : unquote(line.slice(equals + 1)) });
  }
  return settings;
}

/** Removes a value's quotes, or its comment and escapes, by the rules of npm's ini format. */
function unquote(text: string): string {
  const value = text.trim();
  const quoted = /^(["'])(.*)\1$/s.exec(value);
  if (quoted) {
    try {
      return String(JSON.parse(quoted[1] === "'" ? quoted[2]! : value));
    } catch {
      return quoted[2]!;
    }
  }
  return value
    .replace(/(?<!\\)[;#].*$/s, "")
    .replace(/\\([\\;#])/g, "$1")
    .trim();
}

/** Expands `${NAME}` and `${NAME?}` as npm does; an unknown NAME stays unchanged, with `?` it becomes empty. */
export function replaceVariables(text: string, env: Environment): string {
  return text.replace(/(?<!\\)(\\*)\$\{([^${}?]+)(\?)?\}/g, (whole, escapes: string, name: string, optional) => {
    if (escapes.length % 2 === 1) return whole.slice((escapes.length + 1) / 2);
    return escapes.slice(escapes.length / 2) + (env[name] ?? (optional ? "" : `\${${name}}`));
  });
}

/** `npm_config_…` and `pnpm_config_…` of the environment. */
export function environmentSettings(env: Environment): Setting[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const key = /^p?npm_config_(.+)$/i.exec(name)?.[1];
    if (!key || !value) return [];
    return { key: key.startsWith("//") ? key : key.replace(/(?!^)_/g, "-").toLowerCase(), value };
  });
}
