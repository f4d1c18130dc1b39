/**
 * The terminal of the person, whatever stdin, stdout and stderr are: questions and answers over /dev/tty.
 * Input is read one byte at a time, so that what is typed ahead stays in the terminal for the next reader.
 */
import { closeSync, openSync, read, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { VouchError } from "../errors.ts";

/** How long a question waits for its answer. */
const answerTimeoutMs = 5 * 60_000;

export interface Tty {
  write(text: string): void;
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
 * back however this ends: answer, error, limit, SIGINT, SIGTERM, SIGHUP or exit.
 * Throws `usage` when there is no terminal, `cancelled` on a signal or when no answer comes within five minutes.
 */
export async function withTerminal<T>(mode: "raw" | "line", ask: (tty: Tty) => Promise<T>): Promise<T> {
  const fd = openTerminal();
  if (fd === undefined) {
    throw new VouchError("usage", "This needs a terminal to ask on, and there is none.", {
      hint: "Run it in a terminal window (with ssh: `ssh -t`; in a container: `docker run -it`).",
    });
  }
  const stream = new ReadStream(fd);
  const restore = (): void => {
    if (mode === "raw") stream.setRawMode(false);
  };
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const leave = (why: string): void => {
    writeSync(fd, "\n");
    reject(new VouchError("cancelled", why));
  };
  const onSignal = (): void => leave("Cancelled.");
  const limit = setTimeout(leave, answerTimeoutMs, `No answer within ${answerTimeoutMs / 60_000} minutes.`);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  process.on("exit", restore);
  try {
    if (mode === "raw") stream.setRawMode(true);
    const tty: Tty = { write: (text) => void writeSync(fd, text), readByte: () => readByte(fd) };
    return await Promise.race([ask(tty), interrupted]);
  } finally {
    clearTimeout(limit);
    restore();
    process.off("exit", restore);
    for (const signal of signals) process.off(signal, onSignal);
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

async function readByte(fd: number): Promise<number | undefined> {
  const buffer = Buffer.alloc(1);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  read(fd, buffer, 0, 1, null, (error, count) => (error ? reject(error) : resolve(count)));
  return (await promise) === 0 ? undefined : buffer[0];
}
