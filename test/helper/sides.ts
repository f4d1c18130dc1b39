/**
 * The executable three times, from the sources: with the first stage, entered at the runtime, and with a first stage alone
 * that says what it leaves.
 */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { ignoringItsFolder } from "../../build/compile-options.ts";
import { withFirstStage } from "../../build/first-stage.ts";
import { embedNodeHid } from "../../build/node-hid.ts";
import { hostTarget } from "../../build/targets.ts";

const root = join(import.meta.dir, "../..");

/** The exit code of the first stage alone, where it leaves something to the careful side. */
export const left = 99;

export type Side = "both" | "careful" | "first-stage";

/** What main.ts calls first, so that a runtime that has started ends at once. */
const endingAtOnce: BunPlugin = {
  name: "ending-at-once",
  setup(build) {
    const contents = `export const closeMemory = () => process.exit(${left}), hardenProcess = closeMemory;`;
    build.onLoad({ filter: /\/src\/agent\/process\/hardening\.ts$/ }, () => ({ contents, loader: "ts" }));
  },
};

/** Compiles the three into the folder, each as `SIDE/vouch` with a link beside it for each shim. Needs a C compiler. */
export async function buildSides(folder: string): Promise<void> {
  const executable = async (side: Side, plugins: BunPlugin[], isJoined: boolean) => {
    const outfile = join(folder, side, "vouch");
    mkdirSync(join(folder, side));
    await Bun.build({
      entrypoints: [join(root, "src/main.ts")],
      target: "bun",
      format: "esm",
      splitting: true,
      plugins: [embedNodeHid(hostTarget()), ...plugins],
      compile: {
        outfile,
        ...ignoringItsFolder,
      },
    });
    if (isJoined) writeFileSync(outfile, withFirstStage(readFileSync(outfile), hostTarget().arch));
    chmodSync(outfile, 0o755);
    for (const name of ["keyring", "npm", "npx", "pnpm", "pip", "yarn", "bun", "deno", "other"])
      symlinkSync("vouch", join(folder, side, name));
  };
  await Promise.all([
    executable("both", [], true),
    executable("careful", [], false),
    executable("first-stage", [endingAtOnce], true),
  ]);
}
