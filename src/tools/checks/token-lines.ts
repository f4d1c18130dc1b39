/** Finds the lines of tokens in texts of the formats that package managers store them in. */
import { tomlStatements } from "../../editing/toml-statements.ts";
import { parseToml } from "../../editing/toml-values.ts";
import { codeArtifactHost, type TokenLine } from "./finding.ts";

/** The user name that CodeArtifact wants beside a token. */
export const tokenUser = "aws";

/** The lines that hold, counted from 1. */
export function linesWith(text: string, holds: (line: string) => boolean): TokenLine[] {
  return text.split("\n").flatMap((line, index) => (holds(line) ? [{ line: index + 1 }] : []));
}

/** Whether the line has a URL with a password, and a host of CodeArtifact. */
export function hasUrlWithPassword(line: string): boolean {
  return codeArtifactHost.test(line) && /:\/\/[^/@\s"']*:[^/@\s"']+@/.test(line);
}

/** Whether the comment, in which Vouch keeps a line that its own replaces, has a token for a host of CodeArtifact. */
export function isKeptToken(line: string): boolean {
  const hasKey = /(token|password|_auth)["']?\s*[=:]\s*[^\s$]/i.test(line);
  return line.trimStart().startsWith("#|") && codeArtifactHost.test(line) && (hasKey || hasUrlWithPassword(line));
}

/** Whether the value is a token as it is, rather than the name of a variable or nothing. */
export function isStored(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes("$");
}

/**
 * Whether the line has what looks like a token of CodeArtifact: an encrypted JWT (JWE), whose header names the
 * encryption; those of other services are signed and not encrypted.
 */
export function hasTokenByLook(line: string): boolean {
  return (line.match(/[A-Za-z0-9_.-]+/g) ?? []).some((word) => word.startsWith("eyJ") && isEncrypted(word));
}

function isEncrypted(word: string): boolean {
  const [header = ""] = word.split(".", 1);
  try {
    const fields: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
    return typeof fields === "object" && fields !== null && "enc" in fields;
  } catch {
    return !word.includes(".") && word.length > 200;
  }
}

interface TomlValue {
  /** Table, key; an index in an array is a part, too. */
  path: string[];
  value: unknown;
}

/** The values of a TOML document that are tokens, with the line of their statement. Empty if it is malformed. */
export function tomlLines(
  text: string,
  holds: (value: TomlValue, document: Record<string, unknown>) => boolean,
): TokenLine[] {
  const document = parseToml(text);
  if (document === undefined) return [];
  const found = valuesIn(document, []).filter((value) => holds(value, document));
  if (found.length === 0) return [];
  const statements = pathsOf(text);
  return found.map(({ path }) => {
    // An inline table or array is one statement, whose path is shorter.
    const statement = statements.findLast((each) => each.path.every((part, index) => part === path[index]));
    return { line: statement?.line ?? 1 };
  });
}

function valuesIn(value: unknown, path: string[]): TomlValue[] {
  if (typeof value !== "object" || value === null || value instanceof Date) return [{ path, value }];
  return Object.entries(value).flatMap(([key, each]) => valuesIn(each, [...path, key]));
}

/** The full path of each statement that sets a value, and its line, counted from 1. */
function pathsOf(text: string): { path: string[]; line: number }[] {
  const counts = new Map<string, number>();
  const nameOf = (path: string[]): string => JSON.stringify(path);
  const full = (table: string[]): string[] => {
    const path: string[] = [];
    for (const part of table) {
      path.push(part);
      const count = counts.get(nameOf(path));
      if (count !== undefined) path.push(String(count));
    }
    return path;
  };
  return tomlStatements(text).flatMap(({ kind, table, key, from }) => {
    if (kind === "array of tables") {
      const path = [...full(table.slice(0, -1)), table.at(-1)!];
      counts.set(nameOf(path), (counts.get(nameOf(path)) ?? -1) + 1);
    }
    return kind === "key/value" ? [{ path: [...full(table), ...key], line: from + 1 }] : [];
  });
}
