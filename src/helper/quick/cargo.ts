/**
 * Cargo's requests for a token, one line each, as long as all goes well: the agent reads them and answers in Cargo's own
 * words. cargo.ts knows the whole protocol.
 */
import type { CargoReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { ask, cargoRoute, isTime, openSystem, print } from "./agent.ts";

/** `{"v":[1]}` and a line end. */
const greeting = new Uint8Array([0x7b, 0x22, 0x76, 0x22, 0x3a, 0x5b, 0x31, 0x5d, 0x7d, 0x0a]);

/** Greets and answers. Ends the process at the end of stdin; returns what is left when something is not plain. */
export function answerCargo(): Attempt {
  const system = openSystem();
  if (system === undefined) return { spentMs: 0 };
  const { syscall, chunk, attempt } = system;
  if (!print(system, greeting)) return attempt;
  attempt.greeted = true;
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
    const { Ok: ok } = (ask(system, cargoRoute, line.slice(0, end)) ?? {}) as Partial<CargoReply>;
    if (ok?.kind !== "get" || ok.cache !== "expires" || !ok.operation_independent) return attempt;
    if (typeof ok.token !== "string" || ok.token === "" || ok.token.includes(" ")) return attempt;
    if (!isTime(ok.expiration)) return attempt;
    const bodyEnd = system.bodyStart + system.body.length;
    chunk[bodyEnd] = 0x0a;
    if (!print(system, chunk.subarray(system.bodyStart, bodyEnd + 1))) return attempt;
    attempt.stdin = "";
  }
}
