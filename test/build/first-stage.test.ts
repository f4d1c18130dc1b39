/** The joined file: what is refused, what is changed, and what the usual tools make of it. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entryOf, PF_W, PF_X, programHeaders, PT_LOAD, PT_NOTE, viewOf, writeProgramHeader } from "../../build/elf.ts";
import { compilersFor, maxFirstStageBytes, withFirstStage } from "../../build/first-stage.ts";
import { targetRuntime } from "../../build/runtime.ts";
import { targetNamed } from "../../build/targets.ts";
import { smallRuntime } from "../first-stage/runtime/runtime.ts";
import { requires, requiresCompiler, requiresPath } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);
const isThere = requiresCompiler();
const arch = process.arch === "arm64" ? "arm64" : "x64";
const runtime = isThere ? smallRuntime(folder, arch) : new Uint8Array();

/** A copy with a change. */
function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = Uint8Array.from(runtime);
  change(viewOf(bytes), bytes);
  return bytes;
}

describe.skipIf(!isThere)("joined", () => {
  test("two builds are the same to the byte", () => {
    expect(Buffer.from(withFirstStage(runtime, arch)).equals(withFirstStage(runtime, arch))).toBe(true);
  });

  test("one segment more that is executed and never written, in place of the notes; all else as it was", () => {
    const joined = withFirstStage(runtime, arch);
    const before = programHeaders(runtime);
    const after = programHeaders(joined);
    const note = before.findLast(({ type }) => type === PT_NOTE)!;
    const added = after.find(({ place }) => place === note.place)!;
    expect(added).toMatchObject({ type: PT_LOAD, address: entryOf(joined), memorySize: added.size });
    expect(added.flags & PF_X).toBe(PF_X);
    expect(added.flags & PF_W).toBe(0);
    const end = Math.max(...before.filter(({ type }) => type === PT_LOAD).map((one) => one.address + one.memorySize));
    expect(added.address).toBeGreaterThanOrEqual(end);
    const same = Uint8Array.from(joined.subarray(0, runtime.length));
    same.set(runtime.subarray(24, 32), 24);
    same.set(runtime.subarray(note.place, note.place + 56), note.place);
    expect(Buffer.from(same).equals(runtime)).toBe(true);
  });

  test.each<[string, () => Uint8Array, RegExp]>([
    ["a position-independent executable", () => changed((view) => view.setUint16(16, 3, true)), /fixed addresses/],
    [
      "one without notes",
      () =>
        changed((view) => {
          for (const { place, type } of programHeaders(runtime)) if (type === PT_NOTE) view.setUint32(place, 0, true);
        }),
      /notes/,
    ],
    [
      "one with notes before a loaded segment",
      () =>
        changed((_, bytes) => {
          const headers = programHeaders(runtime);
          const last = headers.findLast(({ type }) => type === PT_LOAD)!;
          const note = headers.findLast(({ type }) => type === PT_NOTE)!;
          writeProgramHeader(bytes, { ...note, place: last.place }, 4);
          writeProgramHeader(bytes, { ...last, place: note.place }, 4096);
        }),
      /notes/,
    ],
    ["one that is joined already", () => withFirstStage(runtime, arch), /notes/],
    ["a file that breaks off in its head", () => runtime.subarray(0, 40), /ELF/],
    ["a file that breaks off in its program headers", () => runtime.subarray(0, 130), /Out of bounds/],
    ["a file that breaks off in a segment", () => runtime.subarray(0, 4200), /broken off/],
    ["one for another machine", () => changed((view) => view.setUint16(18, 3, true)), /machine/],
    ["no ELF file", () => new Uint8Array(4096), /ELF/],
  ])("refuses %s", (_, file, message) => {
    expect(() => withFirstStage(file(), arch)).toThrow(message);
  });

  test.each<["x64" | "arm64", string, ...string[]]>([
    ["x64", "gcc", "-Os"],
    ["x64", "clang", "-Oz"],
    ["x64", "clang", "-Oz", "--target=x86_64-linux-gnu", "-fuse-ld=lld"],
    ["arm64", "aarch64-linux-gnu-gcc", "-Os"],
    ["arm64", "clang", "-Oz", "--target=aarch64-linux-gnu", "-fuse-ld=lld"],
  ])("the code for %s by %s %s is small, and the same each time", (machine, program, ...options) => {
    if (process.arch !== "x64" || !requires(program) || (options.length > 1 && !requires("ld.lld"))) return;
    const own = smallRuntime(folder, machine, [program, ...options]);
    const [first, second] = [0, 1].map(() => withFirstStage(own, machine, [[program, ...options]]));
    expect(Buffer.from(first!).equals(second!)).toBe(true);
    const { size } = programHeaders(first!).findLast(({ address }) => address === entryOf(first!))!;
    expect(size).toBeLessThanOrEqual(maxFirstStageBytes);
  });

  test("a compiler that fails is passed over, and all are named where every one fails", () => {
    const broken = (word: string) => ["sh", "-c", `echo ${word} >&2; exit 1`];
    const [working] = compilersFor(arch);
    const joined = withFirstStage(runtime, arch, [broken("one"), working!]);
    expect(Buffer.from(joined).equals(withFirstStage(runtime, arch, [working!]))).toBe(true);
    expect(() => withFirstStage(runtime, arch, [broken("one"), broken("two")])).toThrow(/one\n.*two/s);
    expect(() => withFirstStage(runtime, arch, [])).toThrow("expected a C compiler");
  });
});

