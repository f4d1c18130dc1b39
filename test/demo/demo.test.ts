/** `npm run demo` from its beginning to its end, and the shell that it opens on request. */
import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesContaining } from "../binary/disk.ts";
import { person } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

test("the demo ends well, lets one log in by hand, and no token stands in what it leaves behind", async () => {
  const demo = [process.execPath, join(import.meta.dir, "main.ts"), "--keep", folder, "--shell"];
  const env = { ...process.env, SHELL: "/bin/sh" };
  const { exitCode, screen } = await runInTerminal(demo, { env, timeoutMs: 280_000 }, async ({ see, type }) => {
    await see("ends the demo");
    type("vouch login\r");
    await see("PIN of your security key");
    type(`${person.pin}\r`);
    await see("Logged in");
    type(`vouch status --json >by-hand.json; vouch server invite ${person.email} >invite; exit 1\r`);
  });
  expect(`${exitCode}${exitCode === 0 ? "" : screen}`).toBe("0");
  // The bad package's script says what it got; then the developer's own publish, after a touch.
  expect(screen).toMatch(
    /turns bad[^]*npm publish \.+ vouch: Publishing to my-domain\/my-repo needs a touch[^]*Allowed until[^]*In the evening/,
  );
  expect(screen).not.toMatch(/\.\. [1-9]\d* tokens/);
  expect(readFileSync(join(folder, "home/by-hand.json"), "utf8")).toContain(person.email);
  expect(readFileSync(join(folder, "home/invite"), "utf8")).not.toBe("");
  expect(filesContaining(folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\./)).toEqual(
    [],
  );
});
