/** Edits the list of sources (`:sources:`) in RubyGems' configuration file. No token is written. */
import { type Edit, insertBlocks, splitLines } from "../../editing/block.ts";
import { removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import { type Edited, notEditable, undoCommand } from "../../editing/edited.ts";
import { codeArtifactHost } from "../checks/finding.ts";
import { publicSource, readGemrc, sourcesOf } from "./gemrc.ts";

const key = ":sources";

/**
 * Makes the endpoint the only source or, as `extra`, the last one. `text` is undefined if there is no file; `file` is its
 * path for messages; `formerly` are endpoints that an earlier block of ours may contain. Throws `edit_conflict` if
 * RubyGems cannot read the file, or if it cannot be edited so that only the sources change.
 */
export function setGemSource(
  text: string | undefined,
  id: string,
  { endpoint, extra = false }: { endpoint: string; extra?: boolean },
  file: string,
  formerly: string[] = [],
): Edited {
  const before =
    text === undefined ? undefined : unsetGemSource(text, id, { file, endpoints: [endpoint, ...formerly] });
  const options = readGemrc(before ?? "");
  const known = options && sourcesOf(options);
  const wanted = extra ? [...(known ?? [publicSource]), endpoint] : [endpoint];
  const edit = extra && known !== undefined ? itemAfter(before ?? "", endpoint) : listInPlace(before ?? "", wanted);
  const edited = options && insertBlocks(before, id, [edit], { file, undo: undoCommand(id) });
  const after = edited === undefined ? undefined : readGemrc(edited);
  if (edited === undefined || !Bun.deepEquals(after, { ...options, [key]: wanted })) {
    throw notEditable(file, `Write this into it, in place of its sources:\n${linesOf(wanted).join("\n")}`);
  }
  const secret = known?.some((source) => /:\/\/[^/@]*:[^/@]+@/.test(source) && !codeArtifactHost.test(source));
  const warning = `${file} had a password in its sources. It is still there, in a comment: delete that line, unless you want it back with --remove.`;
  return { text: edited, warnings: secret && !extra ? [warning] : [] };
}

/**
 * Removes the source with that id: lines that name one of the endpoints. `onKept` receives the user's lines in the
 * block. Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetGemSource(
  text: string,
  id: string,
  { file, endpoints, onKept }: { file: string; endpoints: string[]; onKept?: (line: string) => void },
): string | undefined {
  const own = new Set(linesOf([publicSource, ...endpoints]));
  return removeCheckedBlocks(text, id, {
    file,
    isOwn: (line) => own.has(line),
    keyOf,
    onKept,
    // The user's item in our list needs the line above it.
    keep: (line) => line === `${key}:`,
    othersIn: otherOptions,
  });
}

/**
 * Takes the endpoint out of the list in a file whose marks are gone: `gem sources --add` rewrites the file without
 * comments. `replaced` takes the place of a list that is empty then. Undefined if the list does not name it.
 */
export function dropGemSource(text: string, endpoint: string, replaced: string[] = []): string | undefined {
  const options = readGemrc(text);
  const sources = options && sourcesOf(options);
  if (!sources?.includes(endpoint)) return undefined;
  const lines = splitLines(text);
  const { from, to } = placeOf(lines);
  const rest = lines.slice(from, to).filter((line) => itemOf(line) !== endpoint);
  const isEmpty = sources.every((source) => source === endpoint);
  const dropped = lines.toSpliced(from, to - from, ...(isEmpty ? replaced.map((line) => `${line}\n`) : rest)).join("");
  return Bun.deepEquals(otherOptions(dropped), otherOptions(text)) ? dropped : undefined;
}

/** In place of the list that is there, else at the end. */
function listInPlace(text: string, sources: string[]): Edit {
  return { ...placeOf(splitLines(text)), lines: linesOf(sources) };
}

/** Behind the last item of the list that is there. */
function itemAfter(text: string, endpoint: string): Edit {
  const lines = splitLines(text);
  const { to } = placeOf(lines);
  return { from: to, to, lines: [`${/^\s*/.exec(lines[to - 1] ?? "")![0]}- ${endpoint}`] };
}

function linesOf(sources: string[]): string[] {
  return [`${key}:`, ...sources.map((source) => `- ${source}`)];
}

/** The lines of the last `:sources:`, with its items; an empty range at the end if there is none. */
function placeOf(lines: string[]): { from: number; to: number } {
  const from = lines.findLastIndex((line) => keyOf(line) === key);
  if (from < 0) return { from: lines.length, to: lines.length };
  let to = from + 1;
  for (
    let at = to;
    at < lines.length && !/^[^\s#-]|^-\S/.test(lines[at]!) && !/^# (>>>|<<<) vouch/.test(lines[at]!);
    at++
  ) {
    // Comments and empty lines belong to the list only if an item follows.
    if (!/^\s*(#|$)/.test(lines[at]!)) to = at + 1;
  }
  return { from, to };
}

/** The option that a line of the top level sets. */
function keyOf(line: string): string | undefined {
  return /^(:?[\w-]+)\s*:(?=\s|$)/.exec(line)?.[1];
}

function itemOf(line: string): string | undefined {
  return /^\s*-\s+(["']?)(.*?)\1\s*$/.exec(line)?.[2];
}

/** Everything that an edit must leave unchanged; undefined if RubyGems cannot read the text. */
function otherOptions(text: string): Record<string, unknown> | undefined {
  const options = readGemrc(text);
  if (options === undefined) return undefined;
  const { [key]: _sources, ...others } = options;
  return others;
}