describe.skipIf(!isThere)("the usual tools understand a joined runtime", () => {
  const path = join(folder, "joined");
  const original = process.execPath;
  if (isThere) {
    writeFileSync(path, withFirstStage(readFileSync(original), arch));
    chmodSync(path, 0o755);
  }
  const output = (...command: string[]) => {
    const { stdout, stderr, exitCode } = Bun.spawnSync(command, {
      stdin: "ignore",
      env: { ...process.env, LC_ALL: "C" },
    });
    expect({ command, exitCode, stderr: stderr.toString() }).toMatchObject({ exitCode: 0 });
    return stdout.toString();
  };

  test("the kernel", () => expect(output(path, "--version")).toBe(output(original, "--version")));

  test.skipIf(!requires("readelf"))("readelf", () => {
    const listed = output("readelf", "-lW", path);
    expect(listed.match(/^ +LOAD .*$/gm)).toHaveLength(
      output("readelf", "-lW", original).match(/^ +LOAD .*$/gm)!.length + 1,
    );
    expect(listed).toContain("Requesting program interpreter");
    expect(output("readelf", "-dW", path)).toBe(output("readelf", "-dW", original));
    expect(output("readelf", "-SW", path)).toBe(output("readelf", "-SW", original));
  });

  test.skipIf(!requires("ldd"))("ldd", () => {
    const libraries = (file: string) => output("ldd", file).replaceAll(/\(0x[0-9a-f]+\)/g, "");
    expect(libraries(path)).toBe(libraries(original));
  });

  test.skipIf(!requires("file"))("file", () => {
    // What it says of notes (the build id, the system) is gone.
    const words = output("file", "-b", path);
    expect(words).toContain("executable");
    expect(words).toContain("dynamically linked, interpreter /lib");
  });

  test.skipIf(!requires("gdb"))("gdb", () => {
    const words = output(
      "gdb",
      "-nx",
      "-batch",
      "-ex",
      "info files",
      "-ex",
      "run",
      "-ex",
      "info inferiors",
      "--args",
      path,
      "--version",
    );
    expect(words).toContain(`Entry point: 0x${entryOf(readFileSync(path)).toString(16)}`);
    expect(words).toContain(output(original, "--version").trim());
    expect(words).toContain("exited normally");
  });

  test.skipIf(!requires("strace"))("strace", () => {
    const { stdout, stderr } = Bun.spawnSync(["strace", "-f", path, "--version"], { stdin: "ignore" });
    expect(stdout.toString()).toBe(output(original, "--version"));
    expect(stderr.toString()).toContain("+++ exited with 0 +++");
  });
});

const sysroot = "/usr/aarch64-linux-gnu";
const hasArm =
  isThere &&
  requires("qemu-aarch64", "aarch64-linux-gnu-gcc") &&
  requiresPath(join(sysroot, "lib/libc.so.6"), "apt-get install libc6-arm64-cross");

test.skipIf(!hasArm)(
  "arm64's runtime starts in an emulator when it is joined",
  () => {
    const path = join(folder, "joined-arm64");
    const original = targetRuntime(targetNamed("linux-arm64"), join(import.meta.dir, "../../.tools/runtimes"));
    writeFileSync(path, withFirstStage(readFileSync(original), "arm64"));
    chmodSync(path, 0o755);
    const { stdout, exitCode } = Bun.spawnSync(["qemu-aarch64", "-L", sysroot, path, "--version"], { stdin: "ignore" });
    expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: `${Bun.version}\n`, exitCode: 0 });
  },
  300_000,
);
