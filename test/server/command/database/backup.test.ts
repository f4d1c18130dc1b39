/** What `vouch server backup` says about its copy: of the copy itself, not of the database that goes on changing. */
import { expect, onTestFinished, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolderUntil } from "../../../temp-folder.ts";

const source = (path: string) => JSON.stringify(new URL(`../../../../src/${path}`, import.meta.url).pathname);
const main = new URL("../../../../src/main.ts", import.meta.url).pathname;
const issuer = "https://vouch.example.com";

/** Encrypts the database's keys in the moment after the copy was made. */
const encryptAfterCopy = `
  import { encryptKeys } from ${source("server/signing/encrypt.ts")};
  import { localKek } from ${source("server/signing/local-kek.ts")};
  import { Secret } from ${source("base/secret.ts")};
  import { SqliteStore } from ${source("server/store/sqlite/store.ts")};
  const { backUp } = SqliteStore.prototype;
  SqliteStore.prototype.backUp = async function (path) {
    const rows = await backUp.call(this, path);
    await encryptKeys(this, ${JSON.stringify(issuer)}, { from: undefined, to: await localKek(new Secret(new Uint8Array(32))) });
    return rows;
  };`;

test.each([
  ["people", [], "It holds a signing key in clear text: whoever has it can sign as this server. Keep it encrypted."],
  ["scripts", ["--json"], '"signingKeysInClearText":true'],
])(
  "a copy in clear text is said to be so, whatever becomes of the database meanwhile, to %s",
  async (_who, args, words) => {
    const folder = tempFolderUntil(onTestFinished);
    const preload = join(folder, "preload.ts");
    writeFileSync(preload, encryptAfterCopy);
    const env = {
      PATH: process.env["PATH"],
      HOME: folder,
      NO_COLOR: "1",
      VOUCH_DATABASE: `sqlite:${join(folder, "vouch.db")}`,
    };
    const vouch = async (options: string[], ...command: string[]) => {
      const child = Bun.spawn([process.execPath, ...options, main, "server", ...command], {
        env,
        cwd: folder,
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };
    await vouch([], "init", "--url", issuer);
    expect(await vouch(["--preload", preload], "backup", "copy.db", ...args)).toContain(words);
    expect(await vouch([], "backup", "next.db")).toContain("of no use without the key-encryption key");
  },
);
