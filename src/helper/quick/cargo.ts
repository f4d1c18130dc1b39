/**
 * Cargo's requests for a token, one line each, as long as all goes well: the agent reads them and answers in Cargo's own
 * words. cargo.ts knows the whole protocol.
 */
import type { Attempt } from "../attempt.ts";
import { ask, cargoRoute, openSystem } from "./agent.ts";

/** Greets and answers. Ends the process at the end of stdin; returns what is left when something is not plain. */
export function answerCargo(): Attempt {
  console.log('{"v":[1]}');
  const system = openSystem();
  if (system === undefined) return { spentMs: 0 };
  const { syscall, chunk, attempt } = system;
  attempt.readStdin = () => {
    const count = syscall(system.read, 0, chunk, chunk.length, 0, 0, 0);
    return count < 0 ? undefined : chunk.slice(0, count);
  };
  for (;;) {
    const count = syscall(system.read, 0, chunk, chunk.length, 0, 0, 0);
    if (count === 0) process.exit(0);
    if (count < 0) return attempt;
    // One character for each byte: what is not ASCII is not asked here.
    const line = String.fromCharCode.apply(null, chunk.subarray(0, count) as unknown as number[]);
    attempt.stdin = line;
    const end = line.indexOf("\n");
    if (end !== count - 1) return attempt;
    const answer = ask(system, cargoRoute, line.slice(0, end));
    if (answer === undefined) return attempt;
    console.log(answer);
    attempt.stdin = "";
  }
}
