/** The addresses of archives in lock files of yarn, bun and deno, to which they send the token of a registry. */
import { decodedUri } from "../base/net/uri.ts";
import { ancestors } from "../base/process/ancestors.ts";
import { textOf } from "../tools/npm/guard/files.ts";
import { join } from "../tools/npm/guard/paths.ts";
import { withoutEscapes } from "../tools/npm/guard/other-tools.ts";
import { type Mention, urlsIn } from "../tools/python/project/mentions.ts";

/**
 * What the lock files in the current folder and above say. yarn 2 and later send the token of the package's registry to any
 * host (`resolution: "x@npm:1.0.0::__archiveUrl=https%3A%2F%2F…"`): there the variable `what` is used. The others send it to
 * any repository of the registry's host.
 */
export function archivesOf(what: string): Mention[] {
  const mentions: Mention[] = [];
  for (const folder of ancestors(process.cwd())) {
    for (const name of ["yarn.lock", "package.json"]) mentions.push(...ofYarn(join(folder, name), what));
    for (const name of ["yarn.lock", "bun.lock", "deno.lock"]) mentions.push(...ofLock(join(folder, name)));
  }
  return mentions;
}

function ofYarn(place: string, what: string): Mention[] {
  return [...textIn(place).matchAll(/__archiveUrl=([^"'&#\s]*)/g)].map(([, url = ""]): Mention => {
    const mention: Mention = { kind: "secret", place, what };
    const [archive] = urlsIn(decodedUri(url));
    if (archive !== undefined) mention.url = archive;
    return mention;
  });
}

/** One mention for each repository: a lock file has thousands of addresses. */
function ofLock(place: string): Mention[] {
  const urls = new Set(urlsIn(textIn(place)).map(repositoryOf));
  return [...urls].map((url): Mention => ({ kind: "url", place, url }));
}

/** The root of the repository that a plainly written URL lies in; of another one its host alone. */
function repositoryOf(url: string): string {
  if (/%|\/\.|\\/.test(url)) return url;
  return /^[^:]+:\/\/[^/]*\/(?:npm\/(?:d\/[^/]+\/)?[^/]+\/)?/i.exec(url)?.[0] ?? url;
}

function textIn(place: string): string {
  return withoutEscapes(textOf(place, () => {}) ?? "");
}
