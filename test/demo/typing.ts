/** The developer's hands: commands as they are typed, shown with what they say. */
import type { Laptop } from "../laptop.ts";
import { showCommand, showOutput } from "./narrator.ts";

interface Typed {
  cwd?: string;
  /** The exit code that the command must have. */
  expect?: number;
  /** In a terminal, where the security key can be touched; else nothing is one. */
  inTerminal?: boolean;
}

/** Runs a command line, shows it and what it says, and returns that. Throws if it ends with another exit code. */
export async function type(at: Laptop, line: string, { cwd, expect = 0, inTerminal }: Typed = {}): Promise<string> {
  showCommand(line);
  const where = { cwd: cwd ?? at.home, timeoutMs: 180_000 };
  const { exitCode, stdout, stderr } = await (inTerminal
    ? at.runOnTerminal(["sh", "-c", line], where)
    : at.run(["sh", "-c", line], where));
  showOutput(stdout + stderr);
  if (exitCode !== expect) throw new Error(`\`${line}\` ended with ${exitCode}, expected ${expect}`);
  return stdout + stderr;
}
