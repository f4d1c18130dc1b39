/** A build's folder goes with its process, however that ends, and no living build's is taken. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../temp-folder.ts";

const script = `
  import { workFolder } from ${JSON.stringify(join(import.meta.dir, "../../build/work-folder.ts"))};
  console.log(workFolder(process.argv.at(-1)));
  if (process.argv.includes("stays")) await new Promise(() => setInterval(() => {}, 1 << 30));`;

const run = (dist: string, ...words: string[]) =>
  Bun.spawn([process.execPath, "-e", script, "--", ...words, dist], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });

async function made(child: ReturnType<typeof run>): Promise<string> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value).trim();
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends a build with %d, and nothing is left of it", async (signal, code) => {
  using dist = tempFolder();
  const child = run(dist.path, "stays");
  expect(existsSync(await made(child))).toBe(true);
  child.kill(signal);
  expect(await child.exited).toBe(code);
  expect(readdirSync(dist.path)).toEqual([]);
});

test("what a killed build has left goes with the next one, a living one's stays", async () => {
  using dist = tempFolder();
  const killed = run(dist.path, "stays");
  const left = await made(killed);
  killed.kill("SIGKILL");
  await killed.exited;
  expect(existsSync(left)).toBe(true);
  for (const other of ["build-XYZabc", "bindings"]) mkdirSync(join(dist.path, other));
  const living = run(dist.path, "stays");
  const own = await made(living);
  expect(await run(dist.path).exited).toBe(0);
  expect(readdirSync(dist.path).sort()).toEqual(["bindings", own.slice(dist.path.length + 1)].sort());
  living.kill("SIGKILL");
  await living.exited;
});

test("the build works in such a folder", () => {
  expect(readFileSync(join(import.meta.dir, "../../build.ts"), "utf8")).toContain("= workFolder(");
});
