import { expect, test } from "bun:test";
import { join } from "node:path";

const program = join(import.meta.dir, "programs/one-shot.ts");
const text = `secret "ä"\n${"x".repeat(9000)}`;

test.each([["linux"], ["darwin"]])(
  "a text is read once by the program, and never again: as on %s",
  async (platform) => {
    const child = Bun.spawn([process.execPath, program, platform, text], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, BUN_BE_BUN: "1" },
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: `${text}||`, stderr: "", exitCode: 7 });
  },
);
