/** Edits files on request: shows every line first, asks, and writes atomically what was shown and nothing else. */
import { readRegularFile } from "../../../../base/system/regular-file.ts";
import { writeFileAtomic } from "../../../../base/system/atomic-write.ts";
import { VouchError } from "../../../../base/errors.ts";
import { confirm } from "../../../terminal/prompt.ts";
import { bold, green, print, red, success, warn } from "../../../terminal/terminal.ts";
import { type LineEdit, withEdits } from "./line-edits.ts";
import type { FilePlace } from "./places.ts";

const maxBytes = 64 << 20;
/** Longer lines are shown in part. */
const maxShown = 240;

/** An edit of a file: which lines, by its text (a character for each byte). */
export interface FileEdit {
  place: FilePlace;
  editsOf: (text: string) => LineEdit[];
  /** What is asked, of a file and of one line of a history. */
  question: (count: number) => string;
}

/**
 * Shows and asks, one file after the other; a history line by line. Returns the edited lines by path. A file that cannot
 * be written, or that changes meanwhile, is left alone with a warning. Throws `usage` without a terminal, `cancelled`.
 */
export async function editFiles(edits: readonly FileEdit[]): Promise<Map<string, number[]>> {
  const done = new Map<string, number[]>();
  for (const { place, editsOf, question } of edits) {
    try {
      const before = read(place.path);
      const wanted = await askFor(place, editsOf(before), question);
      if (wanted.length === 0) continue;
      write(place.path, before, withEdits(before, wanted));
      done.set(
        place.path,
        wanted.map(({ line }) => line),
      );
      success(`${place.path}: ${wanted.length === 1 ? "one line" : `${wanted.length} lines`} changed`);
    } catch (error) {
      const failure = VouchError.from(error);
      if (failure.code !== "file_error") throw error;
      warn(`${failure.message} ${failure.hint ?? ""}`);
    }
  }
  return done;
}

async function askFor(
  { path, kind }: FilePlace,
  edits: LineEdit[],
  question: FileEdit["question"],
): Promise<LineEdit[]> {
  const parts = kind === "history" ? edits.map((edit) => [edit]) : edits.length > 0 ? [edits] : [];
  const wanted: LineEdit[] = [];
  for (const part of parts) {
    for (const edit of part) show(path, edit);
    if (await confirm(question(part.length), false)) wanted.push(...part);
  }
  return wanted;
}

function show(path: string, { line, shown, after }: LineEdit): void {
  print(bold(`${path}:${line}`));
  print(`  ${red("-")} ${inWords(shown)}`);
  print(`  ${green("+")} ${inWords(after)}`);
}

function inWords(line: string): string {
  const text = Buffer.from(line, "latin1").toString("utf8").trim();
  return text.length > maxShown ? `${text.slice(0, maxShown)} (and ${text.length - maxShown} characters more)` : text;
}

function write(path: string, before: string, after: string): void {
  if (read(path) !== before) {
    throw new VouchError("file_error", `${path} has changed meanwhile. It is as it is.`, {
      hint: "Run the command again.",
    });
  }
  writeFileAtomic(path, Buffer.from(after, "latin1"));
}

function read(path: string): string {
  try {
    return readRegularFile(path, maxBytes).toString("latin1");
  } catch (error) {
    throw new VouchError("file_error", `${path} cannot be read.`, { cause: error });
  }
}
