/** A small runtime that says how it was started, with the first stage joined to it: for any architecture, in an emulator too. */
import { chmodSync, linkSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compilerFlags, compilersFor, withFirstStage } from "../../../build/first-stage.ts";
import type { Target } from "../../../build/targets.ts";
import { sourceFolder } from "../compile.ts";

/**
 * Compiles the small runtime and gives its bytes: static, or loaded by the dynamic loader at `loader`. Throws with the
 * compiler's words if it fails.
 */
export function smallRuntime(
  folder: string,
  arch: Target["arch"],
  compiler = compilersFor(arch)[0]!,
  loader?: string,
): Uint8Array {
  const file = join(folder, `runtime-${arch}`);
  const { exitCode, stderr } = Bun.spawnSync(
    [
      ...compiler,
      ...compilerFlags(arch),
      "-nostdlib",
      // musl's loader is its C library too, which the program then asks for.
      ...(loader === undefined
        ? ["-static"]
        : ["-no-pie", loader, "-Wl,--no-as-needed", `-Wl,--dynamic-linker=${loader}`]),
      "-Wl,--build-id=sha1",
      `-I${sourceFolder}`,
      "-o",
      file,
      join(import.meta.dir, "runtime.c"),
      ...["system.c", "memory.c"].map((name) => join(sourceFolder, name)),
    ],
    { stdin: "ignore", stdout: "ignore" },
  );
  if (exitCode !== 0) throw new Error(`${compiler.join(" ")}: ${stderr.toString()}`);
  return readFileSync(file);
}

/** Writes `vouch` and `keyring`, the small runtime with the first stage, into the folder. */
export function writeJoined(folder: string, arch: Target["arch"], loader?: string): void {
  const path = join(folder, "vouch");
  writeFileSync(path, withFirstStage(smallRuntime(folder, arch, undefined, loader), arch));
  chmodSync(path, 0o755);
  linkSync(path, join(folder, "keyring"));
}
