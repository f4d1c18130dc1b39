/**
 * Marked blocks: the only way in which Vouch edits user files. A block keeps the user's lines that it replaces as
 * comments, so that the file itself contains everything that an undo needs:
 *
 *     # >>> vouch my-domain/my-repo 123456789012 us-east-1 (undo: vouch setup codeartifact --remove)
 *     #| index-url = https://index.example.com/simple
 *     index-url = https://aws@…/pypi/my-repo/simple/
 *     # <<< vouch
 *
 * `#` starts a comment in TOML, INI, npmrc and shells. A later block that needs a line inside an earlier block
 * replaces that whole block, so blocks can be removed in any order. All bytes outside of blocks are preserved.
 */
import { VouchError } from "../base/errors.ts";

/** Replaces the user's lines from `from` up to, not including, `to` (from 0) with `lines`. */
export interface Edit {
  from: number;
  to: number;
  /** Without line ends. */
  lines: string[];
}

/** State of the file before the first block, stored after a block's end mark. */
type Flag = "this file did not exist" | "no line end before";

interface Block {
  id: string;
  /** The block's marks and Vouch's lines, verbatim with their line ends. */
  start: string;
  own: string[];
  end: string;
  flags: Set<Flag>;
  /** The user's replaced lines, with their line ends. */
  saved: string;
}

type Part = string | Block;

export interface RemovalRules {
  /** The path, for messages. */
  file: string;
  /** Whether Vouch wrote this line between the marks. Any other line is the user's and stays. */
  isOwn: (line: string) => boolean;
  /** Whether one of Vouch's lines stays because the user's lines now depend on it. */
  keep?: (line: string) => boolean;
  /**
   * Returns the key that a line sets, so that a restored line does not duplicate one that the user set in the block.
   */
  keyOf?: (line: string) => string | undefined;
  /** Called with each of the user's lines in the block. */
  onKept?: ((line: string) => void) | undefined;
}

/** The original content that a block has replaced. */
export interface Replaced {
  /** Whether the file existed before. */
  existed: boolean;
  /** The replaced lines, without line ends. */
  lines: string[];
}

const startMark = /^# >>> vouch (\S.*?) \(undo: [^)]*\)\s*$/;
const endMark = /^# <<< vouch((?:; [a-z ]+)*)\s*$/;
const savedPrefix = "#| ";
const byteOrderMark = "\ufeff";

