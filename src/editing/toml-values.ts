/** The values of TOML documents, which may begin with a byte order mark. */
import { VouchError } from "../base/errors.ts";

/** A TOML text as a table; undefined if it is malformed. */
export function parseToml(text: string): Record<string, unknown> | undefined {
  try {
    return parsed(text);
  } catch {
    return undefined;
  }
}

/** The document's values. Throws `edit_conflict` if it is not valid TOML; `file` is its path for the message. */
export function parseUserToml(text: string, file: string): Record<string, unknown> {
  try {
    return parsed(text);
  } catch (error) {
    throw new VouchError("edit_conflict", `${file} is not valid TOML: ${(error as Error).message}.`, {
      hint: "Correct the file, then run the command again.",
      cause: error,
    });
  }
}

function parsed(text: string): Record<string, unknown> {
  return Bun.TOML.parse(text.replace(/^\ufeff/, "")) as Record<string, unknown>;
}
