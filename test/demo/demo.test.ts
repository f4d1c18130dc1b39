/** `npm run demo` from its beginning to its end. */
import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { filesContaining } from "../binary/disk.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

test("the demo ends well, and no token stands in what it leaves behind", () => {
  const demo = Bun.spawnSync([process.execPath, join(import.meta.dir, "main.ts"), "--keep", folder], {
    stdin: "ignore",
    timeout: 280_000,
  });
  expect(`${demo.exitCode}${demo.exitCode === 0 ? "" : demo.stdout.toString() + demo.stderr.toString()}`).toBe("0");
  expect(readdirSync(folder)).not.toBeEmpty();
  expect(filesContaining(folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\./)).toEqual(
    [],
  );
}, 300_000);
