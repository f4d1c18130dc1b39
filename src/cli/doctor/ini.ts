/** The lines of an INI file (npmrc, pip.conf) with their places, for pointing at them. Reads; config/ edits. */
import { readSmallFile } from "./files.ts";

export interface IniLine {
  path: string;
  /** "" before the first section. */
  section: string;
  key: string;
  value: string;
  /** Counted from 1. */
  line: number;
}

/** The settings of an INI file in their order; none when there is no file that can be read. */
export function readIni(path: string): IniLine[] {
  return iniLines(readSmallFile(path) ?? "", path);
}

/**
 * The settings of an INI text in their order. Comments start with `#` or `;`; an indented line continues the value
 * before it (pip's configparser), which makes one entry for each.
 */
export function iniLines(text: string, path: string): IniLine[] {
  const lines: IniLine[] = [];
  let section = "";
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
    const header = /^\[([^\]]+)\]$/.exec(trimmed);
    if (header) {
      section = header[1]!.trim();
      continue;
    }
    const last = lines.at(-1);
    const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(trimmed) ?? [];
    if (key !== undefined && value !== undefined) {
      const unquoted = value.replace(/^(["'])(.*)\1$/, "$2");
      lines.push({ path, section, key: key.replace(/^(["'])(.*)\1$/, "$2"), value: unquoted, line: index + 1 });
    } else if (last && /^\s/.test(raw)) {
      lines.push({ ...last, value: trimmed, line: index + 1 });
    }
  }
  return lines;
}
