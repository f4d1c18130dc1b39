/** The tokens for CodeArtifact that lie in files of the package managers, set up or not. */
import type { Machine, TokenLine, TokenPlace } from "./finding.ts";
import { readSmallFile } from "./small-files.ts";
import { hasTokenByLook, isKeptToken, linesWith } from "./token-lines.ts";
import { allTools } from "../tools.ts";

export interface StoredToken {
  path: string;
  /** Counted from 1. */
  line: number;
  tool: string;
  /** What to do about it, as a full sentence. */
  remedy: string;
}

/** Looks into every place that a tool names. `read` returns a file's text, or undefined. */
export function storedTokens(
  machine: Machine,
  read: (path: string) => string | undefined = readSmallFile,
): StoredToken[] {
  const found = new Map<string, StoredToken>();
  for (const place of allTools.flatMap((tool) => tool.tokenPlaces(machine))) {
    const { path, tool } = place;
    const text = read(path);
    if (text === undefined) continue;
    const lines = text.split("\n");
    for (const { line, remedy } of [...tokensIn(place, text), ...linesWith(text, isTokenLine)]) {
      const key = `${path}\n${line}`;
      if (found.has(key)) continue;
      const inComment = lines[line - 1]!.trimStart().startsWith("#|");
      found.set(key, {
        path,
        line,
        tool,
        remedy: inComment
          ? "It is in a comment, from which --remove restores the line: delete it, unless you want it back."
          : (remedy ?? `Delete it there; with Vouch ${tool} does not need it.`),
      });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.path === b.path ? a.line - b.line : 0));
}

/** A file that its tool cannot read has no token that the tool would use. */
function tokensIn({ tokens }: TokenPlace, text: string): TokenLine[] {
  try {
    return tokens?.(text) ?? [];
  } catch {
    return [];
  }
}

function isTokenLine(line: string): boolean {
  return isKeptToken(line) || hasTokenByLook(line);
}
