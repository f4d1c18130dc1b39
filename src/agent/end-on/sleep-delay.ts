/**
 * logind's delay lock: it waits with the sleep, five seconds by default, until the lock is released. `systemd-inhibit`
 * holds it as long as its program runs, which ends when the agent's end of the pipe is closed, however the agent ends.
 */
import type { Environment } from "../../base/environment.ts";
import { findOnPath, withSafePath } from "../../base/system/path.ts";
import type { Watch } from "./watcher.ts";

export const inhibitProgram = "systemd-inhibit";

export function sleepDelay(env: Environment): Watch {
  return async (stop, working) => {
    const file = findOnPath(inhibitProgram, env);
    if (file === undefined) throw new Error(`${inhibitProgram} is not on PATH`);
    const why = "Ends the Vouch session first";
    const options = ["--what=sleep", "--mode=delay", "--who=Vouch", `--why=${why}`];
    const child = Bun.spawn([file, ...options, "cat"], {
      env: withSafePath(env),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    // Fails where the program has ended.
    const release = () => void (async () => child.stdin.end())().catch(() => {});
    stop.addEventListener("abort", release, { once: true });
    try {
      // The program is started when the lock is held: it then repeats what it is told.
      await child.stdin.write("\n");
      await child.stdin.flush();
      const { done } = await child.stdout.getReader().read();
      if (!done) working();
      const exitCode = await child.exited;
      if (!stop.aborted) throw new Error(`${inhibitProgram} ended with exit code ${exitCode}`);
    } finally {
      release();
      stop.removeEventListener("abort", release);
    }
  };
}
