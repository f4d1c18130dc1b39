/** A running pinentry: one command at a time, each with a limit, and the end of the process. */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { withSafePath } from "../../base/system/path.ts";
import { trace } from "../../base/trace.ts";
import { encodeCommand, LineSplitter, parseResponse, refused, type Response } from "./lines.ts";

/** The limit on the lines of one answer, and on its data in bytes: a PIN has 63. */
const maxLines = 100;
const maxDataBytes = 1024;
/** How long it may take to end by itself, restoring a terminal, before it is killed. */
const graceMs = 1000;

/** What an answer has: OK with data and status lines, or an error of the program. */
export interface Answer {
  /** The caller zeroes it. */
  data: Uint8Array;
  statuses: string[];
  error: { code: number; text: string } | undefined;
}

export interface Limits {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export class PinentryConnection {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  readonly #reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> };
  readonly #lines = new LineSplitter();
  readonly #pending: Response[] = [];

  /** Starts the program. Throws `command_not_executable`. */
  constructor(file: string, args: string[], env: Environment) {
    trace("program", `${file}, for a dialogue`);
    try {
      this.#child = Bun.spawn([file, ...args], {
        env: withSafePath(env),
        stdin: "pipe",
        stdout: "pipe",
        stderr: "ignore",
      });
    } catch (error) {
      throw new VouchError("command_not_executable", `${file} cannot be started.`, { cause: error });
    }
    this.#reader = this.#child.stdout.getReader();
  }

  /** Reads the greeting. Throws as `send`. */
  async greeting(limits: Limits): Promise<void> {
    if ((await this.#answer(limits)).error !== undefined) throw refused("an error in place of its greeting");
  }

  /**
   * Sends a command and reads its answer. Throws `timeout`, `cancelled` (by the signal), `protocol_error` for an answer
   * that is none; the connection is of no use then.
   */
  async send(name: string, parameter: string | undefined, limits: Limits): Promise<Answer> {
    const command = encodeCommand(name, parameter);
    try {
      void this.#child.stdin.write(command);
      await this.#child.stdin.flush();
    } catch {
      // It has ended: the answer says so.
    }
    return this.#answer(limits);
  }

  /** Ends the program: by SIGINT, on which one with a terminal restores it, then by SIGKILL. */
  async end(): Promise<void> {
    this.#wipe();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGINT");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.#child.exited;
    clearTimeout(timer);
  }

  async #answer({ timeoutMs, signal }: Limits): Promise<Answer> {
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(new VouchError("cancelled", "Cancelled.", { cause: signal?.reason }));
    const timer = setTimeout(
      () =>
        reject(new VouchError("timeout", `The pinentry program did not answer within ${timeoutMs / 1000} seconds.`)),
      timeoutMs,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([this.#collect(), stopped]);
    } catch (error) {
      this.#wipe();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #collect(): Promise<Answer> {
    const data = new Uint8Array(maxDataBytes);
    let length = 0;
    const statuses: string[] = [];
    try {
      for (let lines = 0; lines < maxLines; lines++) {
        const response = await this.#next();
        if (response.kind === "ok") return { data: data.slice(0, length), statuses, error: undefined };
        if (response.kind === "error") return { data: new Uint8Array(0), statuses, error: response };
        if (response.kind === "status") statuses.push(response.keyword);
        if (response.kind !== "data") continue;
        const { bytes } = response;
        const fits = length + bytes.length <= maxDataBytes;
        if (fits) data.set(bytes, length);
        length += bytes.length;
        bytes.fill(0);
        if (!fits) throw refused(`more than ${maxDataBytes} bytes`);
      }
      throw refused(`more than ${maxLines} lines for one command`);
    } finally {
      data.fill(0);
    }
  }

  async #next(): Promise<Response> {
    for (;;) {
      const response = this.#pending.shift();
      if (response !== undefined) return response;
      const { done, value } = await this.#reader.read();
      if (done || value === undefined) throw refused("nothing more: it has ended");
      this.#lines.feed(value, (line) => void this.#pending.push(parseResponse(line)));
      if (this.#pending.length > maxLines) throw refused(`more than ${maxLines} lines at once`);
    }
  }

  #wipe(): void {
    this.#lines.wipe();
    for (const response of this.#pending.splice(0)) if (response.kind === "data") response.bytes.fill(0);
  }
}
