/** The systems that Vouch is released for, and what each of them needs. */

export interface Target {
  /** As it stands in the archive's name. */
  name: string;
  platform: "linux" | "darwin" | "win32";
  arch: "x64" | "arm64";
  /** Bun's own name for it. */
  bun: Bun.Build.CompileTarget;
  /** The npm package with its runtime. */
  runtime: string;
  /** The folder of node-hid's binding under its `prebuilds`. */
  binding: string;
}

type Row = Omit<Target, "bun" | "binding"> & { binding?: string };

const rows: Row[] = [
  { name: "linux-x64", platform: "linux", arch: "x64", runtime: "bun-linux-x64" },
  { name: "linux-x64-baseline", platform: "linux", arch: "x64", runtime: "bun-linux-x64-baseline" },
  { name: "linux-arm64", platform: "linux", arch: "arm64", runtime: "bun-linux-aarch64" },
  {
    name: "linux-x64-musl",
    platform: "linux",
    arch: "x64",
    runtime: "bun-linux-x64-musl",
    binding: "HID_hidraw-linux-x64-musl",
  },
  {
    name: "linux-x64-musl-baseline",
    platform: "linux",
    arch: "x64",
    runtime: "bun-linux-x64-musl-baseline",
    binding: "HID_hidraw-linux-x64-musl",
  },
  // node-hid ships no binding for this one. glibc's uses nothing that musl lacks, and musl takes the names of glibc's
  // libraries for its own: test/build/musl.test.ts.
  { name: "linux-arm64-musl", platform: "linux", arch: "arm64", runtime: "bun-linux-aarch64-musl" },
  { name: "darwin-x64", platform: "darwin", arch: "x64", runtime: "bun-darwin-x64" },
  { name: "darwin-arm64", platform: "darwin", arch: "arm64", runtime: "bun-darwin-aarch64" },
  { name: "windows-x64", platform: "win32", arch: "x64", runtime: "bun-windows-x64" },
];

export const targets: readonly Target[] = rows.map((row) => ({
  ...row,
  bun: `bun-${row.name}` as Bun.Build.CompileTarget,
  runtime: `@oven/${row.runtime}`,
  binding: row.binding ?? `${row.platform === "linux" ? "HID_hidraw" : "HID"}-${row.platform}-${row.arch}`,
}));

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
