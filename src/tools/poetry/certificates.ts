/**
 * What a project's `poetry.toml` says about certificates. poetry takes those of the repository whose URL is nearest, under
 * whichever name, also where the token is another's.
 */
import { join } from "node:path";
import { ancestors } from "../../base/process/ancestors.ts";
import { tableOf } from "../../base/json.ts";
import { type Mention, urlsIn } from "../python/project/mentions.ts";
import { tomlOf } from "../python/project/toml-files.ts";

/**
 * The URLs of repositories whose certificates the project has not checked, or checked by an authority of its own: those
 * that the name has in the project's files or in `own`, the user's configuration.
 */
export function mentionsOfCertificates(folder: string, own: Record<string, unknown>): Mention[] {
  return ancestors(folder).flatMap((at) => {
    const path = join(at, "poetry.toml");
    const local = tableOf(tomlOf(path));
    const poetry = tableOf(tableOf(tableOf(tomlOf(join(at, "pyproject.toml")))["tool"])["poetry"]);
    const sources = Array.isArray(poetry["source"]) ? poetry["source"].map(tableOf) : [];
    const named = [local, own].flatMap((each) => Object.entries(tableOf(each["repositories"])));
    const repositories: [unknown, unknown][] = [
      ...named.map(([name, each]): [string, unknown] => [name, tableOf(each)["url"]]),
      ...sources.map((source): [unknown, unknown] => [source["name"], source["url"]]),
    ];
    return Object.entries(tableOf(local["certificates"])).flatMap(([name, certificate]): Mention[] => {
      const { cert = true } = tableOf(certificate);
      if (cert === true) return [];
      const urls = repositories.flatMap(([each, url]) =>
        isSame(each, name) && typeof url === "string" ? urlsIn(url) : [],
      );
      const place = `${path}, certificates.${name}.cert,`;
      return urls.map((url) => ({ kind: "unverified", place, url: url.replace(/^http:/i, "https:") }));
    });
  });
}

function isSame(name: unknown, other: string): boolean {
  return typeof name === "string" && name.toLowerCase() === other.toLowerCase();
}
