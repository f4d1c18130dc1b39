import { afterAll, describe, expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { type ArchivedFiles, tarGz, zip } from "../../build/archive.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

const time = 1_700_000_000;
const text = (value: string) => new TextEncoder().encode(value);
const files: ArchivedFiles = {
  "vouch/README.md": { data: text("read me\n") },
  "vouch/vouch": { data: text("#!/bin/sh\n"), executable: true },
  "vouch/man/vouch.1": { data: text(".TH VOUCH 1\n") },
};
const otherOrder = Object.fromEntries(Object.entries(files).toReversed());

/** The SHA-256 of both archives as a process in another time zone makes them. */
function madeIn(timeZone: string): string {
  const script = `
    import { tarGz, zip } from ${JSON.stringify(join(import.meta.dir, "../../build/archive.ts"))};
    const files = { b: { data: new Uint8Array([1]) }, a: { data: new Uint8Array([2]), executable: true } };
    for (const make of [tarGz, zip]) console.log(new Bun.CryptoHasher("sha256").update(make(files, ${time})).digest("hex"));
  `;
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, "-e", script], {
    env: { ...process.env, TZ: timeZone },
  });
  expect(exitCode).toBe(0);
  return stdout.toString();
}

test("the order in which files are given does not change an archive", () => {
  expect(tarGz(otherOrder, time)).toEqual(tarGz(files, time));
  expect(zip(otherOrder, time)).toEqual(zip(files, time));
});

test("the time zone does not change an archive", () => {
  expect(madeIn("Pacific/Auckland")).toBe(madeIn("America/St_Johns"));
});

test("the time given is the only one in an archive", () => {
  expect(tarGz(files, time + 1)).not.toEqual(tarGz(files, time));
  expect([...tarGz(files, time).subarray(4, 8)]).toEqual([0, 0, 0, 0]);
});

const gnuTar = Bun.spawnSync(["tar", "--version"]).stdout.toString().includes("GNU tar");
describe.skipIf(!gnuTar)("GNU tar", () => {
  const archive = join(folder, "archive.tar.gz");
  writeFileSync(archive, tarGz(files, time));
  const run = (...args: string[]) =>
    Bun.spawnSync(["tar", ...args], { env: { ...process.env, TZ: "UTC", LC_ALL: "C" } });

  test("lists every file of our archive as root's, with its mode", () => {
    const { stdout, stderr } = run("--numeric-owner", "-tvzf", archive);
    expect(stderr.toString()).toBe("");
    expect(stdout.toString().replaceAll(/ +/g, " ")).toBe(
      [
        "-rw-r--r-- 0/0 8 2023-11-14 22:13 vouch/README.md",
        "-rw-r--r-- 0/0 12 2023-11-14 22:13 vouch/man/vouch.1",
        "-rwxr-xr-x 0/0 10 2023-11-14 22:13 vouch/vouch",
        "",
      ].join("\n"),
    );
  });

  test("unpacks our archive to the files", () => {
    expect(run("-xzf", archive, "-C", folder).exitCode).toBe(0);
    expect(statSync(join(folder, "vouch/vouch")).mode & 0o777).toBe(0o755);
  });
});

test.each([0, 9728, 10_240])("a tar archive ends with two blocks of zeros (%p bytes before)", (bytes) => {
  const tar = gunzipSync(tarGz({ file: { data: new Uint8Array(bytes - 512 > 0 ? bytes - 512 : 1).fill(7) } }, time));
  expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
});

test("a zip archive unpacks to the files", () => {
  const unpacked = unzipSync(zip(files, time));
  expect(Object.keys(unpacked).sort()).toEqual(Object.keys(files).sort());
  for (const [name, { data }] of Object.entries(files)) expect(Buffer.compare(unpacked[name]!, data)).toBe(0);
});
