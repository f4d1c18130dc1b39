/** How a helper asks the agent and hears its parent: by system calls where they are to be had, else by the runtime. */
import { askThrough, type Route } from "../agent/question.ts";
import { VouchError } from "../errors.ts";
import { type Kernel, NotQuick, openKernel } from "./kernel.ts";

let kernel: Kernel | undefined;

/** Asks the agent one question; throws as `askThrough`. */
export function ask<Reply>(route: Route, body: unknown): Promise<Reply> {
  return quickly(
    (quick) => askThrough<Reply>(quick, route, body),
    async () => (await import("../agent/client.ts")).askAgent<Reply>(route, body),
  );
}

/** Reads lines from stdin until it ends. Throws `protocol_error` for one of more than `maxLength` characters. */
export async function* stdinLines(maxLength: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = "";
  for (;;) {
    const bytes = await quickly((quick) => quick.readStdin(), readStdin);
    if (bytes.length === 0) break;
    pending += decoder.decode(bytes, { stream: true });
    for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n")) {
      yield pending.slice(0, end);
      pending = pending.slice(end + 1);
    }
    if (pending.length > maxLength) {
      throw new VouchError("protocol_error", `Expected a line of at most ${maxLength} characters on stdin.`);
    }
  }
  if (pending !== "") yield pending;
}

let chunks: AsyncIterator<Uint8Array> | undefined;

async function readStdin(): Promise<Uint8Array> {
  chunks ??= Bun.stdin.stream()[Symbol.asyncIterator]();
  const { done, value } = await chunks.next();
  return done ? new Uint8Array(0) : value;
}

async function quickly<T>(attempt: (quick: Kernel) => T | Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    kernel ??= openKernel();
    return await attempt(kernel);
  } catch (error) {
    if (error instanceof NotQuick) return otherwise();
    throw error;
  }
}
