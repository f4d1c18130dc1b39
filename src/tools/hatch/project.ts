/**
 * Variables that a project sets in hatch's environments, where pip and uv install: some decide about the network or about
 * trust, and `keyring` cannot tell them from the user's own; some name files with requirements.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { ancestors } from "../../base/process/ancestors.ts";
import { readIfPresent } from "../../base/system/regular-file.ts";
import { parseToml } from "../../editing/toml-values.ts";
import { tableOf } from "../../base/json.ts";
import { judge } from "../python/guard/judge.ts";
import { type Mention, urlsIn } from "../python/project/mentions.ts";
import { fileVariables, mentionsOfPip } from "../python/project/requirement-files.ts";

const maxBytes = 4 << 20;

/** Names by which a token could be led elsewhere. */
const trustVariable =
  /\b(?:PIP_(?:PROXY|CERT|CLIENT_CERT|TRUSTED_HOST|CONFIG_FILE|PYTHON|FIND_LINKS|EDITABLE|REQUIREMENTS_FROM_SCRIPT|USE_DEPRECATED|USE_FEATURE)|UV_(?:INSECURE_HOST|CONFIG_FILE|SYSTEM_CERTS|NATIVE_TLS|KEYRING_PROVIDER|FIND_LINKS|ENV_FILE|PROJECT|WORKING_DIR(?:ECTORY)?)|(?:HTTPS?|ALL|NO)_PROXY|https?:\/\/[^"\\]*_proxy|SSL_CERT_(?:FILE|DIR)|(?:REQUESTS|CURL|AWS)_CA_BUNDLE|VOUCH_\w+|NETRC|HOME|XDG_CONFIG_(?:HOME|DIRS)|PATH|PYTHON\w+|LD_\w+)\b/i;

/**
 * Throws `project_untrusted` if a project around the folder sets such a variable, if files that its variables name would
 * lead a token elsewhere, if it takes one of the `kept` variables away from its environments, or if that cannot be known.
 */
export async function checkHatchProject(cwd: string, kept: readonly string[]): Promise<void> {
  const mentions: Mention[] = [];
  for (const folder of ancestors(cwd)) {
    for (const name of ["pyproject.toml", "hatch.toml"]) {
      const path = join(folder, name);
      const document = read(path);
      const settings = name === "hatch.toml" ? document : tableOf(tableOf(document?.["tool"])["hatch"]);
      const found = variableIn(settings, false);
      if (found !== undefined) throw refusal(`${path} sets ${found} for its environments`);
      const taken = patternsIn(settings).find((pattern) => takesAway(pattern, kept));
      if (taken !== undefined) {
        throw refusal(
          `${path} sets ${taken.key}, which takes Vouch's barrier against plain http from its environments`,
        );
      }
      for (const variable of pairsIn(settings)) mentions.push(...mentionsOf(variable, folder, path));
    }
  }
  const { refusal: fault, doubt } = await judge(mentions);
  const error = fault ?? doubt;
  if (error !== undefined) throw error;
}

function read(path: string): Record<string, unknown> | undefined {
  let text: string | undefined;
  try {
    text = readIfPresent(path, maxBytes)?.toString("utf8");
  } catch {
    throw refusal(`${path} cannot be read`);
  }
  if (text === undefined) return undefined;
  const document = parseToml(text);
  if (document === undefined) throw refusal(`${path} is TOML that Vouch does not read`);
  return document;
}

/** The first such variable below a key `env-vars` (also `set-env-vars`, in overrides). */
function variableIn(value: unknown, isVariables: boolean): string | undefined {
  if (typeof value !== "object" || value === null) {
    return isVariables ? trustVariable.exec(String(value))?.[0] : undefined;
  }
  for (const [key, each] of Object.entries(value)) {
    const named = isVariables ? trustVariable.exec(key)?.[0] : undefined;
    const found = named ?? variableIn(each, isVariables || key.endsWith("env-vars"));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Each variable below `env-vars`, also as `NAME=VALUE` and as `{ key, value }` in overrides. */
function pairsIn(value: unknown, isVariables = false): [name: string, value: string][] {
  if (typeof value === "string") {
    const [, name, text] = (isVariables && /^([^=]+)=(.*)$/s.exec(value)) || [];
    return name === undefined ? [] : [[name, text!]];
  }
  if (typeof value !== "object" || value === null) return [];
  const table = value as Record<string, unknown>;
  const { key: name, value: text } = table;
  const own: [string, string][] =
    isVariables && typeof name === "string" ? [[name, typeof text === "string" ? text : ""]] : [];
  return Object.entries(table).reduce((pairs, [key, each]) => {
    if (isVariables && typeof each === "string" && !Array.isArray(value)) pairs.push([key, each]);
    else pairs.push(...pairsIn(each, isVariables || key.endsWith("env-vars")));
    return pairs;
  }, own);
}

/** What the requirements files that a variable names say, and the URLs of any other variable of pip and uv. */
function mentionsOf([name, value]: [string, string], root: string, path: string): Mention[] {
  if (!/^(PIP|UV)_/.test(name)) return [];
  const text = value.replaceAll("{root}", root).replaceAll("{home}", homedir());
  const place = `${path}, ${name}`;
  if (!fileVariables.includes(name)) return urlsIn(text).map((url) => ({ kind: "url", place, url }));
  if (text.includes("{")) throw refusal(`${path} sets ${name} to a file that Vouch cannot find`);
  return mentionsOfPip([], root, { [name]: text }, { values: [], variables: new Set() });
}

interface Patterns {
  key: "env-include" | "env-exclude";
  patterns: string[];
}

function patternsIn(value: unknown): Patterns[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]): Patterns[] => {
    const key = /env-(?:include|exclude)$/.exec(name)?.[0] as Patterns["key"] | undefined;
    return key === undefined ? patternsIn(each) : [{ key, patterns: stringsIn(each) }];
  });
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** By Python's `fnmatch`; a pattern with brackets counts as the worse of both. */
function takesAway({ key, patterns }: Patterns, kept: readonly string[]): boolean {
  const isExclude = key === "env-exclude";
  const matches = (name: string, pattern: string): boolean => {
    if (pattern.includes("[")) return isExclude;
    const parts = pattern
      .split(/([*?])/)
      .map((part) => (part === "*" ? ".*" : part === "?" ? "." : RegExp.escape(part)));
    return new RegExp(`^${parts.join("")}$`, "s").test(name);
  };
  if (isExclude) return kept.some((name) => patterns.some((pattern) => matches(name, pattern)));
  return patterns.length > 0 && kept.some((name) => !patterns.some((pattern) => matches(name, pattern)));
}

function refusal(what: string): VouchError {
  return new VouchError("project_untrusted", `hatch is not started: ${what}, by which a token could go elsewhere.`, {
    hint: "Delete the line. What is yours belongs into your own environment.",
  });
}
