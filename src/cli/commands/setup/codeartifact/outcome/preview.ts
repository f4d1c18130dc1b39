/** Previews a file change as a diff without context lines. */

import { count } from "../../../../../base/words/count.ts";

/** Limit of changed lines for the line-by-line comparison, whose cost is quadratic. */
const maxCompared = 2000;

/** A file that is Vouch's own, and longer, is shown by its first lines: where it names what is set up. */
const maxShown = 40;
const firstLines = 8;

/**
 * Returns the changed lines, each group below `@@ line N @@` (line of the old text, from 1). Redacts passwords in URLs
 * and token values. Of a long file that is new or deleted as a whole: the first lines, and the length.
 */
export function previewChange(before: string | undefined, after: string | undefined): string[] {
  const old = linesOf(before);
  const next = linesOf(after);
  let start = 0;
  while (start < old.length && start < next.length && old[start] === next[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, next.length) - start && old.at(-1 - end) === next.at(-1 - end)) end++;
  const steps = compare(old.slice(start, old.length - end), next.slice(start, next.length - end));
  const out: string[] = [];
  let line = start;
  let inGroup = false;
  for (const { sign, text } of steps) {
    if (sign !== " ") {
      if (!inGroup) out.push(`@@ line ${line + 1} @@`);
      out.push(`${sign} ${previewLine(text)}`);
    }
    inGroup = sign !== " ";
    if (sign !== "+") line++;
  }
  const whole = before === undefined ? after : after === undefined ? before : undefined;
  if (whole === undefined || out.length <= maxShown) return out;
  const shown = out.slice(0, firstLines + 1);
  return [
    ...shown,
    `  (${count(out.length - shown.length, "more line")}, ${count(Buffer.byteLength(whole), "byte")} in all)`,
  ];
}

interface Step {
  sign: " " | "-" | "+";
  text: string;
}

/** Computes a minimal diff of two lists of lines (longest common subsequence). */
function compare(old: string[], next: string[]): Step[] {
  const all = (sign: Step["sign"], lines: string[]): Step[] => lines.map((text) => ({ sign, text }));
  if (old.length > maxCompared || next.length > maxCompared) return [...all("-", old), ...all("+", next)];
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(next.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = next.length - 1; j >= 0; j--) {
      common[i]![j] =
        old[i] === next[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length && j < next.length) {
    if (old[i] === next[j]) {
      steps.push({ sign: " ", text: old[i++]! });
      j++;
    } else if (common[i + 1]![j]! >= common[i]![j + 1]!) {
      steps.push({ sign: "-", text: old[i++]! });
    } else {
      steps.push({ sign: "+", text: next[j++]! });
    }
  }
  return [...steps, ...all("-", old.slice(i)), ...all("+", next.slice(j))];
}

function linesOf(text: string | undefined): string[] {
  if (text === undefined || text === "") return [];
  return text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** The name of a variable, and nothing else. */
const isReference = /^["']?\$(\{[A-Z][A-Z0-9_]*(:?-)?\??\}|[A-Z][A-Z0-9_]*)["']?\s*\}?\s*$/;

/** Redacts passwords and tokens in a line; names of variables stay. */
export function previewLine(line: string): string {
  return line
    .replace(/(:\/\/[^\s/@:]*):[^\s/@]*@/g, "$1:***@")
    .replace(/(<(?:password|passphrase|privateKey)\b[^>]*>)(?!\$\{env\.)[^<]+/gi, "$1***")
    .replace(/(key="(?:ClearText)?Password"\s+value=")[^"]*/gi, "$1***")
    .replace(/((?:_authToken|_auth|_password|token|password)["']?\s*[=:]\s*)(\S.*)/i, (_, key: string, value: string) =>
      isReference.test(value) ? key + value : `${key}***`,
    );
}
