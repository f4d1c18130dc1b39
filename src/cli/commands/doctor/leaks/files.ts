/** Searches files for tokens. Nothing of them is trusted: pipes, devices, loops of links and huge files are passed over. */
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { readRegularFile, whyUnreadable } from "../../../../base/system/regular-file.ts";
import type { Leak, Searched } from "./leak.ts";
import type { FilePlace, FolderPlace, Places } from "./places.ts";
import { candidatesIn, tokensIn } from "./token-form.ts";

/** Limits on one file, on one file of a folder that is searched whole, and on each such folder. */
const maxFileBytes = { settings: 16 << 20, history: 64 << 20, log: 64 << 20 };
const maxCachedBytes = 4 << 20;
/** In larger files only what has the form of a token is looked for. */
const maxWordsBytes = 1 << 20;
const maxFolderFiles = 20_000;

/** Where a token begins, if one is in the file: the bytes that every match has. */
const beginnings = ["eyJ", "ZXlK", "YXdzOmV5"].map((text) => Buffer.from(text));

/** The leaks in the places, each file once, and what was looked at. */
export function searchFiles(places: Places, searched: Searched): Leak[] {
  const seen = new Set<string>();
  const leaks: Leak[] = [];
  const look = (place: FilePlace, maxBytes: number): void => {
    const real = realPath(place.path);
    if (real === undefined || seen.has(real)) return;
    seen.add(real);
    leaks.push(...leaksIn(place, maxBytes, searched));
  };
  for (const place of places.files) look(place, maxFileBytes[place.kind]);
  for (const folder of places.folders) {
    let left = maxFolderFiles;
    for (const path of filesBelow(folder.path, folder.depth)) {
      if (left-- === 0) {
        searched.skipped.push({ what: folder.path, why: `only its first ${maxFolderFiles} files were searched` });
        break;
      }
      look({ path, kind: folder.kind }, maxCachedBytes);
    }
  }
  return leaks;
}

/** Whether the text is of a program and not of lines. */
function isBinary(text: string): boolean {
  return text.includes("\0");
}

function leaksIn({ path, kind }: FilePlace, maxBytes: number, searched: Searched): Leak[] {
  try {
    const status = statSync(path);
    // A folder is in no list; neither is a pipe or a device an error.
    if (!status.isFile()) return [];
    const bytes = readRegularFile(path, maxBytes);
    searched.files += 1;
    const mayHaveToken = beginnings.some((beginning) => bytes.includes(beginning));
    const wantsWords = kind !== "log" && bytes.length <= maxWordsBytes;
    if (!mayHaveToken && !wantsWords) return [];
    const text = bytes.toString("latin1");
    const changed = Math.max(status.mtimeMs, status.ctimeMs) / 1000;
    const hasLines = !isBinary(text);
    return (wantsWords ? candidatesIn(text) : tokensIn(text)).map(({ line, token, hasForm }): Leak => ({
      place: "file",
      path,
      kind,
      line: hasLines ? line : undefined,
      changed,
      token,
      hasForm,
    }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      searched.skipped.push({ what: path, why: whyUnreadable(error) });
    return [];
  }
}

/** Regular files, without following links, so that no loop is entered. */
function* filesBelow(folder: string, depth: FolderPlace["depth"]): Generator<string> {
  for (const entry of entriesIn(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && depth > 1) yield* filesBelow(path, depth - 1);
  }
}

function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** The path without links; undefined for what is not there and for a loop. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
