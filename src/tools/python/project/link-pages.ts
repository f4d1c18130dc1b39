/** What a page with links in a project (`--find-links page.html`) says about hosts: pip fetches what it links to. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readRegularFile } from "../../../base/system/regular-file.ts";
import { pathsIn } from "./local-projects.ts";
import { type Mention, urlsIn } from "./mentions.ts";
import { mentionsOfWheels } from "./wheels.ts";

const maxBytes = 4 << 20;

/** Spellings of a link that only an HTML parser recognizes: character references but for the usual ones, another base. */
const disguised = /&(?!(amp|lt|gt|quot|nbsp|copy|#39);)|<base\b/i;

/** The links of the page, from any of the folders; `place` is where it is named. */
export function mentionsOfLinkPage(page: string, from: readonly string[], place: string): Mention[] {
  const paths = from.flatMap((folder) => pathsIn([page]).map((path) => resolve(folder, path)));
  return [...new Set(paths)]
    .filter((path) => existsSync(path))
    .flatMap((path): Mention[] => {
      let text: string;
      try {
        text = new TextDecoder("utf-8", { fatal: true }).decode(readRegularFile(path, maxBytes));
      } catch {
        return [{ kind: "unknown", place, what: "a page with links" }];
      }
      if (disguised.test(text)) return [{ kind: "unknown", place, what: "a page with links" }];
      const urls = urlsIn(text).filter((url) => !/^file:/i.test(url));
      const linked = text.match(/[^"'<>\s=]+\.whl|(?<=")[^"<>]+\.whl|(?<=')[^'<>]+\.whl/gi) ?? [];
      const wheels = mentionsOfWheels(
        linked.filter((link) => !/^https?:/i.test(link)),
        [dirname(path)],
      );
      return wheels.concat(urls.map((url): Mention => ({ kind: "url", place: path, url, isDirect: true })));
    });
}
