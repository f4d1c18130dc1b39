/** The developer's hands: commands as they are typed, shown with what they say. */
import type { Finished, Laptop } from "../laptop.ts";
import { showCommand, showOutput } from "./narrator.ts";

interface Typed {
  cwd?: string;
  /** The exit code that the command must have. */
  expect?: number;
  /**
   * `own`: a terminal where the security key can be touched. `none`: not even that of whoever has started the demo, on
   * which a program could ask. Without either, nobody types, but that one is there.
   */
  terminal?: "own" | "none";
}

const limitMs = 180_000;

/** Runs a command line, shows it and what it says, and returns that. Throws if it ends with another exit code. */
export async function type(at: Laptop, line: string, { cwd, expect = 0, terminal }: Typed = {}): Promise<string> {
  showCommand(line);
  const command = ["sh", "-c", line];
  const where = { cwd: cwd ?? at.home, timeoutMs: limitMs };
  const runs = { own: at.runOnTerminal.bind(at), none: runAlone.bind(undefined, at.env) };
  const run = terminal === undefined ? at.run.bind(at) : runs[terminal];
  const { exitCode, stdout, stderr } = await run(command, where);
  showOutput(stdout + stderr);
  if (exitCode !== expect) throw new Error(`\`${line}\` ended with ${exitCode}, expected ${expect}`);
  return stdout + stderr;
}

/** In a session of its own, which has no terminal. */
async function runAlone(env: Laptop["env"], command: string[], { cwd }: { cwd: string }): Promise<Finished> {
  const child = Bun.spawn(command, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}
