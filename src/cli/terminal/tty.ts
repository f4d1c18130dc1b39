/**
 * The terminal of the person, whatever stdin, stdout and stderr are: questions and answers over /dev/tty.
 * Input is read one byte at a time, so that what is typed ahead stays in the terminal for the next reader.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { VouchError } from "../../base/errors.ts";

/** How long a question waits for its answer. */
const answerTimeoutMs = 5 * 60_000;

/** How often the terminal is asked whether something was typed. */
const pollMs = 20;

/** The signals that end a process and that it may take: none may leave the terminal without its echo. */
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
  /** Drops the lines that were typed already. */
  discardInput(): void;
  /** One byte, or undefined at the end of the input. */
  readByte(): Promise<number | undefined>;
}

/** Writes to the terminal of this process. Returns false when there is none. */
export function writeToTerminal(text: string): boolean {
  const fd = openTerminal();
  if (fd === undefined) return false;
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
  return true;
}

/**
 * Runs one question on the terminal. With `raw` the terminal neither echoes nor edits nor makes signals; it is put
 * back however this ends: answer, error, limit, `signal`, a signal of the system or exit.
 * Throws `usage` when there is no terminal, `cancelled` on a signal or when no answer comes within five minutes.
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
  // Stopped, the process leaves the terminal to others as it found it, and takes it up again when it goes on.
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
 * Waits for a byte without a read under way, which nothing could take back: it would swallow what is typed for the next
 * question. (Event loops differ in whether they can watch /dev/tty.)
 */
async function readByte(fd: number, over: AbortSignal): Promise<number | undefined> {
  for (;;) {
    over.throwIfAborted();
    const byte = readByteNow(fd);
    if (byte !== "nothing") return byte?.[0];
    await delay(pollMs);
  }
}

/** One byte; "nothing" when none has been typed; undefined at the end of the input. */
function readByteNow(fd: number): Buffer | "nothing" | undefined {
  const buffer = Buffer.alloc(1);
  try {
    return readSync(fd, buffer, 0, 1, null) === 0 ? undefined : buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "nothing";
    throw error;
  }
}
