/** Documents of a project (untrusted input): JSON, JSON5 or YAML, by the file's name. */
import { parseJson } from "../../../../base/json.ts";

/** The parsed document; the text itself if it is none (yarn.lock is of no such format), so that it is searched as text. */
export function parseDocument(file: string, text: string): unknown {
  if (file.endsWith(".json")) {
    const document = parseJson(text.replace(/^\uFEFF/, ""));
    return document === undefined ? text : document;
  }
  try {
    return file.endsWith(".json5") ? Bun.JSON5.parse(text) : Bun.YAML.parse(text);
  } catch {
    return text;
  }
}
