/** How a helper asks the agent and hears its parent: by system calls where they are to be had, else by the runtime. */
import { agentSocket, askThrough, defaultTimeoutMs, explain, requestFor, type Route } from "../agent/question.ts";
import { VouchError } from "../errors.ts";
import { connect, exchange, lstat, NotQuick, readStdin } from "./kernel.ts";

/**
 * Asks one question: of the agent, or, where a job was given an identity in place of a session, in this process.
 * Throws as `askThrough` and `answerInProcess`.
 */
export async function ask<Reply>(route: Route, body: unknown, timeoutMs = defaultTimeoutMs): Promise<Reply> {
  if (process.env["VOUCH_IDENTITY"]) return (await inProcess()).answerInProcess(route, body) as Promise<Reply>;
  try {
    return await askAgent<Reply>(route, body, timeoutMs);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "login_needed") throw error;
    // Only now, because a helper reads no file on its way to the agent: the settings may say who a job is.
    const { answerInProcess, isIdentityChosen } = await inProcess();
    if (!isIdentityChosen()) throw error;
    return answerInProcess(route, body) as Promise<Reply>;
  }
}

const inProcess = () => import("../agent/in-process.ts");

async function askAgent<Reply>(route: Route, body: unknown, timeoutMs: number): Promise<Reply> {
  try {
    return exchange(connect(agentSocket(lstat), timeoutMs), requestFor(route, body), timeoutMs) as Reply;
  } catch (error) {
    if (!(error instanceof NotQuick)) throw explain(error, timeoutMs);
    return askThrough<Reply>(await import("../agent/runtime.ts"), route, body, timeoutMs);
  }
}

const decoder = new TextDecoder();
let pending = "";
let reader: ReturnType<typeof openStdin> | undefined;

/**
 * The next line of stdin, without its end; undefined when stdin has ended.
 * Throws `protocol_error` for one of more than `maxLength` characters.
 */
export async function stdinLine(maxLength: number): Promise<string | undefined> {
  for (;;) {
    const end = pending.indexOf("\n");
    if (end >= 0) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 1);
      return line;
    }
    if (pending.length > maxLength) {
      throw new VouchError("protocol_error", `Expected a line of at most ${maxLength} characters on stdin.`);
    }
    const bytes = quickStdin() ?? (await slowStdin());
    if (bytes.length === 0) {
      const rest = pending;
      pending = "";
      return rest === "" ? undefined : rest;
    }
    pending += decoder.decode(bytes, { stream: true });
  }
}

/** What stands on stdin, by a system call; undefined when one did not go well, and from then on. */
function quickStdin(): Uint8Array | undefined {
  if (reader !== undefined) return undefined;
  try {
    return readStdin();
  } catch {
    return undefined;
  }
}

async function slowStdin(): Promise<Uint8Array> {
  reader ??= openStdin();
  const { value } = await reader.next();
  return value ?? new Uint8Array(0);
}

function openStdin() {
  return Bun.stdin.stream()[Symbol.asyncIterator]();
}
