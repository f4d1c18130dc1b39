import { expect, test } from "bun:test";
import { join } from "node:path";

/** Prints the resident pages of files, in KiB, before and after, and shows that the code still runs. */
const script = `
  const { releaseCode } = await import(${JSON.stringify(join(import.meta.dir, "../../../src/agent/process/resident.ts"))});
  const { readFileSync } = await import("node:fs");
  const files = () => Number(/^RssFile:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  const ballast = new Uint8Array(48 << 20).fill(1);
  const before = files();
  releaseCode();
  const after = files();
  console.log(JSON.stringify({ before, after, ballast: ballast.at(-1), still: [3, 1, 2].toSorted().join("") }));
`;

test.skipIf(process.platform !== "linux")(
  "the memory of the code's pages is given back, and the process goes on",
  () => {
    const { stdout, exitCode } = Bun.spawnSync([process.execPath, "-e", script], { stderr: "inherit" });
    expect(exitCode).toBe(0);
    const { before, after, ...rest } = JSON.parse(stdout.toString()) as { before: number; after: number };
    expect(after).toBeLessThan(before / 2);
    expect(rest).toEqual({ ballast: 1, still: "123" } as object);
  },
);
