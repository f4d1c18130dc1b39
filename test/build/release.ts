/** A release of this machine's target alone, of the executable that the tests run, in a folder of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "../../build/bundled-packages.ts";
import { writeRelease } from "../../build/release.ts";
import type { Source } from "../../build/source.ts";
import { hostTarget } from "../../build/targets.ts";
import packageJson from "../../package.json" with { type: "json" };
import { executable } from "../laptop.ts";

export const version = packageJson.version;
export const host = hostTarget();
export const metafile = JSON.parse(readFileSync(join(executable, "../metafile.json"), "utf8")) as Metafile;

export const source: Source = {
  version,
  commit: "0123456789abcdef0123456789abcdef01234567",
  time: 1_700_000_000,
  repository: "https://github.com/example-org/vouch",
};

/** Writes the release of the host's executable, or of another file, into the folder and returns its files' names. */
export function releaseHost(folder: string, file: string = executable): Promise<string[]> {
  return writeRelease(folder, source, [{ target: host, executable: file, metafile }]);
}
