/** The two limits that a helper is held against. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ignoringItsFolder } from "../../build/compile-options.ts";

/** Options of the product's own build, so that they cannot make one of the two faster. */
const compileOptions = {
  target: "bun",
  format: "esm",
  splitting: true,
  minify: true,
  bytecode: true,
} as const;

/** A compiled program of one line; what the runtime costs before any work of ours. Returns its path. */
export async function compileProgram(folder: string, name: string, source: string): Promise<string> {
  const file = join(folder, `${name}.ts`);
  const outfile = join(folder, name);
  writeFileSync(file, source);
  await Bun.build({
    ...compileOptions,
    entrypoints: [file],
    compile: {
      outfile,
      ...ignoringItsFolder,
    },
  });
  return outfile;
}

/** A C program of this folder, static and optimised; undefined where it cannot be compiled. */
export function compileNative(folder: string, name: "round-trip" | "become"): string | undefined {
  const compiler = Bun.which("gcc") ?? Bun.which("cc");
  if (compiler === null) return undefined;
  const outfile = join(folder, name);
  const source = join(import.meta.dir, `${name}.c`);
  const { success } = Bun.spawnSync([compiler, "-O2", "-static", "-o", outfile, source], { stderr: "inherit" });
  return success ? outfile : undefined;
}
