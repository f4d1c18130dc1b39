/** The JSON files that Vouch itself writes beside its settings. */
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { readIfPresent, whyUnreadable } from "../base/system/regular-file.ts";

const maxBytes = 64 << 20;

/**
 * The file's content by the schema; undefined if there is no file. `hint` says what deleting the file costs. Throws
 * `file_error` and `settings_invalid`.
 */
export function loadOwnFile<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
  hint: string,
): v.InferOutput<Schema> | undefined {
  let text: string | undefined;
  try {
    text = readIfPresent(path, maxBytes)?.toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `${path} cannot be read: ${whyUnreadable(error)}.`, { cause: error });
  }
  if (text === undefined) return undefined;
  const result = v.safeParse(schema, parseJson(text));
  if (result.success) return result.output;
  throw new VouchError("settings_invalid", `${path} is not what Vouch has written.`, { hint });
}
