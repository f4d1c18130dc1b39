/** Compiles the fuzzer: the first stage without its system calls and its entry, in a world of the test's. */
import { basename, join } from "node:path";
import { firstStageDefinitions, firstStageSources } from "../../build/first-stage.ts";

/** Where the first stage's sources are. */
export const sourceFolder = join(import.meta.dir, "../../src/first-stage");
/** What the fake system and the C library have in their place. */
const replaced = new Set(["system.c", "start.c", "memory.c"]);

const flags = ["-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-builtin"].concat(
  "-fno-sanitize-recover=all",
  "-fno-omit-frame-pointer",
);

/** Compiles `sources` with the fuzzer into `output`, with the sanitizers. Throws with the compiler's words if it fails. */
export async function compileFuzzer(
  compiler: string,
  sanitizers: string,
  sources: string,
  output: string,
): Promise<void> {
  const files = firstStageSources(sources).filter((path) => !replaced.has(basename(path)));
  const child = Bun.spawn(
    [
      compiler,
      ...flags,
      `-fsanitize=${sanitizers}`,
      ...firstStageDefinitions,
      `-I${sources}`,
      "-o",
      output,
      ...firstStageSources(join(import.meta.dir, "fuzz")),
      ...files,
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const stderr = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`${compiler}: ${stderr}`);
}
