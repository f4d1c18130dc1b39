import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import {
  existsSync,
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../../src/base/system/atomic-write.ts";
import { applyFileChange } from "../../../src/editing/user-file.ts";
import { until } from "../../agent/harness.ts";
import { rejection } from "../../rejection.ts";
import { requires } from "../../requires.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

let folder: string;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished);
});
afterEach(() => {
  // Only root removes what stands in a folder that may not be written.
  if (existsSync(join(folder, "sub"))) chmodSync(join(folder, "sub"), 0o755);
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

test("the file that a dangling link names is created", () => {
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
    const { writeFileAtomic } = await import(${JSON.stringify(join(import.meta.dir, "../../../src/base/system/atomic-write.ts"))});
    try { writeFileAtomic(process.argv[1], process.argv[2]); console.log("written"); }
    catch (error) { console.log(error.code + ": " + error.message); }`;
  const child = Bun.spawn(["sh", "-c", shell, "sh", process.execPath, "-e", program, "--", path, text], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return child.stdout.text();
}

describe("when a write fails, the old file stays whole and no other file is left", () => {
  test("where the disk is full", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "old");
    // RLIMIT_FSIZE fails in the middle of the write, as a full disk does; the tmpfs below is one.
    expect(await writeUnder(`trap '' XFSZ; ulimit -f 1; exec "$@"`, path, "x".repeat(100_000))).toStartWith(
      "file_error",
    );
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test.skipIf(!requires("setpriv"))("where the folder may not be written", async () => {
    const path = join(folder, "sub/file");
    mkdirSync(join(folder, "sub"));
    writeFileSync(path, "old");
    chmodSync(join(folder, "sub"), 0o555);
    const said = await writeUnder(boundByModes, path, "new");
    expect(said).toContain("you may not write there");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(join(folder, "sub"))).toEqual(["file"]);
  });

  test.skipIf(!requires("setpriv"))("where the file is read-only", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "old", { mode: 0o444 });
    const said = await writeUnder(boundByModes, path, "new");
    expect(said).toContain("you may not write there");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test.skipIf(!requires("unshare", "mount") || !mayMount())("where the file system is full or read-only", async () => {
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

describe("the temporary file that a killed process has left behind", () => {
  const source = JSON.stringify(join(import.meta.dir, "../../../src/base/system/atomic-write.ts"));
  const temporary = () => readdirSync(folder).filter((name) => name.endsWith(".tmp"));

  /** Kills a process (SIGKILL) in the middle of its write of the file. */
  async function killInWrite(path: string): Promise<void> {
    const write = `while (true) writeFileAtomic(${JSON.stringify(path)}, "x".repeat(64 << 20))`;
    const program = `const { writeFileAtomic } = await import(${source}); ${write}`;
    // The signal can come between two writes.
    for (let round = 0; round < 50 && temporary().length === 0; round++) {
      const child = Bun.spawn([process.execPath, "-e", program], { stdin: "ignore", stdout: "ignore" });
      await until(() => temporary().length > 0 || child.exitCode !== null);
      child.kill("SIGKILL");
      await child.exited;
    }
    expect(temporary()).toHaveLength(1);
  }

  test("goes with the next write in that folder, and with a change that changes nothing", async () => {
    const path = join(folder, "file");
    await killInWrite(path);
    writeFileAtomic(join(folder, "other"), "new");
    expect(temporary()).toEqual([]);
    await killInWrite(path);
    applyFileChange({ path, before: "same", after: "same" });
    expect(temporary()).toEqual([]);
  });

  test("stays where its process may live, where it is somebody else's, and where it is no file of ours", async () => {
    await killInWrite(join(folder, "file"));
    const [name = ""] = temporary();
    rmSync(join(folder, name));
    const [, host, pid] = /^\.vouch-([0-9a-f]{8})-(\d+)-/.exec(name)!;
    const other = host === "00000000" ? "11111111" : "00000000";
    const kept = [
      `.vouch-${host}-${process.ppid}-00000000.tmp`,
      `.vouch-${other}-${pid}-00000000.tmp`,
      `.vouch-${host}-${pid}-00000000.tmp.mine`,
      `.vouch-${host}-${pid}-mine.tmp`,
      `.vouch-${pid}-00000000.tmp`,
      `.vouch-${host}-0-00000000.tmp`,
      `vouch-${host}-${pid}-00000000.tmp`,
    ];
    for (const each of kept) writeFileSync(join(folder, each), "");
    const target = join(folder, "target");
    writeFileSync(target, "");
    const link = `.vouch-${host}-${pid}-11111111.tmp`;
    symlinkSync(target, join(folder, link));
    linkSync(target, join(folder, `.vouch-${host}-${pid}-22222222.tmp`));
    const foreign = `.vouch-${host}-${pid}-33333333.tmp`;
    if (process.geteuid!() === 0) {
      writeFileSync(join(folder, foreign), "");
      chownSync(join(folder, foreign), 12_345, 12_345);
    }
    const before = readdirSync(folder);
    writeFileAtomic(join(folder, "target2"), "new");
    expect(readdirSync(folder).toSorted()).toEqual([...before, "target2"].toSorted());
    // Of a process id that lives again, or of another machine: after a day.
    const old = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const each of kept) utimesSync(join(folder, each), old, old);
    writeFileAtomic(join(folder, "target2"), "new");
    expect(kept.filter((each) => !existsSync(join(folder, each)))).toEqual(kept.slice(0, 2));
  });
});
