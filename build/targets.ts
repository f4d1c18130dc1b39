/** The systems that Vouch is released for, and what each of them needs. */
import { readFileSync } from "node:fs";
import { neededLibraries } from "./needed-libraries.ts";

export interface Target {
  /** As it stands in the archive's name. */
  name: string;
  platform: "linux" | "darwin" | "win32";
  arch: "x64" | "arm64";
  /** The npm package with its runtime. */
  runtime: string;
  /** The folder of node-hid's binding under its `prebuilds`. */
  binding: string;
}

const x64 = { platform: "linux", arch: "x64", binding: "HID_hidraw-linux-x64" } as const;
const x64Musl = { platform: "linux", arch: "x64", binding: "HID_hidraw-linux-x64-musl" } as const;
// node-hid has no binding for arm64 and musl; glibc's serves (node-hid.ts).
const arm64 = { platform: "linux", arch: "arm64", binding: "HID_hidraw-linux-arm64" } as const;

export const targets: readonly Target[] = [
  { name: "linux-x64", ...x64, runtime: "@oven/bun-linux-x64" },
  { name: "linux-x64-baseline", ...x64, runtime: "@oven/bun-linux-x64-baseline" },
  { name: "linux-x64-musl", ...x64Musl, runtime: "@oven/bun-linux-x64-musl" },
  { name: "linux-x64-musl-baseline", ...x64Musl, runtime: "@oven/bun-linux-x64-musl-baseline" },
  { name: "linux-arm64", ...arm64, runtime: "@oven/bun-linux-aarch64" },
  { name: "linux-arm64-musl", ...arm64, runtime: "@oven/bun-linux-aarch64-musl" },
  {
    name: "darwin-x64",
    platform: "darwin",
    arch: "x64",
    binding: "HID-darwin-x64",
    runtime: "@oven/bun-darwin-x64",
  },
  {
    name: "darwin-arm64",
    platform: "darwin",
    arch: "arm64",
    binding: "HID-darwin-arm64",
    runtime: "@oven/bun-darwin-aarch64",
  },
  {
    name: "windows-x64",
    platform: "win32",
    arch: "x64",
    binding: "HID-win32-x64",
    runtime: "@oven/bun-windows-x64",
  },
];

/** Bun's own name for the target. */
export function bunTarget({ name }: Target): Bun.Build.CompileTarget {
  return `bun-${name}` as Bun.Build.CompileTarget;
}

/** The target that this machine is. Throws on one that Vouch is not released for. */
export function hostTarget(): Target {
  const system = process.platform === "win32" ? "windows" : process.platform;
  return targetNamed(`${system}-${process.arch}${runsOnMusl() ? "-musl" : ""}`);
}

/** Whether the Bun that runs this asks for musl. */
function runsOnMusl(): boolean {
  if (process.platform !== "linux") return false;
  return neededLibraries(readFileSync(process.execPath)).some((name) => name.startsWith("libc.musl-"));
}

/** The target of that name. Throws, with the names there are, for any other. */
export function targetNamed(name: string): Target {
  const target = targets.find((candidate) => candidate.name === name);
  if (target === undefined) {
    throw new Error(`expected a target (${targets.map((candidate) => candidate.name).join(", ")}), got ${name}`);
  }
  return target;
}

/** The name of the executable's file on the target. */
export function executableName({ platform }: Target): string {
  return platform === "win32" ? "vouch.exe" : "vouch";
}
