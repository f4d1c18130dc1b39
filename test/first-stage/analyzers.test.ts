/** The compilers' analyzers find nothing in the first stage, with the flags that it is built with. */
import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { compilerFlags, firstStageDefinitions, firstStageSources } from "../../build/first-stage.ts";
import { requires } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);
// Reads through a null pointer where a caller gives none: what an analyzer must see at least.
const faulty = join(folder, "faulty.c");
writeFileSync(
  faulty,
  "int first(int given);\nint first(int given) { int *at = given ? &given : (int *)0; return *at; }\n",
);

async function analyze(analyzer: string[], source: string): Promise<string> {
  const command = [
    ...analyzer,
    ...compilerFlags("x64"),
    ...firstStageDefinitions,
    "-c",
    source,
    "-o",
    join(folder, "out"),
  ];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const stderr = await child.stderr.text();
  return (await child.exited) === 0 ? stderr : `failed: ${stderr}`;
}

describe.each([
  ["gcc", "-Os", "-fanalyzer"],
  ["clang", "-Oz", "--analyze", "-Xclang", "-analyzer-werror"],
])("%s", (compiler, ...options) => {
  const analyzer = [compiler, ...options];
  const skip = process.arch !== "x64" || !requires(compiler);
  test.skipIf(skip).each(firstStageSources().map((path) => [basename(path), path] as const))(
    `finds nothing in %s`,
    async (_name, path) => expect(await analyze(analyzer, path)).toBe(""),
    120_000,
  );
  test.skipIf(skip)("finds a planted fault", async () =>
    expect(await analyze(analyzer, faulty)).toMatch(/failed: .*null/is),
  );
});
