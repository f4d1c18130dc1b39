/** What the wheels that a project brings along say about hosts. */
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { namesIn } from "../../../base/system/folder-names.ts";
import { whyUnreadable } from "../../../base/system/regular-file.ts";
import { pathsIn } from "./local-projects.ts";
import { type Mention, urlsIn } from "./mentions.ts";
import { metadataOf } from "./wheel-metadata.ts";

/** Maximum number of wheels in one folder. */
const maxWheels = 500;

/** The URLs in the metadata of the wheels that the words name as paths or `file:` URLs, from any of the folders. */
export function mentionsOfWheels(words: readonly string[], from: readonly string[]): Mention[] {
  const paths = pathsIn(words.filter((word) => /\.whl/i.test(word))).filter((path) => /\.whl$/i.test(path));
  const files = from.flatMap((folder) => paths.map((path) => resolve(folder, path)));
  return [...new Set(files)].filter(isFile).flatMap(mentionsOfWheel);
}

/** The same for all wheels in folders of links (`--find-links`). */
export function mentionsOfLinkFolders(words: readonly string[], from: readonly string[]): Mention[] {
  const folders = new Set(from.flatMap((folder) => pathsIn(words).map((path) => resolve(folder, path))));
  return [...folders].flatMap((folder): Mention[] => {
    const wheels = namesIn(folder).filter((name) => /\.whl$/i.test(name));
    if (wheels.length > maxWheels) return [{ kind: "unknown", place: folder, what: "too many wheels" }];
    return wheels
      .map((name) => join(folder, name))
      .filter(isFile)
      .flatMap(mentionsOfWheel);
  });
}

/** As direct ones: the tools fetch what a wheel requires by a URL. */
function mentionsOfWheel(path: string): Mention[] {
  let text: string;
  try {
    text = metadataOf(path);
  } catch (error) {
    return [{ kind: "unknown", place: path, what: whyUnreadable(error) }];
  }
  const lines = text.split(/\r\n|\r|\n/);
  const hasFile = lines.some((line) => /^Requires-Dist:.*@\s*file:/i.test(line));
  const others: Mention[] = hasFile ? [{ kind: "unknown", place: path, what: "it requires a file" }] : [];
  const urls = lines.flatMap(urlsIn).filter((url) => !/^file:/i.test(url));
  return [...others, ...urls.map((url): Mention => ({ kind: "url", place: path, url, isDirect: true }))];
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
