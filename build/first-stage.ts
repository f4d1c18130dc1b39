/**
 * Joins the first stage (src/first-stage, C) to an executable for Linux: the code is appended to the file, the program
 * header of the notes (PT_NOTE) becomes one that loads it (PT_LOAD), and the program is entered there. Nothing of the
 * runtime's own code is changed. docs/first-stage.md describes the file.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkedCommands, pythonParts } from "../src/exec/checked-commands.ts";
import { protocolVersion, routes } from "../src/agent/protocol.ts";
import {
  entryOf,
  hasFixedAddress,
  machineOf,
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
export const maxFirstStageBytes = 20 * 1024;

type Arch = Target["arch"];

/** The name that compilers know the architecture by. */
const machines: Record<Arch, string> = { x64: "x86_64", arm64: "aarch64" };

/** EM_X86_64 and EM_AARCH64, as a file's head names them. */
const machineNumbers: Record<Arch, number> = { x64: 62, arm64: 183 };

/** Warnings are errors; the code gets no library, no start, no tables for unwinding, and only general registers. */
const flags = [
  "-std=c11",
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
/** Flags for one architecture. */
const archFlags: Record<Arch, string[]> = { x64: ["-fcf-protection=none"], arm64: ["-mno-outline-atomics"] };
const linkerFlags = ["-nostdlib", "-static", "-Wl,--build-id=none", "-Wl,-e,first_stage_entry"];

/** What the first stage shares with the runtime, so that it is said once. A list has a space before and after each word. */
export const firstStageDefinitions = [
  `-DPROTOCOL_VERSION="${protocolVersion}"`,
  `-DROUTE_CARGO="${routes.cargo}"`,
  `-DROUTE_TOKEN="${routes.token}"`,
  `-DROUTE_TIME_LEFT="${routes.timeLeft}"`,
  `-DROUTE_ENVIRONMENT="${routes.environment}"`,
  `-DCHECKED_COMMANDS=" ${Object.keys(checkedCommands).join(" ")} "`,
  `-DPYTHON_PARTS=" ${pythonParts.join(" ")} "`,
];

/** How the first stage is compiled for the architecture, without its definitions. */
export function compilerFlags(arch: Arch): string[] {
  return [...flags, ...archFlags[arch]];
}

/** The C sources in the folder, sorted: the order of the files is part of what is built. */
export function firstStageSources(sources = folder): string[] {
  return readdirSync(sources)
    .filter((name) => name.endsWith(".c"))
    .toSorted()
    .map((name) => join(sources, name));
}

/** Commands that compile for the architecture, the first choice first; only those whose program is on PATH. */
export function compilersFor(arch: Arch): string[][] {
  const machine = machines[arch];
  const own =
    arch === process.arch
      ? [
          ["cc", "-Os"],
          // Where cc is clang, the code is too large otherwise.
          ["cc", "-Oz"],
          ["gcc", "-Os"],
          ["clang", "-Oz"],
        ]
      : [];
  const cross = [
    [`${machine}-linux-gnu-gcc`, "-Os"],
    ["clang", "-Oz", `--target=${machine}-linux-gnu`, "-fuse-ld=lld"],
  ];
  // Its checks of undefined behavior take room, and for arm64 its code is larger than the limit in any case.
  const small = ["-Oz", "-fomit-frame-pointer", "-fno-sanitize=undefined"];
  const zig = arch === "x64" ? [["zig", "cc", ...small, "-target", `${machine}-linux-musl`]] : [];
  return [...own, ...cross, ...zig].filter(([program]) => Bun.which(program!) !== null);
}

/** Whether a C compiler for the architecture is on PATH. */
export function hasCompiler(arch: Arch): boolean {
  return compilersFor(arch).length > 0;
}

/**
 * A copy of the executable that is entered by the first stage. Throws without a compiler, with the compiler's words if it
 * fails, and for an executable that is not as known: of another machine, broken off, without fixed addresses, without notes.
 */
export function withFirstStage(executable: Uint8Array, arch: Arch, compilers = compilersFor(arch)): Uint8Array {
  const headers = programHeaders(executable);
  const note = headers.findLast(({ type }) => type === PT_NOTE);
  const loaded = headers.filter(({ type }) => type === PT_LOAD);
  if (machineOf(executable) !== machineNumbers[arch]) throw new Error(`expected an executable for the machine ${arch}`);
  if (loaded.some(({ offset, size }) => offset + size > executable.length)) {
    throw new Error("expected a whole executable, got one that is broken off");
  }
  if (!hasFixedAddress(executable)) throw new Error("expected an executable with fixed addresses (ET_EXEC)");
  // The headers of loaded segments must stand in ascending order of their addresses, and ours is the last.
  if (note === undefined || loaded.some(({ place }) => place > note.place)) {
    throw new Error("expected notes (PT_NOTE) behind all loaded segments");
  }
  const address = roundUp(Math.max(...loaded.map((segment) => segment.address + segment.memorySize)));
  const code = compileFirstStage(arch, compilers, address, entryOf(executable));
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
function compileFirstStage(arch: Arch, compilers: string[][], address: number, runtimeEntry: number): Uint8Array {
  if (compilers.length === 0) throw new Error(`expected a C compiler for ${arch} on PATH: cc, gcc or clang`);
  const output = mkdtempSync(join(tmpdir(), "vouch-first-stage-"));
  try {
    const failures: string[] = [];
    const script = join(output, "first-stage.ld");
    const addresses = `IMAGE_START = ${address};\nruntime_entry = ${runtimeEntry};\n`;
    writeFileSync(script, `${addresses}${readFileSync(join(folder, "first-stage.ld"), "utf8")}`);
    for (const compiler of compilers) {
      const file = join(output, "first-stage");
      const { exitCode, stderr } = Bun.spawnSync(
        [
          ...compiler,
          ...compilerFlags(arch),
          ...firstStageDefinitions,
          ...linkerFlags,
          `-Wl,-T,${script}`,
          "-o",
          file,
          ...firstStageSources(),
        ],
        { stdin: "ignore", stdout: "ignore" },
      );
      const code = exitCode === 0 ? codeOf(readFileSync(file), address) : stderr.toString().trim();
      if (typeof code !== "string") return code;
      failures.push(`${compiler.join(" ")}: ${code}`);
    }
    throw new Error(`the first stage cannot be compiled\n${failures.join("\n")}`);
  } finally {
    rmSync(output, { recursive: true });
  }
}

/** The one segment of the linked file; in words what is wrong with it: there are more, it can be written, it is too large. */
function codeOf(linked: Uint8Array, address: number): Uint8Array | string {
  const segments = programHeaders(linked).filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0);
  const [segment] = segments;
  if (segment === undefined || segments.length > 1 || (segment.flags & PF_W) !== 0) {
    return `expected one segment of the first stage that cannot be written, got ${segments.length}`;
  }
  if (segment.address !== address || entryOf(linked) !== address) {
    return `expected the first stage at ${address}, got ${segment.address}, entered at ${entryOf(linked)}`;
  }
  if (segment.size > maxFirstStageBytes) {
    return `expected at most ${maxFirstStageBytes} bytes of the first stage, got ${segment.size}`;
  }
  return linked.slice(segment.offset, segment.offset + segment.size);
}
