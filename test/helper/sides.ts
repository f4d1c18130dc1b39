/** The executable three times, from the sources: as it is, with the careful side alone, and with the quick side alone. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { embedNodeHid } from "../../build/node-hid.ts";
import { hostTarget } from "../../build/targets.ts";

const root = join(import.meta.dir, "../..");

/** The exit code of the quick side alone, where it leaves something to the careful one. */
export const left = 99;

export type Side = "both" | "careful" | "quick";

/** Each side's replaced modules, by the end of their path. */
const replaced: Record<Side, Record<string, string>> = {
  both: {},
  careful: {
    "src/helper/quick/cargo.ts": "export const answerCargo = () => undefined;",
    "src/helper/quick/exec.ts": "export const execCommand = () => undefined;",
    "src/helper/quick/keyring.ts": "export const answerKeyring = () => undefined;",
  },
  // What main.ts calls first once the quick side has returned.
  quick: {
    "src/agent/process/hardening.ts": `export const closeMemory = () => process.exit(${left}), hardenProcess = closeMemory;`,
  },
};

/** Compiles the three into the folder, each as `SIDE/vouch` with a link beside it for each shim. */
export async function buildSides(folder: string): Promise<void> {
  await Promise.all(
    (Object.keys(replaced) as Side[]).map(async (side) => {
      mkdirSync(join(folder, side));
      await Bun.build({
        entrypoints: [join(root, "src/main.ts")],
        target: "bun",
        format: "esm",
        splitting: true,
        plugins: [embedNodeHid(hostTarget()), replaceModules(replaced[side])],
        compile: {
          outfile: join(folder, side, "vouch"),
          autoloadDotenv: false,
          autoloadBunfig: false,
          autoloadTsconfig: false,
          autoloadPackageJson: false,
        },
      });
      for (const name of ["keyring", "npm", "npx", "pnpm", "pip"]) symlinkSync("vouch", join(folder, side, name));
    }),
  );
}

function replaceModules(modules: Record<string, string>): BunPlugin {
  return {
    name: "replace-modules",
    setup(build) {
      for (const [path, contents] of Object.entries(modules)) {
        build.onLoad({ filter: new RegExp(`/${RegExp.escape(path)}$`) }, () => ({ contents, loader: "ts" }));
      }
    },
  };
}
