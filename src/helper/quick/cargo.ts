/** Cargo's requests for a token, one line each, as long as all goes well. cargo.ts knows the whole protocol. */
import type { Attempt } from "../attempt.ts";
import { ask, openSystem, tokenRoute } from "./agent.ts";

/** Greets and answers. Ends the process at the end of stdin; returns what is left when something is not plain. */
export function answerCargo(): Attempt {
  console.log('{"v":[1]}');
  const system = openSystem();
  if (system === undefined) return { spentMs: 0 };
  const { libc, chunk, attempt } = system;
  attempt.readStdin = () => {
    const count = libc.read(0, chunk, chunk.length);
    return count < 0 ? undefined : chunk.slice(0, count);
  };
  for (;;) {
    const count = libc.read(0, chunk, chunk.length);
    if (count === 0) process.exit(0);
    if (count < 0) return attempt;
    // One character for each byte: what is not ASCII in the URL is not asked for here.
    const line = String.fromCharCode.apply(null, chunk.subarray(0, count) as unknown as number[]);
    attempt.stdin = line;
    if (line.indexOf("\n") !== count - 1) return attempt;
    let url: unknown;
    try {
      const request = JSON.parse(line);
      if (request.v !== 1 || request.kind !== "get") return attempt;
      url = request.registry["index-url"];
    } catch {
      return attempt;
    }
    if (typeof url !== "string") return attempt;
    const reply = ask(system, tokenRoute, JSON.stringify({ url, format: "cargo" }));
    if (reply === undefined) return attempt;
    const { token, expiration } = reply as { token: string; expiration: number };
    console.log(
      JSON.stringify({ Ok: { kind: "get", token, cache: "expires", expiration, operation_independent: true } }),
    );
    attempt.stdin = "";
  }
}
