import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../../src/config/atomic-write.ts";
import { rejection } from "../rejection.ts";
import { requires } from "../requires.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vouch-write-"));
});
afterEach(() => {
  // Only root removes what stands in a folder that may not be written.
  if (existsSync(join(folder, "sub"))) chmodSync(join(folder, "sub"), 0o755);
  rmSync(folder, { recursive: true });
});

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test("a new file has mode 0600 and its new folders 0700, also without a umask", () => {
  const path = join(folder, "a/b/config.toml");
  const old = process.umask(0);
  try {
    writeFileAtomic(path, "ünï = 1\n");
  } finally {
    process.umask(old);
  }
  expect(readFileSync(path, "utf8")).toBe("ünï = 1\n");
  expect(modeOf(path)).toBe(0o600);
  writeFileAtomic(join(folder, "c/d"), "", { mode: 0o644 });
  expect([modeOf(join(folder, "c")), modeOf(join(folder, "c/d"))]).toEqual([0o700, 0o644]);
});

test("the mode of a file that exists is kept", () => {
  const path = join(folder, "file");
  writeFileSync(path, "old");
  chmodSync(path, 0o640);
  writeFileAtomic(path, "new", { mode: 0o600 });
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(modeOf(path)).toBe(0o640);
});

test("a link stays, and the file at the end of the chain is written", () => {
  mkdirSync(join(folder, "dotfiles"));
  writeFileSync(join(folder, "dotfiles/npmrc"), "old");
  symlinkSync("dotfiles/npmrc", join(folder, "second"));
  symlinkSync(join(folder, "second"), join(folder, ".npmrc"));
  writeFileAtomic(join(folder, ".npmrc"), "new");
  expect(readFileSync(join(folder, "dotfiles/npmrc"), "utf8")).toBe("new");
  expect(readlinkSync(join(folder, "second"))).toBe("dotfiles/npmrc");
  expect(lstatSync(join(folder, ".npmrc")).isSymbolicLink()).toBe(true);
  expect(readdirSync(join(folder, "dotfiles"))).toEqual(["npmrc"]);
});

test("the file that a dangling link names is made", () => {
  symlinkSync("not-yet/npmrc", join(folder, ".npmrc"));
  writeFileAtomic(join(folder, ".npmrc"), "new");
  expect(readFileSync(join(folder, "not-yet/npmrc"), "utf8")).toBe("new");
});

test("links in a circle, and what is no file, are errors", async () => {
  symlinkSync("b", join(folder, "a"));
  symlinkSync("a", join(folder, "b"));
  mkdirSync(join(folder, "folder"));
  writeFileSync(join(folder, "file"), "old");
  for (const path of ["a", "folder", "file/below"]) {
    const error = await rejection(Promise.try(() => writeFileAtomic(join(folder, path), "new")));
    expect(error).toMatchObject({ code: "file_error" });
    expect(error.message).toContain(path);
  }
  expect(readdirSync(folder).toSorted()).toEqual(["a", "b", "file", "folder"]);
});

/** Runs the write in a process of its own, below a shell command that makes the surroundings; "$@" is the write. */
async function writeUnder(shell: string, path: string, text: string): Promise<string> {
  const program = `
    const { writeFileAtomic } = await import(${JSON.stringify(join(import.meta.dir, "../../src/config/atomic-write.ts"))});
    try { writeFileAtomic(process.argv[1], process.argv[2]); console.log("written"); }
    catch (error) { console.log(error.code + ": " + error.message); }`;
  const child = Bun.spawn(["sh", "-c", shell, "sh", process.execPath, "-e", program, "--", path, text], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return child.stdout.text();
}

describe("when the write fails, the old file is whole and no other file is left", () => {
  test("the disk is full", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "old");
    // RLIMIT_FSIZE fails in the middle of the write, as a full disk does; the tmpfs below is one.
    expect(await writeUnder(`trap '' XFSZ; ulimit -f 1; exec "$@"`, path, "x".repeat(100_000))).toStartWith(
      "file_error",
    );
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test.skipIf(!requires("setpriv"))("the folder may not be written", async () => {
    const path = join(folder, "sub/file");
    mkdirSync(join(folder, "sub"));
    writeFileSync(path, "old");
    chmodSync(join(folder, "sub"), 0o555);
    const said = await writeUnder(boundByModes, path, "new");
    expect(said).toContain("you may not write there");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(join(folder, "sub"))).toEqual(["file"]);
  });

  test.skipIf(!requires("setpriv"))("the file is read-only", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "old", { mode: 0o444 });
    const said = await writeUnder(boundByModes, path, "new");
    expect(said).toContain("you may not write there");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test.skipIf(!requires("unshare", "mount") || !mayMount())("a full file system, and a read-only one", async () => {
    const path = join(folder, "mount/file");
    mkdirSync(join(folder, "mount"));
    const full = `mount -t tmpfs -o size=8k none ${folder}/mount; echo old > ${path}; "$@"; cat ${path}; ls -A ${folder}/mount`;
    expect(await writeUnder(unshared(full), path, "x".repeat(50_000))).toBe(
      `file_error: ${path} cannot be written: the disk is full. It is as it was.\nold\nfile\n`,
    );
    const readOnly = `mount -t tmpfs none ${folder}/mount; echo old > ${path}; mount -o remount,ro ${folder}/mount; "$@"; cat ${path}`;
    expect(await writeUnder(unshared(readOnly), path, "new")).toBe(
      `file_error: ${path} cannot be written: its file system is read-only. It is as it was.\nold\n`,
    );
  });
});

/** Modes bind root only without these capabilities. */
const boundByModes =
  process.geteuid?.() === 0
    ? `exec setpriv --inh-caps=-all --bounding-set=-dac_override,-dac_read_search "$@"`
    : `exec "$@"`;

function unshared(shell: string): string {
  return `exec unshare --mount sh -c '${shell}' sh "$@"`;
}

function mayMount(): boolean {
  return Bun.spawnSync(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).success;
}

test("readers see the old text or the new one, never a part", async () => {
  const path = join(folder, "file");
  const texts = ["a".repeat(20_000), "b".repeat(30_000)];
  writeFileAtomic(path, texts[0]!);
  const reader = Bun.spawn(
    [
      process.execPath,
      "-e",
      `const fs = require("node:fs"); const seen = new Set();
       process.stdout.write("ready\\n");
       while (!fs.existsSync(process.argv[1] + ".end")) { const t = fs.readFileSync(process.argv[1], "utf8"); seen.add(t.length + t[0] + t.at(-1)); }
       console.log([...seen].sort().join());`,
      path,
    ],
    { stdout: "pipe" },
  );
  const output = reader.stdout.getReader();
  await output.read();
  for (let index = 0; index < 60; index++) writeFileAtomic(path, texts[index % 2]!);
  writeFileSync(`${path}.end`, "");
  const seen = new TextDecoder()
    .decode((await output.read()).value)
    .trim()
    .split(",");
  expect(seen.filter((each) => each !== "20000aa" && each !== "30000bb")).toEqual([]);
});
