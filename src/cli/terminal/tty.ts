/**
 * Prompts over the controlling terminal /dev/tty, independent of stdin, stdout and stderr. Reads one byte at a time,
 * so that type-ahead stays in the terminal's buffer for the next reader.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { VouchError } from "../../base/errors.ts";
import { widthOf } from "./width.ts";

/** Timeout of a prompt. */
const answerTimeoutMs = 5 * 60_000;

/** Polling interval for terminal input. */
const pollMs = 20;

/** Catchable terminating signals: the terminal's mode (echo) must be restored on each. */
const endingSignals = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGALRM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGVTALRM",
  "SIGXCPU",
] as const;

export interface Tty {
  write(text: string): void;
  /** Discards type-ahead. */
  discardInput(): void;
  /** Reads one byte; undefined at the end of input. */
  readByte(): Promise<number | undefined>;
}

/** Writes to the controlling terminal, whose width `text` may go by. Returns false if there is none. */
export function writeToTerminal(text: string | ((width: number | undefined) => string)): boolean {
  const fd = openTerminal();
  if (fd === undefined) return false;
  try {
    writeSync(fd, typeof text === "string" ? text : text(widthOf(fd)));
  } finally {
    closeSync(fd);
  }
  return true;
}

/**
 * Runs one prompt on the terminal. `raw` disables echo, line editing and signals; the mode is restored on every way
 * out: answer, error, timeout, `signal`, system signal, exit.
 * Throws `usage` without a terminal, `cancelled` on a signal or after five minutes without an answer.
 */
export async function withTerminal<T>(
  mode: "raw" | "line",
  ask: (tty: Tty) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const fd = openTerminal();
  if (fd === undefined) {
    throw new VouchError("usage", "This needs a terminal to ask on, and there is none.", {
      hint: "Run it in a terminal window (with ssh: `ssh -t`; in a container: `docker run -it`).",
    });
  }
  const stream = new ReadStream(fd);
  const input = openSync("/dev/tty", constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  const restore = (): void => {
    if (mode === "raw") stream.setRawMode(false);
  };
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  let atLineStart = true;
  const leave = (why: string): void => {
    if (!atLineStart) writeSync(fd, "\n");
    reject(new VouchError("cancelled", why));
  };
  const onSignal = (): void => leave("Cancelled.");
  const onAbort = (): void => reject(new VouchError("cancelled", "The question was taken back."));
  const limit = setTimeout(leave, answerTimeoutMs, `No answer within ${answerTimeoutMs / 60_000} minutes.`);
  for (const name of endingSignals) process.on(name, onSignal);
  // Suspended (SIGTSTP), restore the terminal mode for other programs; on SIGCONT, set it again.
  const onStop = (): void => {
    restore();
    process.kill(process.pid, "SIGSTOP");
  };
  const onContinue = (): void => {
    if (mode === "raw") stream.setRawMode(true);
  };
  process.on("SIGTSTP", onStop);
  process.on("SIGCONT", onContinue);
  process.on("exit", restore);
  signal?.addEventListener("abort", onAbort);
  const over = new AbortController();
  try {
    if (signal?.aborted) onAbort();
    if (mode === "raw") stream.setRawMode(true);
    const tty: Tty = {
      write: (text) => {
        atLineStart = text.endsWith("\n");
        writeSync(fd, text);
      },
      discardInput: () => {
        while (readByteNow(input) instanceof Buffer);
      },
      readByte: () => readByte(input, over.signal),
    };
    return await Promise.race([ask(tty), interrupted]);
  } finally {
    over.abort();
    clearTimeout(limit);
    restore();
    process.off("exit", restore);
    signal?.removeEventListener("abort", onAbort);
    for (const name of endingSignals) process.off(name, onSignal);
    process.off("SIGTSTP", onStop);
    process.off("SIGCONT", onContinue);
    closeSync(input);
    stream.destroy();
  }
}

function openTerminal(): number | undefined {
  try {
    return openSync("/dev/tty", "r+");
  } catch {
    return undefined;
  }
}

/**
 * Polls for a byte: a pending blocking read could not be cancelled and would swallow input for the next prompt. (Not
 * every platform's event loop can watch /dev/tty.)
 */
async function readByte(fd: number, over: AbortSignal): Promise<number | undefined> {
  for (;;) {
    over.throwIfAborted();
    const byte = readByteNow(fd);
    if (byte !== "nothing") return byte?.[0];
    await delay(pollMs);
  }
}

/** Non-blocking read of one byte; "nothing" if none is available; undefined at the end of input. */
function readByteNow(fd: number): Buffer | "nothing" | undefined {
  const buffer = Buffer.alloc(1);
  try {
    return readSync(fd, buffer, 0, 1, null) === 0 ? undefined : buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "nothing";
    throw error;
  }
}
