/**
 * Puts all that the entry point imports statically into the executable's first chunk, as a copy of its own. What two
 * sides share would else stand in further chunks, and each that is loaded costs a helper a fiftieth of its time.
 */
import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";

/** The bundler tells modules apart by their path, so the path of a copy ends otherwise. */
const suffix = "?first";

/** `entry` is the path of the entry point. */
export function firstChunk(entry: string): BunPlugin {
  return {
    name: "first-chunk",
    setup(build) {
      build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ importer, path, kind }) => {
        const isCopy = importer.endsWith(suffix);
        if (!isCopy && importer !== entry) return undefined;
        return { path: join(dirname(importer), path) + (kind === "import-statement" ? suffix : "") };
      });
      build.onLoad({ filter: /\?first$/ }, async ({ path }) => ({
        contents: await Bun.file(path.slice(0, -suffix.length)).text(),
        loader: "ts",
      }));
    },
  };
}
