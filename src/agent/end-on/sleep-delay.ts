/**
 * logind's delay lock: it waits with the sleep, five seconds by default, until the lock is released. `systemd-inhibit`
 * holds it as long as its program runs, which ends when the agent's end of the pipe is closed, however the agent ends.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../base/environment.ts";
import { printable } from "../../base/words/printable.ts";
import { findOnPath, withSafePath } from "../../base/system/path.ts";
import type { Watch } from "./watcher.ts";

export const inhibitProgram = "systemd-inhibit";

/** The limit on what is shown of its stderr, in characters. */
const maxSaid = 200;
/** The limit on reading its stderr once it has ended, in milliseconds. */
const saidMs = 1_000;

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
      stderr: "pipe",
    });
    const said = firstLine(child.stderr);
    // Fails where the program has ended.
    const release = () => void (async () => child.stdin.end())().catch(() => {});
    stop.addEventListener("abort", release, { once: true });
    try {
      // The program is started when the lock is held: it then repeats what it is told. Where it has ended before, its exit
      // code and stderr say why.
      await (async () => {
        await child.stdin.write("\n");
        await child.stdin.flush();
      })().catch(() => {});
      const { done } = await child.stdout.getReader().read();
      if (!done) working();
      const exitCode = await child.exited;
      release();
      if (!stop.aborted) {
        throw new Error(
          [`${inhibitProgram} ended with exit code ${exitCode}`, ...(await Promise.race([said, late()]))].join(": "),
        );
      }
    } finally {
      release();
      stop.removeEventListener("abort", release);
    }
  };
}

/** Nothing, once the end of stderr is late: a process that the program has left behind may hold it open. */
async function late(): Promise<string[]> {
  return sleep(saidMs, [], { ref: false });
}

/** The first line that a program says, if any; reads all of it, so that the program never waits. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  let text = "";
  for await (const chunk of stream) if (text.length < maxSaid) text += Buffer.from(chunk).toString();
  const line = printable(text.trim().split("\n", 1)[0]!.slice(0, maxSaid));
  return line === "" ? [] : [line];
}
