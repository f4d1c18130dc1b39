/** The worms, each in a package that somebody installs, on a laptop where somebody is logged in (`npm run worm`). */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { requires } from "../requires.ts";
import { attempts, worms } from "./attempts.ts";

const isLinux = process.platform === "linux";
const canRun = isLinux && requires("npm", "cargo", "pip", "python3", "cc", "gcore", "git", "setpriv", "unshare");

test.skipIf(!canRun).each(worms)(
  "the worm in a package of %s publishes nothing, adds no key, and finds no token lying about; all that it asked for is in `vouch log`, and what it got is what the threat model says",
  async (worm) => {
    const command = [process.execPath, join(import.meta.dir, "main.ts"), "--only", worm, "--json"];
    const run = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [said, errors, exitCode] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
      run.exited,
    ]);
    expect(exitCode === 0 ? "" : `${said}${errors}`).toBe("");
    expect(JSON.parse(said.trim().split("\n").at(-1)!)).toEqual({
      attempts: attempts.length,
      publishes: 0,
      keys_added: 0,
      tokens_in_env_files_descriptors: 0,
      unlogged_asks: 0,
      tokens_by_memory: expect.any(Number),
      tokens_by_pipe_race: expect.any(Number),
      ptrace_scope: expect.any(Number),
    });
  },
  900_000,
);
