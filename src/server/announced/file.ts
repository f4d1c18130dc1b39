/** The file of a profile: TOML or JSON, nothing but what is announced. */
import { documentationUrl } from "../../base/words/documentation.ts";
import { basename } from "node:path";
import * as v from "valibot";
import { AnnouncedBody, canonical, problemOf } from "../../announced/body.ts";
import { expectConsistent } from "../../announced/consistent.ts";
import { announcedTools } from "../../announced/tool-names.ts";
import { closest } from "../../base/words/closest.ts";
import { VouchError } from "../../base/errors.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";

const example = `An example: ${documentationUrl("profiles.md")}`;
const maxBytes = 256 * 1024;

/** Reads the file and returns what it announces. Throws `file_error`, `settings_invalid`, `usage`. */
export function readProfileFile(path: string): AnnouncedBody {
  let text: string;
  try {
    text = readRegularFile(path, maxBytes).toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `The profile ${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Name a file of TOML or JSON.",
      cause: error,
    });
  }
  return parseProfile(text, basename(path));
}

/** What the text announces; `name` is the file's, or the profile's. Throws `settings_invalid`, `usage`. */
export function parseProfile(text: string, name: string): AnnouncedBody {
  // No TOML begins so.
  const isJson = /\.json$/i.test(name) || text.trimStart().startsWith("{");
  let value: unknown;
  try {
    value = isJson ? JSON.parse(text) : Bun.TOML.parse(text);
  } catch (error) {
    throw new VouchError("settings_invalid", `${name} is not ${isJson ? "JSON" : "TOML"}.`, {
      hint: example,
      cause: error,
    });
  }
  return checkedProfile(value, name);
}

/** The canonical form of what the profile announces. Throws `settings_invalid`, `usage`. */
export function checkedProfile(value: unknown, name: string): AnnouncedBody {
  const result = v.safeParse(AnnouncedBody, value);
  if (!result.success) {
    throw new VouchError("settings_invalid", `${name} is not valid at ${problemOf(result.issues)}.`, {
      hint: example,
    });
  }
  expectKnownTools(result.output, name);
  expectConsistent(result.output);
  return canonical(result.output);
}

function expectKnownTools({ repositories = [] }: AnnouncedBody, name: string): void {
  const tool = repositories.flatMap(({ tools = [] }) => tools).find((each) => !announcedTools.includes(each));
  if (tool === undefined) return;
  const meant = closest(tool, [...announcedTools]);
  throw new VouchError("settings_invalid", `${name} names the package manager ${tool}, which there is not.`, {
    hint: meant === undefined ? `There are ${announcedTools.join(", ")}.` : `Did you mean ${meant}?`,
  });
}
