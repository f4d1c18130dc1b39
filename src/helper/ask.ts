/** How a helper asks the agent and hears its parent by means of the runtime, on every platform; helper/quick comes first. */
import type { Reply, Route } from "../agent/protocol.ts";
import { askThrough, checkedReply, defaultTimeoutMs, readAnswer } from "../agent/wire/question.ts";
import { VouchError } from "../base/errors.ts";
import { namingLog } from "../agent/wire/log-path.ts";
import type { Attempt } from "./attempt.ts";

/**
 * Asks one question: of the agent, or, where a job was given an identity in place of a session, in this process. What the
 * agent has answered already (`left`) is not asked again. Throws as `askThrough` and `answerInProcess`.
 */
export async function ask<R extends Route>(
  route: R,
  body: unknown,
  left?: Attempt,
  timeoutMs = defaultTimeoutMs,
): Promise<Reply<R>> {
  if (process.env["VOUCH_IDENTITY"]) return (await inProcess()).answerInProcess(route, body) as Promise<Reply<R>>;
  try {
    return await askAgent(route, body, left, timeoutMs);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "login_needed") throw error;
    // Only now, because a helper reads no file on its way to the agent: the settings may say who a job is.
    const { answerInProcess, isIdentityChosen } = await inProcess();
    if (!isIdentityChosen()) throw error;
    return answerInProcess(route, body) as Promise<Reply<R>>;
  }
}

const inProcess = () => import("../agent/job/in-process.ts");

async function askAgent<R extends Route>(
  route: R,
  body: unknown,
  left: Attempt | undefined,
  timeoutMs: number,
): Promise<Reply<R>> {
  const { answered, spentMs = 0 } = left ?? {};
  if (answered?.route === route && answered.body === JSON.stringify(body)) {
    try {
      return checkedReply(route, readAnswer(answered.answer, true));
    } catch (error) {
      throw namingLog(error, (await import("../agent/wire/runtime.ts")).lstat);
    }
  }
  return askThrough(await import("../agent/wire/runtime.ts"), route, body, timeoutMs, spentMs);
}

/** The lines of stdin. */
export class StdinLines {
  readonly #decoder = new TextDecoder();
  readonly #maxLength: number;
  readonly #readStdin: Attempt["readStdin"];
  #reader: ReturnType<typeof openStdin> | undefined;
  #pending: string;

  /** What the short way has read already comes first. */
  constructor(maxLength: number, { stdin = "", readStdin }: Partial<Attempt> = {}) {
    this.#maxLength = maxLength;
    this.#readStdin = readStdin;
    this.#pending = this.#decoder.decode(Buffer.from(stdin, "latin1"), { stream: true });
  }

  /**
   * The next line, without its end; undefined when stdin has ended. Throws `protocol_error` for one that is too long,
   * `file_error` when stdin cannot be read.
   */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#pending.indexOf("\n");
      if (end >= 0) {
        const line = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end + 1);
        return line;
      }
      if (this.#pending.length > this.#maxLength) {
        throw new VouchError("protocol_error", `Expected a line of at most ${this.#maxLength} characters on stdin.`);
      }
      const bytes = await this.#read();
      if (bytes === undefined || bytes.length === 0) {
        const rest = this.#pending;
        this.#pending = "";
        return rest === "" ? undefined : rest;
      }
      this.#pending += this.#decoder.decode(bytes, { stream: true });
    }
  }

  /** Once the runtime's reader is at work it stays, so that nothing changes its order. */
  async #read(): Promise<Uint8Array | undefined> {
    const bytes = this.#reader === undefined ? this.#readStdin?.() : undefined;
    if (bytes !== undefined) return bytes;
    try {
      const reader = (this.#reader ??= openStdin());
      return (await reader.read()).value;
    } catch (error) {
      const { code } = error as { code?: unknown };
      throw new VouchError("file_error", `Stdin cannot be read (${typeof code === "string" ? code : "it failed"}).`, {
        hint: "Check what was put in its place.",
        cause: error,
      });
    }
  }
}

function openStdin() {
  return Bun.stdin.stream().getReader();
}
