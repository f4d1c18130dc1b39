/**
 * Parses requirements files as pip does: encoding, logical lines, `${NAME}`, words.
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
import type { Environment } from "../../../base/environment.ts";

/** A logical line: continuation lines joined, comments removed, variables expanded. */
export interface RequirementLine {
  /** The first line's number, from 1. */
  number: number;
  text: string;
  /** As in the file, variables not expanded. */
  raw: string;
}

/** Byte order marks in the order in which pip tries them: that of UTF-16LE is a prefix of that of UTF-32LE. */
const marks: [number[], string][] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe, 0, 0], "utf-32"],
  [[0, 0, 0xfe, 0xff], "utf-32"],
  // After the first mark pip decodes "utf-16", in which another mark can follow and decide.
  [[0xff, 0xfe, 0xff, 0xfe], "utf-16le"],
  [[0xff, 0xfe, 0xfe, 0xff], "utf-16be"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

/**
 * Encodings in which every ASCII character is its own byte. Others (utf-7, unicode_escape, …) can hide an option from a
 * parser that decodes differently than pip.
 */
const plainEncoding =
  /^(utf[-_]?8([-_]sig)?|(us[-_])?ascii|latin[-_]?1|iso[-_]?8859[-_]?\d{1,2}|cp125\d|windows[-_]?125\d|koi8[-_][ru])$/i;

/** The file's text; undefined if its encoding can disguise ASCII characters. */
export function decodeRequirements(bytes: Uint8Array): string | undefined {
  const mark = marks.find(([start]) => start.every((byte, index) => bytes[index] === byte));
  if (mark?.[1] === "utf-32") return undefined;
  if (mark) return new TextDecoder(mark[1] as "utf-8", { ignoreBOM: true }).decode(bytes.subarray(mark[0].length));
  // Not TextDecoder's "latin1", which is windows-1252: there 0x85 ends no line.
  const latin = Buffer.from(bytes).toString("latin1");
  for (const line of latin.split("\n").slice(0, 2)) {
    const declared = line.startsWith("#") ? /coding[:=]\s*([-\w.]+)/.exec(line)?.[1] : undefined;
    if (declared !== undefined && !plainEncoding.test(declared)) return undefined;
    if (declared !== undefined && !/^utf/i.test(declared)) return latin;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return latin;
  }
}

/** Line ends of Python's `str.splitlines`. */
// eslint-disable-next-line no-control-regex
const lineEnds = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** Python's `\s`; JavaScript's includes U+FEFF, after which a `#` begins no comment in Python. */
const space = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const commentLine = new RegExp(`^${space}*#`);
const comment = new RegExp(`(^|${space}+)#.*$`, "s");
const ends = new RegExp(`^${space}+|${space}+$`, "g");

/**
 * The logical lines that are not empty. `env` has the values for `${NAME}`; an unset or empty variable stays as
 * written.
 */
export function requirementLines(text: string, env: Environment): RequirementLine[] {
  const lines: RequirementLine[] = [];
  let pending = "";
  let begun = 0;
  const finish = (joined: string, number: number): void => {
    const raw = joined.replace(comment, "").replace(ends, "");
    if (raw !== "") lines.push({ number, raw, text: expand(raw, env) });
  };
  const physical = text.split(lineEnds);
  for (const [index, line] of physical.entries()) {
    const isComment = commentLine.test(line);
    if (begun === 0) begun = index + 1;
    if (line.endsWith("\\") && !isComment) {
      pending += line.replace(/^\\+|\\+$/g, "");
      continue;
    }
    finish(pending + (isComment ? ` ${line}` : line), begun);
    pending = "";
    begun = 0;
  }
  if (pending !== "") finish(pending, begun);
  return lines;
}

/** Names that pip expands: capitals, digits and `_`. */
const variable = /\$\{([A-Z0-9_]+)\}/g;

function expand(line: string, env: Environment): string {
  let text = line;
  for (const [written, name] of line.matchAll(variable)) {
    const value = env[name!];
    if (value) text = text.replaceAll(written, () => value);
  }
  return text;
}

/** The names of the variables in a line. */
export function variablesIn(line: string): string[] {
  return [...line.matchAll(variable)].map(([, name]) => name!);
}

/** Splits a line like a shell: quotes and backslashes removed (Python's `shlex.split`). */
function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const character = line[index]!;
    if (quote !== "" && character === quote) quote = "";
    else if (quote === "'") word += character;
    else if (character === "\\" && (quote === "" || line[index + 1] === '"' || line[index + 1] === "\\")) {
      word = (word ?? "") + (line[++index] ?? "");
    } else if (quote !== "") word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (" \t\r\n".includes(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * The words of a logical line: those of the whole line, and those from its first option on, because pip removes quotes
 * only there.
 */
export function lineWords(line: string): string[] {
  const options = /(?:^| )-/.exec(line);
  const rest = options && options.index > 0 ? shellWords(line.slice(options.index)) : [];
  return [...shellWords(line), ...rest];
}

/**
 * The values of a long option among words, as optparse reads them: `--name VALUE`, `--name=VALUE`, and every prefix of
 * the name from its first letter on. Includes words that optparse would consume as another option's value.
 */
export function longOptionValues(words: readonly string[], name: string): string[] {
  return words.flatMap((word, index) => {
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    if (written.length < 3 || !name.startsWith(written)) return [];
    const value = equals < 0 ? words[index + 1] : word.slice(equals + 1);
    return value === undefined ? [] : [value];
  });
}

/** Short options of pip that take a value: the rest of their word, or the next word. */
const valued = "cdefirtwbC";

/** The values of the short options `letters` among words: `-r VALUE`, `-rVALUE`, `-qrVALUE`. */
export function shortOptionValues(words: readonly string[], letters: string): string[] {
  return words.flatMap((word, index) => {
    if (!/^-[^-]/.test(word)) return [];
    const at = word.search(new RegExp(`[${valued}]`));
    if (at < 0 || !letters.includes(word[at]!)) return [];
    const value = word.slice(at + 1) || words[index + 1];
    return value === undefined ? [] : [value];
  });
}
