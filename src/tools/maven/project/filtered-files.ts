/**
 * The files of a project that its build may filter: the resources plugin replaces expressions in them, of the user's
 * settings too, and what it writes is deployed where the project says.
 * https://maven.apache.org/plugins/maven-resources-plugin/examples/filter.html
 */
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { readRegularFile, whyUnreadable } from "../../../base/system/regular-file.ts";
import { harmfulPart, leadsToSettings } from "./expressions.ts";

/** Limits on folders and files: the project is untrusted. */
const maxEntries = 200_000;
const maxBytes = 1 << 28;

const names = String.raw`((?:settings|session|project|pom|env)\s*\.[^}@\s"'<>]{1,200}|sun\.java\.command|alt(?:Release|Snapshot)?DeploymentRepository)`;
/** Behind the signs that begin an expression by default. */
const usual = new RegExp(`(?:\\$\\{|@)\\s*${names}`, "gi");
/** In files of properties, which put values together: behind the second sign alone. */
const inPieces = new RegExp(`[{@]\\s*${names}`, "gi");
/** Behind any sign, for a build with its own. */
const any = new RegExp(`(?<![\\w.])${names}`, "gi");

export interface Filtering {
  /** Whether a POM that is here says so; else a parent may. */
  isOn: boolean;
  /** The folders of the POMs, and those that they name elsewhere. */
  folders: ReadonlySet<string>;
  /** The files of properties that a POM names for it, as written. */
  filters: ReadonlySet<string>;
  /** Whether the build has signs of its own for expressions. */
  hasDelimiters: boolean;
  /** Whether the build may filter what it has made, too. */
  inTarget: boolean;
}

/** The first file, with what it says as a clause, that would put the user's settings into what is built. */
export function doubtInFiles(filtering: Filtering): { file: string; what: string } | undefined {
  const { isOn, folders, filters, hasDelimiters, inTarget } = filtering;
  const pattern = hasDelimiters ? any : filters.size > 0 ? inPieces : usual;
  const filterNames = [...filters].map(namePattern);
  const seen = new Set<string>();
  // A parent knows no more of this project than where files lie by convention.
  const queue = isOn ? [...folders] : [...folders].map((folder) => join(folder, "src"));
  let left = maxEntries;
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    const real = realPath(folder);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    for (const entry of entriesOf(folder)) {
      const file = join(folder, entry.name);
      if (--left < 0) return { file, what: `comes after ${maxEntries} other files, and Vouch looks at no more` };
      const stat = entry.isSymbolicLink() ? statSync(file, { throwIfNoEntry: false }) : entry;
      if (stat?.isDirectory() === true) {
        const isBuilt = entry.name === "target" && folders.has(folder) && !inTarget;
        if (!isBuilt && !/^(?:\.git|node_modules)$/.test(entry.name)) queue.push(file);
      } else if (stat?.isFile() === true) {
        const what = doubtInFile(
          file,
          pattern,
          filterNames.some((each) => each.test(entry.name)),
        );
        if (what !== undefined) return { file, what };
      }
    }
  }
  return undefined;
}

/** The names of the file that a filter's path may mean: an expression stands for anything. */
function namePattern(path: string): RegExp {
  const parts = basename(path.replaceAll(/\$\{[^}]*\}/g, "\0")).split("\0");
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".*")}$`);
}

function doubtInFile(file: string, pattern: RegExp, isFilter: boolean): string | undefined {
  let text: string;
  try {
    text = readRegularFile(file, maxBytes).toString("latin1");
  } catch (error) {
    // What the user may not read, Maven may not either.
    return (error as NodeJS.ErrnoException).code === undefined ? `cannot be read (${whyUnreadable(error)})` : undefined;
  }
  // In UTF-16 every other byte of these names is none.
  if (text.includes("\0")) text = text.replaceAll("\0", "");
  for (const each of text.includes("\\") ? [text, unescaped(text)] : [text]) {
    for (const [, name] of each.matchAll(pattern)) {
      if (leadsToSettings(name!)) return `may put your settings into what is built by ${name}`;
    }
  }
  const piece = isFilter ? pieceIn(unescaped(text)) : undefined;
  return piece && `may put your settings into what is built by ${piece}`;
}

/** In the values of a file of properties, which a filter puts together: what may become an expression. */
function pieceIn(text: string): string | undefined {
  for (const line of text.split(/[\r\n]+/)) {
    const value = /^\s*(?![#!\s])[^=:\s]+\s*[=:]?\s*(.*)$/.exec(line)?.[1];
    const found = value === undefined ? undefined : harmfulPart(value, { canFollow: true });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As a file of properties is read, whose values a filter takes. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\\\r?\n[ \t]*/g, "")
    .replaceAll(/\\u+([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll("\\", "");
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function realPath(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}
