/**
 * Vouch's own file among Gradle's init scripts, which run before every build of the user. It binds credentials to the
 * endpoints' URLs in whatever project names them, and asks `vouch` for the token at that moment: no file and no
 * environment of a daemon holds one.
 * https://docs.gradle.org/current/userguide/init_scripts.html
 */
import type { Edited } from "../../editing/edited.ts";
import { VouchError } from "../../base/errors.ts";
import { answerLimitMs } from "../../agent/wire/answer-limits.ts";
import { harmfulJavaProperty, harmlessJavaOption } from "../java-options.ts";
import body from "./vouch.gradle.txt" with { type: "text" };

const header =
  "// Vouch's own file: vouch setup codeartifact writes it anew, and with --remove it goes. Changes in it are lost.\n";
const entryPattern = /^\/\/ >>> vouch (\S.*)\n((?:vouchEndpoints << '[^'\n]*'\n)+)\/\/ <<< vouch\n/gm;

/** A block's id, and its lines in Groovy. */
type Entry = readonly [id: string, lines: string];

/** The file with the endpoints of a repository, in the place of those of that id. Throws `edit_conflict`. */
export function setGradleEndpoints(
  text: string | undefined,
  id: string,
  { endpoints, executable, file }: { endpoints: readonly string[]; executable: string; file: string },
): Edited {
  const entries = entriesOf(text, file).filter(([other]) => other !== id);
  const lines = endpoints.map((endpoint) => `vouchEndpoints << ${quoted(endpoint)}\n`).join("");
  return { text: render([...entries, [id, lines]], executable), warnings: [] };
}

/** The file without the repository; undefined if no other is in it. Throws `edit_conflict`. */
export function unsetGradleEndpoints(
  text: string,
  id: string,
  { executable, file }: { executable: string; file: string },
): string | undefined {
  const entries = entriesOf(text, file);
  const left = entries.filter(([other]) => other !== id);
  if (left.length === entries.length) return text;
  return left.length === 0 ? undefined : render(left, executable);
}

/** The blocks in the file. Throws `edit_conflict` for a file that is not Vouch's. */
function entriesOf(text: string | undefined, file: string): Entry[] {
  if (text === undefined) return [];
  const entries = [...text.matchAll(entryPattern)].map(([, id, lines]) => [id!, lines!] as const);
  if (text.startsWith("// Vouch's own file") && entries.length > 0) return entries;
  throw new VouchError("edit_conflict", `${file} is not what Vouch has written, and stays as it is.`, {
    hint: "Move it away, then run the command again.",
  });
}

function render(entries: readonly Entry[], executable: string): string {
  const blocks = entries.map(([id, lines]) => `// >>> vouch ${id}\n${lines}// <<< vouch\n`);
  const patterns =
    `def vouchHarmlessOption = ~${quoted(harmlessJavaOption.source)}\n` +
    `def vouchHarmfulProperty = ~${quoted(`(?i)${harmfulJavaProperty.source}`)}\n`;
  const limits = `[read: ${answerLimitMs.read}L, publish: ${answerLimitMs.publish}L]`;
  return `${header}def vouch = ${quoted(executable)}\ndef vouchLimitMs = ${limits}\ndef vouchEndpoints = []\n${blocks.join("")}${patterns}${body}`;
}

/** As a string of Groovy in which nothing is expanded. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&").replace(/[\n\r]/g, " ")}'`;
}
