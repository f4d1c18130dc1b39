/** Reads package managers' files for the doctor: small regular files only, because the folder is untrusted. */
import { readRegularFile } from "../../base/system/regular-file.ts";
import { type IniFile, readIni } from "../../editing/configparser.ts";
import { parseToml } from "../../editing/toml-values.ts";

const maxBytes = 1 << 20;

/** A setting, and its position in a file. */
export interface Setting {
  key: string;
  value: string;
  path: string;
  /** Counted from 1. */
  line: number;
}

/** The text of a regular file of at most 1 MiB; undefined if there is none, or if it cannot be read. */
export function readSmallFile(path: string): string | undefined {
  try {
    return readRegularFile(path, maxBytes).toString("utf8");
  } catch {
    return undefined;
  }
}

/** A file in Python's configparser format; undefined if it is missing or malformed. */
export function readIniFile(path: string): IniFile | undefined {
  const text = readSmallFile(path);
  try {
    return text === undefined ? undefined : readIni(text.split("\n"));
  } catch {
    return undefined;
  }
}

/** A TOML file as a table; undefined if it is missing or malformed. */
export function readTomlFile(path: string): Record<string, unknown> | undefined {
  const text = readSmallFile(path);
  return text === undefined ? undefined : parseToml(text);
}
