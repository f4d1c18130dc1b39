/**
 * What helpers ask the agent, and what they read from stdin, through Bun's APIs, on every platform. On Linux the first
 * stage (src/first-stage) tries first.
 */
import type { Reply, Route } from "../agent/protocol.ts";
import { defaultTimeoutMs } from "../agent/wire/answer-limits.ts";
import { askThrough, checkedReply, readAnswer } from "../agent/wire/question.ts";
import { VouchError } from "../base/errors.ts";
import { namingLog } from "../agent/wire/log-path.ts";
import type { Attempt } from "./attempt.ts";

/**
 * Sends one request: to the agent or, where a job has an identity instead of a session, to this process itself. A reply
 * that the first stage has already received (`left`) is not requested again. Throws as `askThrough` and
 * `answerInProcess`.
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
    // Loaded late: on its way to the agent a helper reads no file, and the settings may choose a job's identity.
    const { answerInProcess, atUnknownServer, isIdentityChosen } = await inProcess();
    if (!isIdentityChosen()) throw atUnknownServer(error);
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
  /** Whether to go on where the first stage has stopped: Bun's reader would restart at the beginning of a file. */
  readonly #continues: boolean;
  #reader: ReturnType<typeof openStdin> | undefined;
  #pending: string;

  /** Starts with the bytes that the first stage has read. */
  constructor(maxLength: number, left: Attempt | undefined) {
    this.#maxLength = maxLength;
    this.#continues = left !== undefined;
    this.#pending = this.#decoder.decode(left?.stdin ?? new Uint8Array(0), { stream: true });
  }

  /**
   * The next line, without its line end; undefined at the end of stdin. Throws `protocol_error` for a line that is too
   * long, `file_error` if stdin cannot be read.
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

  /** The runtime's reader is never replaced once it runs: two readers would reorder the input. */
  async #read(): Promise<Uint8Array | undefined> {
    try {
      if (this.#reader === undefined && this.#continues) {
        const bytes = await (await import("../base/system/descriptor.ts")).readNext(0);
        if (bytes !== undefined) return bytes;
      }
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
