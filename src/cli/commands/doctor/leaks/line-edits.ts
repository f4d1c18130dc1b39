/**
 * Takes tokens out of a text, line by line; every other byte stays. A line that only gives a token is kept as a comment,
 * because a wrong password in its place would be sent instead of Vouch's; a line that has more (the URL of a registry, a
 * command) stays in force without it.
 */
import { basename } from "node:path";
import type { FilePlace } from "./places.ts";
import { candidatesIn, type FoundToken } from "./token-form.ts";

export interface LineEdit {
  /** Counted from 1. */
  line: number;
  /** The line before, with each token replaced by `***`. */
  shown: string;
  /** The line afterwards. */
  after: string;
}

/** Stands in place of a token, also after an undo: the token itself is written nowhere. */
export const placeholder = "removed-by-vouch";
/** Begins a line that was kept as a comment. */
export const commentMark = "# vouch removed a token: ";

/** Names of files in which `#` begins a comment. */
const hasHashComments =
  /^(?:\.npmrc|\.yarnrc|rc|\.netrc|\.pypirc|\.gemrc|\.condarc|config|credentials|\.env(?:\..*|rc)?|\.profile|\.bashrc|\.bash_profile|\.zshrc|\.zshenv|\.zprofile|\.pam_environment)$|\.(?:toml|ini|conf|cfg|properties|ya?ml)$/i;
/** A key and its separator, before a token that is the whole value. */
const keyBefore = /^\s*(?:export\s+)?["']?[^\s"'#;={[(,]+["']?(?:\s*[=:]\s*|\s+)["']?(?:(?:Bearer|Basic)\s+|aws:)?$/i;
const machineBefore = /^\s*machine\s+\S+\s+login\s+\S+\s+password\s+["']?$/;
const nothingBehind = /^["']?,?\s*$/;
/** The longest scheme and user name before a token. */
const maxUser = 512;
const userBefore = /:\/\/[^/:@\s]+:$/;

/** The edits that take out what `isLeaked` holds of; the numbers of their lines are those of the text. */
export function removals(
  text: string,
  place: FilePlace,
  isLeaked: (found: FoundToken) => boolean = ({ hasForm }) => hasForm,
): LineEdit[] {
  const byLine = Map.groupBy(candidatesIn(text).filter(isLeaked), ({ line }) => line);
  const lines = text.split("\n");
  const starts = startsOf(lines);
  return [...byLine].map(([line, tokens]) => {
    const start = starts[line - 1]!;
    const inLine = tokens.map(({ from, to }) => ({ from: from - start, to: to - start }));
    const { shown, after } = withoutTokens(lines[line - 1]!, inLine, place);
    return { line, shown, after };
  });
}

/** The edits that put lines in force again that were kept as comments, with the placeholder in place of the token. */
export function restorations(text: string): LineEdit[] {
  return text.split("\n").flatMap((line, index) => {
    if (!line.startsWith(commentMark)) return [];
    return [{ line: index + 1, shown: line, after: line.slice(commentMark.length) }];
  });
}

/** The text after the edits. */
export function withEdits(text: string, edits: readonly LineEdit[]): string {
  const lines = text.split("\n");
  for (const { line, after } of edits) lines[line - 1] = after;
  return lines.join("\n");
}

interface Span {
  from: number;
  to: number;
}

function withoutTokens(line: string, tokens: Span[], place: FilePlace): Omit<LineEdit, "line"> {
  const shown: string[] = [];
  const kept: string[] = [];
  let [at, isInUrl] = [0, false];
  for (const { from, to } of tokens) {
    // Package managers ask Vouch for the password of a URL that has a user name only.
    const dropsColon = userBefore.test(line.slice(Math.max(at, from - maxUser), from)) && line[to] === "@";
    isInUrl ||= dropsColon;
    shown.push(line.slice(at, from), "***");
    kept.push(line.slice(at, dropsColon ? from - 1 : from), dropsColon ? "" : placeholder);
    at = to;
  }
  const after = [...kept, line.slice(at)].join("");
  const [only, ...others] = tokens;
  const becomesComment =
    !isInUrl && others.length === 0 && isWholeValue(line.slice(0, only!.from), line.slice(only!.to), place);
  return { shown: [...shown, line.slice(at)].join(""), after: becomesComment ? commentMark + after : after };
}

/** Whether the line does nothing but give the token, in a file that has comments. */
function isWholeValue(before: string, behind: string, { path, kind }: FilePlace): boolean {
  const name = basename(path);
  if (kind !== "settings" || !hasHashComments.test(name) || !nothingBehind.test(behind)) return false;
  if (machineBefore.test(before)) return true;
  // A line of a netrc that goes on from the one before: without its password the entry is malformed.
  return !name.endsWith("netrc") && keyBefore.test(before);
}

/** Where each line begins. */
function startsOf(lines: readonly string[]): number[] {
  let at = 0;
  return lines.map((line) => {
    const start = at;
    at += line.length + 1;
    return start;
  });
}
