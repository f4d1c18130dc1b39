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

/**
 * Expands references to variables as npm and pnpm do: `${NAME}`; `${NAME?}`, which npm makes empty if there is none;
 * `${NAME-FALLBACK}` and `${NAME:-FALLBACK}` of pnpm. An unknown NAME stays unchanged.
 */
export function replaceVariables(text: string, env: Environment): string {
  return text.replace(/(?<!\\)(\\*)\$\{([^${}]+)\}/g, (whole, escapes: string, inner: string) => {
    if (escapes.length % 2 === 1) return whole.slice((escapes.length + 1) / 2);
    return escapes.slice(escapes.length / 2) + (valueOf(inner, env) ?? `\${${inner}}`);
  });
}

function valueOf(inner: string, env: Environment): string | undefined {
  // npm's own reading; only pnpm knows fallbacks, and no name of a variable that is set looks like one.
  const own = env[inner.replace(/\?$/, "")];
  if (own !== undefined) return own;
  const [, name, colon, fallback] = /([^:-]+)(:?)-(.+)/.exec(inner) ?? [];
  if (name === undefined) return inner.endsWith("?") ? "" : undefined;
  return colon === ":" ? env[name] || fallback : (env[name] ?? fallback);
}

/** The keys and texts of a parsed document with variables expanded, as pnpm does in pnpm-workspace.yaml. */
export function replaceInDocument(document: unknown, env: Environment): unknown {
  if (typeof document === "string") return replaceVariables(document, env);
  if (Array.isArray(document)) return document.map((each) => replaceInDocument(each, env));
  if (typeof document !== "object" || document === null) return document;
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => [replaceVariables(key, env), replaceInDocument(value, env)]),
  );
}

/** `npm_config_…` and `pnpm_config_…` of the environment. */
export function environmentSettings(env: Environment): Setting[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const key = /^p?npm_config_(.+)$/i.exec(name)?.[1];
    if (!key || !value) return [];
    return { key: key.startsWith("//") ? key : key.replace(/(?!^)_/g, "-").toLowerCase(), value };
  });
}
