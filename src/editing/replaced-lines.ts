/**
 * Backup of the user's lines that blocks have replaced: `npm config set` and `pip config set` rewrite a file without
 * comments, and so drop the lines that a block keeps as comments. Lines that may contain a secret are not copied.
 */
import { unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { writeFileAtomic } from "../base/system/atomic-write.ts";
import { loadOwnFile } from "../settings/own-file.ts";
import { settingsPath } from "../settings/settings.ts";

const RecordSchema = v.strictObject({
  /** The file; `id` is the block in it. */
  path: v.string(),
  id: v.string(),
  /** Whether the file existed before. */
  existed: v.boolean(),
  lines: v.array(v.string()),
  /** Number of lines that were not copied. */
  withheld: v.number(),
});

export type ReplacedLines = v.InferOutput<typeof RecordSchema>;

const FileSchema = v.strictObject({ version: v.literal(1), blocks: v.array(RecordSchema) });

/** The path of the records, beside the settings. */
export function replacedLinesPath(env: Environment = process.env): string {
  return join(dirname(settingsPath(env)), "replaced-lines.json");
}

/** Loads the records; none if the file does not exist. Throws `file_error` and `settings_invalid`. */
export function loadReplacedLines(path: string): ReplacedLines[] {
  const hint = "Delete the file: it holds copies of lines that Vouch's blocks keep as comments.";
  return loadOwnFile(path, FileSchema, hint)?.blocks ?? [];
}

/** Writes the records atomically, mode 0600, or deletes the file if there are none. Throws `file_error`. */
export function saveReplacedLines(blocks: ReplacedLines[], path: string): void {
  if (blocks.length > 0) {
    writeFileAtomic(path, `${JSON.stringify({ version: 1, blocks }, null, 2)}\n`, { mode: 0o600 });
    return;
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new VouchError("file_error", `${path} cannot be deleted.`, { cause: error });
  }
}

/**
 * Whether a line cannot contain a secret: empty, a header, or a key with a word or a URL. The URL has no user other
 * than `aws`, no query, and no path segment that looks random.
 */
export function isPublicLine(line: string): boolean {
  const text = line.trim();
  if (text === "" || /^\[[\w.-]+\]$/.test(text)) return true;
  const [, key, value] = /^([^=:\s]+(?::registry)?)\s*[=:]\s*(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined || /token|auth|passw|secret|key(?!ring)/i.test(key)) return false;
  if (/^[a-z-]{1,20}$/i.test(value)) return true;
  const url = URL.parse(value.replace(/^"(.*)"$/, "$1").replace(/^sparse\+/, ""));
  if (!url || !/^https?:$/.test(url.protocol) || url.password !== "" || url.search !== "" || url.hash !== "")
    return false;
  if (url.username !== "" && url.username !== "aws") return false;
  return url.pathname.split("/").every((segment) => !/^(?=.*[0-9])(?=.*[a-z])[\w%~-]{16,}$/i.test(segment));
}
