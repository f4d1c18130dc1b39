/**
 * Joins the first stage (src/first-stage, C) to an executable for Linux: the code is appended to the file, the program
 * header of the notes (PT_NOTE) becomes one that loads it (PT_LOAD), and the program is entered there. Nothing of the
 * runtime's own code is changed. docs/first-stage.md describes the file.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { protocolVersion, routes } from "../src/agent/protocol.ts";
import {
  entryOf,
  hasFixedAddress,
  PF_R,
  PF_W,
  PF_X,
  programHeaders,
  PT_LOAD,
  PT_NOTE,
  setEntry,
  writeProgramHeader,
} from "./elf.ts";
import type { Target } from "./targets.ts";

const folder = join(import.meta.dir, "../src/first-stage");

/** The largest page of any Linux on these architectures: a segment that is loaded starts at a page. */
const alignment = 0x10000;
/** The limit of the code, in bytes. */
const maxFirstStageBytes = 16 * 1024;

type Arch = Target["arch"];

/** The name that compilers know the architecture by. */
const machines: Record<Arch, string> = { x64: "x86_64", arm64: "aarch64" };

/** Warnings are errors; the code gets no library, no start, no tables for unwinding, and only general registers. */
const flags = [
  "-std=c11",
  "-Os",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wconversion",
  "-Wshadow",
  "-Wvla",
  "-Wmissing-prototypes",
  "-Wstrict-prototypes",
  "-ffreestanding",
  "-fno-builtin",
  "-fno-stack-protector",
  "-fno-pic",
  "-fno-pie",
  "-fno-asynchronous-unwind-tables",
  "-mgeneral-regs-only",
];
const linkerFlags = ["-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"];

/** The names of the agent's routes and its version, so that they are said once: in src/agent/protocol.ts. */
const definitions = [
  `-DPROTOCOL_VERSION="${protocolVersion}"`,
  `-DROUTE_CARGO="${routes.cargo}"`,
  `-DROUTE_TOKEN="${routes.token}"`,
  `-DROUTE_ENVIRONMENT="${routes.environment}"`,
];

/** The C sources, sorted: the order of the files is part of what is built. */
function firstStageSources(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".c"))
    .toSorted()
    .map((name) => join(folder, name));
}

/** Commands that compile for the architecture, the first choice first; only those whose program is on PATH. */
function compilersFor(arch: Arch): string[][] {
  const machine = machines[arch];
  const own = arch === process.arch ? [["cc"], ["gcc"], ["clang"]] : [];
  const cross = [[`${machine}-linux-gnu-gcc`], ["clang", `--target=${machine}-linux-gnu`, "-fuse-ld=lld"]];
  const zig = ["zig", "cc", "-target", `${machine}-linux-musl`];
  return [...own, ...cross, zig].filter(([program]) => Bun.which(program!) !== null);
}

/** Whether a C compiler for the architecture is on PATH. */
export function hasCompiler(arch: Arch): boolean {
  return compilersFor(arch).length > 0;
}

/**
 * A copy of the executable that is entered by the first stage. Throws without a compiler, with the compiler's words if it
 * fails, and for an executable that is not as known: without fixed addresses, without notes.
 */
export function withFirstStage(executable: Uint8Array, arch: Arch): Uint8Array {
  const headers = programHeaders(executable);
  const note = headers.findLast(({ type }) => type === PT_NOTE);
  const loaded = headers.filter(({ type }) => type === PT_LOAD);
  if (!hasFixedAddress(executable)) throw new Error("expected an executable with fixed addresses (ET_EXEC)");
  // The headers of loaded segments must stand in ascending order of their addresses, and ours is the last.
  if (note === undefined || loaded.some(({ place }) => place > note.place)) {
    throw new Error("expected notes (PT_NOTE) behind all loaded segments");
  }
  const address = roundUp(Math.max(...loaded.map((segment) => segment.address + segment.memorySize)));
  const code = compileFirstStage(arch, address, entryOf(executable));
  const offset = roundUp(executable.length);
  const joined = new Uint8Array(offset + code.length);
  joined.set(executable);
  joined.set(code, offset);
  const { place } = note;
  const size = code.length;
  writeProgramHeader(
    joined,
    { place, type: PT_LOAD, flags: PF_R | PF_X, offset, address, size, memorySize: size },
    alignment,
  );
  setEntry(joined, address);
  return joined;
}

function roundUp(number: number): number {
  return Math.ceil(number / alignment) * alignment;
}

/** The machine code, for this address; it goes on at the runtime's entry. Its own entry is its first byte. */
function compileFirstStage(arch: Arch, address: number, runtimeEntry: number): Uint8Array {
  const compilers = compilersFor(arch);
  if (compilers.length === 0) throw new Error(`expected a C compiler for ${arch} on PATH: cc, gcc, clang or zig`);
  const output = mkdtempSync(join(tmpdir(), "vouch-first-stage-"));
  try {
    const failures: string[] = [];
    for (const compiler of compilers) {
      const file = join(output, "first-stage");
      const { exitCode, stderr } = Bun.spawnSync(
        [
          ...compiler,
          ...flags,
          ...(arch === "x64" ? ["-fcf-protection=none"] : ["-mno-outline-atomics"]),
          ...definitions,
          ...linkerFlags,
          `-Wl,-T,${join(folder, "first-stage.ld")}`,
          `-Wl,--defsym=IMAGE_START=${address}`,
          `-Wl,--defsym=runtime_entry=${runtimeEntry}`,
          "-o",
          file,
          ...firstStageSources(),
        ],
        { stdin: "ignore", stdout: "ignore" },
      );
      if (exitCode === 0) return codeOf(readFileSync(file), address);
      failures.push(`${compiler.join(" ")}: ${stderr.toString().trim()}`);
    }
    throw new Error(`the first stage cannot be compiled\n${failures.join("\n")}`);
  } finally {
    rmSync(output, { recursive: true });
  }
}

/** The one segment of the linked file. Throws if there are more, if it can be written, or if it is too large. */
function codeOf(linked: Uint8Array, address: number): Uint8Array {
  const segments = programHeaders(linked).filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0);
  const [segment] = segments;
  if (segment === undefined || segments.length > 1 || (segment.flags & PF_W) !== 0) {
    throw new Error(`expected one segment of the first stage that cannot be written, got ${segments.length}`);
  }
  if (segment.address !== address || entryOf(linked) !== address) {
    throw new Error(`expected the first stage at ${address}, got ${segment.address}, entered at ${entryOf(linked)}`);
  }
  if (segment.size > maxFirstStageBytes) {
    throw new Error(`expected at most ${maxFirstStageBytes} bytes of the first stage, got ${segment.size}`);
  }
  return linked.slice(segment.offset, segment.offset + segment.size);
}