/** Splits a text into lines with their line ends; a byte order mark is not part of a line. */
export function splitLines(text: string): string[] {
  return withoutByteOrderMark(text).match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Whether the text has a block of this id, at the top level or nested in another block. */
export function hasBlock(text: string, id: string, file: string): boolean {
  return parse(withoutByteOrderMark(text), file).some(
    (part) => typeof part !== "string" && (part.id === id || hasBlock(part.saved, id, file)),
  );
}

/**
 * Returns the text with the edits, each as a block. Edits are in ascending order and do not overlap. `text` is
 * undefined if the file does not exist. An edit inside a block of another id replaces that block and repeats its other
 * lines. `undo` is the command shown in the mark. Throws `edit_conflict`.
 */
export function insertBlocks(
  text: string | undefined,
  id: string,
  edits: Edit[],
  { file, undo }: { file: string; undo: string },
): string {
  checkLineEnds(text ?? "", file);
  const lines = splitLines(text ?? "");
  const eol = lines[0]?.endsWith("\r\n") ? "\r\n" : "\n";
  const unterminated = lines.length > 0 && !lines.at(-1)!.endsWith("\n");
  if (unterminated) lines[lines.length - 1] += eol;
  const out: string[] = [];
  let done = 0;
  for (const [index, { from, to, lines: own }] of widen(edits, lines, file).entries()) {
    const flags = new Set<Flag>();
    if (text === undefined && index === 0) flags.add("this file did not exist");
    if (unterminated && to === lines.length) flags.add("no line end before");
    out.push(
      ...lines.slice(done, from),
      render({
        id,
        start: `# >>> vouch ${id} (undo: ${undo})${eol}`,
        own: own.map((line) => line + eol),
        end: `# <<< vouch${eol}`,
        flags,
        saved: lines.slice(from, to).join(""),
      }),
    );
    done = to;
  }
  out.push(...lines.slice(done));
  const edited = out.join("");
  const mark = text?.startsWith(byteOrderMark) ? byteOrderMark : "";
  // Only a block at the end of the file can record a missing final line end; without one, leave it missing.
  return mark + (unterminated && done < lines.length ? edited.slice(0, -eol.length) : edited);
}

/** Returns the lines that are in no block, with their line ends. Throws `edit_conflict`. */
export function linesOutside(text: string, file: string): string[] {
  return parse(withoutByteOrderMark(text), file).flatMap((part) => (typeof part === "string" ? splitLines(part) : []));
}

/** Returns the ids of all blocks, including nested ones. Throws `edit_conflict`. */
export function blockIds(text: string, file: string): string[] {
  return parse(withoutByteOrderMark(text), file).flatMap((part) =>
    typeof part === "string" ? [] : [part.id].concat(blockIds(part.saved, file)),
  );
}

/** Returns the ids of the blocks around those of this id, the outermost first: they may repeat its lines. */
export function blocksAround(text: string, id: string, file: string): string[] {
  return parse(withoutByteOrderMark(text), file).flatMap((part) => {
    if (typeof part === "string" || part.id === id || !hasBlock(part.saved, id, file)) return [];
    return [part.id].concat(blocksAround(part.saved, id, file));
  });
}

/** Returns what the blocks of this id have replaced; undefined without such a block. Throws `edit_conflict`. */
export function replacedBy(text: string, id: string, file: string): Replaced | undefined {
  const blocks = parse(withoutByteOrderMark(text), file).filter((part) => typeof part !== "string");
  const own = blocks.filter((block) => block.id === id);
  if (own.length === 0) return blocks.map(({ saved }) => replacedBy(saved, id, file)).find((found) => found);
  const lines = own.flatMap(({ saved }) =>
    parse(saved, file).flatMap((part) => (typeof part === "string" ? splitLines(part) : part.own)),
  );
  return {
    existed: !own.some(({ flags }) => flags.has("this file did not exist")),
    lines: lines.map((line) => line.replace(/\r?\n$/, "")),
  };
}

/**
 * Removes the blocks of this id and restores what they replaced. Lines that the user wrote or changed in them stay.
 * Returns undefined if Vouch created the file and nothing else is in it. Throws `edit_conflict` for broken marks.
 */
export function removeBlocks(text: string, id: string, rules: RemovalRules): string | undefined {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
  const { left, flags } = take(withoutByteOrderMark(text), id, rules);
  const parts = parse(left, rules.file);
  const last = parts.findLast((part) => part !== "");
  if (flags.has("this file did not exist")) {
    if (last === undefined) return undefined;
    const block = parts.find((part) => typeof part === "object");
    block?.flags.add("this file did not exist");
  }
  if (!flags.has("no line end before") || last === undefined) return mark + renderAll(parts);
  if (typeof last === "string") return mark + left.replace(/\r?\n$/, "");
  last.flags.add("no line end before");
  return mark + renderAll(parts);
}

/** Removes the blocks of the id; also returns the removed flags that another block must take over. */
function take(text: string, id: string, rules: RemovalRules): { left: string; flags: Set<Flag> } {
  const flags = new Set<Flag>();
  const left = parse(text, rules.file).map((part): Part => {
    if (typeof part === "string") {
      if (part !== "") flags.delete("no line end before");
      return part;
    }
    if (part.id !== id) {
      const inner = take(part.saved, id, rules);
      part.saved = inner.left;
      part.flags = part.flags.union(inner.flags);
      return part;
    }
    for (const flag of part.flags) flags.add(flag);
    return withoutOwnLines(part, rules);
  });
  return { left: renderAll(left), flags };
}

/** Returns the remainder of a removed block: its replaced lines, then the user's lines in it below their header. */
function withoutOwnLines({ saved, own }: Block, { isOwn, keep, keyOf, onKept }: RemovalRules): string {
  const users = own.filter((line) => !isOwn(line.trim()));
  if (users.length === 0) return saved + own.filter((line) => keep?.(line.trim())).join("");
  for (const line of users) onKept?.(line.trim());
  const keys = new Set(users.map((line) => keyOf?.(line.trim())).filter((key) => key !== undefined));
  const left = own.filter((line) => users.includes(line) || keep?.(line.trim()) || line.trim().startsWith("["));
  return superseded(saved, keys, keyOf) + left.join("");
}

/** Comments out the lines that set one of the keys, with their continuation lines. */
function superseded(text: string, keys: ReadonlySet<string>, keyOf: RemovalRules["keyOf"]): string {
  let isCommented = false;
  const lines = splitLines(text).map((line) => {
    const key = /^\s/.test(line) && isCommented ? undefined : keyOf?.(line.trim());
    if (key !== undefined || !/^\s/.test(line)) isCommented = key !== undefined && keys.has(key);
    return isCommented ? `# ${line}` : line;
  });
  return lines.join("");
}

function parse(text: string, file: string): Part[] {
  const parts: Part[] = [];
  let plain = "";
  let block: Block | undefined;
  for (const line of splitLines(text)) {
    const start = startMark.exec(line);
    const end = endMark.exec(line);
    if (block === undefined) {
      if (end) throw changedByHand(file, "the mark `# <<< vouch` has no beginning");
      if (!start) {
        plain += line;
        continue;
      }
      parts.push(plain);
      plain = "";
      block = { id: start[1]!, start: line, own: [], end: "", flags: new Set(), saved: "" };
    } else if (start) {
      throw changedByHand(file, `the block of ${block.id} has no end`);
    } else if (end) {
      parts.push({ ...block, end: line, flags: new Set((end[1] ?? "").split("; ").slice(1) as Flag[]) });
      block = undefined;
    } else if (line.startsWith("#|") && block.own.length === 0) {
      block.saved += line.startsWith(savedPrefix) ? line.slice(savedPrefix.length) : line.slice(2);
    } else {
      block.own.push(line);
    }
  }
  if (block) throw changedByHand(file, `the block of ${block.id} has no end`);
  return [...parts, plain];
}

function renderAll(parts: Part[]): string {
  return parts.map((part) => (typeof part === "string" ? part : render(part))).join("");
}

function render({ start, own, end, flags, saved }: Block): string {
  const kept = splitLines(saved).map((line) => savedPrefix + line);
  const eol = /\r?\n$/.exec(end)?.[0] ?? "";
  return [start, ...kept, ...own, `# <<< vouch${[...flags].map((flag) => `; ${flag}`).join("")}${eol}`].join("");
}

/** Widens edits that touch a block of another id to the whole block, repeating the block's other lines. */
function widen(edits: Edit[], lines: string[], file: string): Edit[] {
  let at = 0;
  const blocks = parse(lines.join(""), file).flatMap((part) => {
    const from = at;
    at += splitLines(typeof part === "string" ? part : render(part)).length;
    return typeof part === "string" ? [] : [{ from, to: at, ownFrom: at - 1 - part.own.length }];
  });
  const widened: Edit[] = [];
  for (const edit of edits) {
    const block = blocks.find(({ from, to }) => edit.from < to && edit.to > from);
    if (!block || edit.from <= block.from) {
      widened.push(edit);
      continue;
    }
    const own = lines.slice(block.ownFrom, block.to - 1).map((line) => line.replace(/\r?\n$/, ""));
    const before = widened.at(-1);
    // A second edit in the same block applies to the lines that the first has repeated; both end where the block ends.
    const current = before?.from === block.from ? before.lines : own;
    const fromEnd = block.to - 1 - edit.to;
    const replaced = current.toSpliced(
      current.length - fromEnd - (edit.to - edit.from),
      edit.to - edit.from,
      ...edit.lines,
    );
    if (before?.from === block.from) before.lines = replaced;
    else widened.push({ from: block.from, to: block.to, lines: replaced });
  }
  return widened;
}

function checkLineEnds(text: string, file: string): void {
  if (!/\r(?!\n)/.test(text)) return;
  throw new VouchError("edit_conflict", `${file} has a carriage return that is not part of a line end.`, {
    hint: "Save the file with the line ends of Unix or Windows, then run the command again.",
  });
}

function changedByHand(file: string, what: string): VouchError {
  return new VouchError("edit_conflict", `${file} was changed by hand: ${what}.`, {
    hint: "Open the file, and repair or delete the lines from `# >>> vouch` to `# <<< vouch`; then run the command again.",
  });
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}
