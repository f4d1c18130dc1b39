/** A release of this machine's target alone, of the executable that the tests run, in a folder of its own. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Metafile } from "../../build/bundled-packages.ts";
import { writeRelease } from "../../build/release.ts";
import type { Source } from "../../build/source.ts";
import { hostTarget } from "../../build/targets.ts";
import packageJson from "../../package.json" with { type: "json" };
import { executable } from "../laptop.ts";
import type { Route } from "../sandbox/front.ts";

export const version = packageJson.version;
export const host = hostTarget();
export const metafile = JSON.parse(readFileSync(join(executable, "../metafile.json"), "utf8")) as Metafile;

export const source: Source = {
  version,
  commit: "0123456789abcdef0123456789abcdef01234567",
  time: 1_700_000_000,
  repository: "https://github.com/example-org/vouch",
};

/** GitHub's addresses of releases: the latest in one folder, and those of a version in another, which may be the same. */
export function releaseRoute(latest: string, versions = latest): Route {
  return {
    hosts: ["github.com"],
    handle: ({ url }) => {
      const [, from = "", name = "none"] =
        /^\/example-org\/vouch\/releases\/(latest\/download|download\/v[\d.]+)\/([^/]+)$/.exec(new URL(url).pathname) ??
        [];
      const path = join(from.startsWith("latest") ? latest : versions, basename(name));
      return existsSync(path) ? new Response(Bun.file(path)) : new Response("Not Found", { status: 404 });
    },
  };
}

/** Writes the release of the host's executable, or of another file, into the folder and returns its files' names. */
export function releaseHost(folder: string, file: string = executable): Promise<string[]> {
  return writeRelease(folder, source, [{ target: host, executable: file, metafile }]);
}
