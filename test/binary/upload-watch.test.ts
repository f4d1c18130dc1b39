/** What looks into pipes while a package manager uploads waits for none. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { requires } from "../requires.ts";
import { tempFolder } from "../temp-folder.ts";

const program = join(import.meta.dir, "programs/pipe-text.ts");

test.skipIf(process.platform !== "linux" || !requires("mkfifo")).each([[""], ["vouch-sandbox-token"]])(
  "a pipe with %j in it is looked at without a wait",
  (text) => {
    using folder = tempFolder();
    const pipe = join(folder.path, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    const { stdout } = Bun.spawnSync([process.execPath, program, pipe, text], { timeout: 60_000 });
    expect(stdout.toString()).toBe(JSON.stringify(text));
  },
  120_000,
);
