/** How a helper asks the agent and hears its parent: by system calls where they are to be had, else by the runtime. */
import { askThrough, type Route } from "../agent/question.ts";
import { VouchError } from "../errors.ts";
import { type Kernel, NotQuick, openKernel } from "./kernel.ts";

let kernel: Kernel | undefined;

/**
 * Asks one question: of the agent, or, where a job was given an identity in place of a session, in this process.
 * Throws as `askThrough` and `answerInProcess`.
 */
export async function ask<Reply>(route: Route, body: unknown): Promise<Reply> {
  if (process.env["VOUCH_IDENTITY"]) return (await inProcess()).answerInProcess(route, body) as Promise<Reply>;
  try {
    return await askAgent<Reply>(route, body);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "login_needed") throw error;
    // Only now, because a helper reads no file on its way to the agent: the settings may say who a job is.
    const { answerInProcess, isIdentityChosen } = await inProcess();
    if (!isIdentityChosen()) throw error;
    return answerInProcess(route, body) as Promise<Reply>;
  }
}

const inProcess = () => import("../agent/in-process.ts");

async function askAgent<Reply>(route: Route, body: unknown): Promise<Reply> {
  try {
    return await askThrough<Reply>((kernel ??= openKernel()), route, body);
  } catch (error) {
    if (!(error instanceof NotQuick)) throw error;
    return (await import("../agent/client.ts")).askAgent<Reply>(route, body);
  }
}

/** Reads lines from stdin until it ends. Throws `protocol_error` for one of more than `maxLength` characters. */
export async function* stdinLines(maxLength: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const bytes of stdinChunks()) {
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

/** What stdin gives, by system calls until one does not go well, from then on by the runtime alone. */
async function* stdinChunks(): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const bytes = (kernel ??= openKernel()).readStdin();
      if (bytes.length === 0) return;
      yield bytes;
    }
  } catch (error) {
    if (!(error instanceof NotQuick)) throw error;
  }
  yield* Bun.stdin.stream();
}
