/**
 * Vouch's own file among Gradle's init scripts, which run before every build of the user. It binds credentials to the
 * endpoints' URLs in whatever project names them, and asks `vouch` for the token at that moment: no file and no
 * environment of a daemon holds one.
 * https://docs.gradle.org/current/userguide/init_scripts.html
 */
import type { Edited } from "../../editing/edited.ts";
import { VouchError } from "../../base/errors.ts";
import body from "./vouch.gradle.txt" with { type: "text" };

const header =
  "// Vouch's own file: vouch setup codeartifact writes it anew, and with --remove it goes. Changes in it are lost.\n";
const entryPattern = /^\/\/ >>> vouch (\S.*)\nvouchEndpoints << '([^'\n]*)'\n\/\/ <<< vouch\n/gm;

/** The file with the endpoint added, or in the place of another one of that id. Throws `edit_conflict`. */
export function setGradleEndpoint(
  text: string | undefined,
  id: string,
  { endpoint, executable, file }: { endpoint: string; executable: string; file: string },
): Edited {
  const entries = entriesOf(text, file).filter(([other]) => other !== id);
  return { text: render([...entries, [id, endpoint]], executable), warnings: [] };
}

/** The file without the endpoint; undefined if no other is in it. Throws `edit_conflict`. */
export function unsetGradleEndpoint(
  text: string,
  id: string,
  { executable, file }: { executable: string; file: string },
): string | undefined {
  const entries = entriesOf(text, file);
  const left = entries.filter(([other]) => other !== id);
  if (left.length === entries.length) return text;
  return left.length === 0 ? undefined : render(left, executable);
}

/** The ids and endpoints in the file. Throws `edit_conflict` for a file that is not Vouch's. */
function entriesOf(text: string | undefined, file: string): (readonly [id: string, endpoint: string])[] {
  if (text === undefined) return [];
  const entries = [...text.matchAll(entryPattern)].map(([, id, endpoint]) => [id!, endpoint!] as const);
  if (text.startsWith(header) && entries.length > 0) return entries;
  throw new VouchError("edit_conflict", `${file} is not what Vouch has written, and stays as it is.`, {
    hint: "Move it away, then run the command again.",
  });
}

function render(entries: readonly (readonly [id: string, endpoint: string])[], executable: string): string {
  const endpoints = entries.map(
    ([id, endpoint]) => `// >>> vouch ${id}\nvouchEndpoints << ${quoted(endpoint)}\n// <<< vouch\n`,
  );
  return `${header}def vouch = ${quoted(executable)}\ndef vouchEndpoints = []\n${endpoints.join("")}${body}`;
}

/** As a string of Groovy in which nothing is expanded. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&").replace(/[\n\r]/g, " ")}'`;
}
