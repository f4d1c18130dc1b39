/** A process of ours that holds a token or waits for one leaves no core file, whatever the limits of the shell are. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { executable } from "../../laptop.ts";
import { tempFolder } from "../../temp-folder.ts";

/** Where the kernel writes a core file into the current folder, this can be seen. */
const isSeen = process.platform === "linux" && readFileSync("/proc/sys/kernel/core_pattern", "utf8").startsWith("core");
if (!isSeen) console.warn("SKIPPED: needs a kernel that writes core files into the current folder");

const temporary = tempFolder("/tmp");
const folder = temporary.path;
let asked = Promise.withResolvers<void>();
let agent: Bun.UnixSocketListener<undefined>;
beforeAll(() => {
  chmodSync(folder, 0o700);
  // It never answers, so that who asks is held in the middle.
  agent = Bun.listen({ unix: join(folder, "agent.sock"), socket: { data: () => asked.resolve() } });
});
afterAll(() => {
  agent?.stop(true);
  temporary[Symbol.dispose]();
});

/** Starts the command with core files allowed, ends it by SIGQUIT once it has begun, and gives the core files. */
async function coreFiles(command: string, begun: (child: Bun.Subprocess<"pipe", "pipe">) => Promise<unknown>) {
  const cwd = mkdtempSync(join(folder, "cwd-"));
  const child = Bun.spawn(["/bin/sh", "-c", `ulimit -c unlimited && exec ${command}`], {
    cwd,
    env: { ...process.env, VOUCH_RUNTIME_DIR: folder },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  await begun(child);
  child.kill("SIGQUIT");
  await child.exited;
  return readdirSync(cwd);
}

test.skipIf(!isSeen)("a program that is not ours leaves a core file, which proves the test", async () => {
  const files = await coreFiles("cat", async (child) => {
    void child.stdin.write("begun\n");
    await child.stdin.flush();
    await child.stdout.getReader().read();
  });
  expect(files).not.toEqual([]);
});

test.skipIf(!isSeen).each([
  ["exec", "exec -- true"],
  ["exec, by the careful side", "exec true"],
  ["the command line", "status"],
])("%s leaves no core file", async (_, args) => {
  asked = Promise.withResolvers<void>();
  expect(await coreFiles(`${executable} ${args}`, () => asked.promise)).toEqual([]);
});
