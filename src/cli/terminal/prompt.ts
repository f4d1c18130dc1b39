/** Prompts on the terminal. */
import { isatty } from "node:tty";
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { LineEditor } from "./line-editor.ts";
import { printable } from "../../base/words/printable.ts";
import { note, render } from "./terminal.ts";
import { wrapMessage } from "./wrap.ts";
import { type Tty, withTerminal, writeToTerminal } from "./tty.ts";

/** Limit of a line from the terminal or stdin. */
const maxLineBytes = 4096;

/** Timeout for a line from a stdin that is not a terminal. */
const stdinTimeoutMs = 10_000;

/**
 * Prompts for a secret without echo. Throws `cancelled` if the user cancels (Ctrl-C, Ctrl-D on the empty line), `usage`
 * without a terminal.
 */
export function promptSecret(label: string): Promise<Secret> {
  return withTerminal("raw", async (tty) => {
    tty.write(`${printable(label)}: `);
    const editor = new LineEditor();
    try {
      for (;;) {
        const byte = await tty.readByte();
        const event = byte === undefined ? ({ kind: "cancelled" } as const) : editor.feed(byte);
        if (event?.kind === "line") return new Secret(event.text);
        if (event?.kind === "cancelled") throw new VouchError("cancelled", "Cancelled.");
        if (event?.kind === "invalid") throw new VouchError("usage", `What was typed is not taken: ${event.reason}.`);
      }
    } finally {
      tty.write("\n");
    }
  });
}

/** Prompts for a line with echo and returns it trimmed. Throws as `promptSecret`. */
export function promptText(label: string): Promise<string> {
  return withTerminal("line", async (tty) => {
    tty.write(`${printable(label)}: `);
    return readLine(tty);
  });
}

/** Asks a yes-or-no question; Enter picks the default, other input repeats the prompt. Throws as `promptSecret`. */
export function confirm(question: string, defaultAnswer: boolean): Promise<boolean> {
  return withTerminal("line", async (tty) => {
    for (;;) {
      tty.write(`${printable(question)} ${defaultAnswer ? "[Y/n]" : "[y/N]"} `);
      const answer = (await readLine(tty)).toLowerCase();
      if (answer === "") return defaultAnswer;
      if (answer === "y" || answer === "yes") return true;
      if (answer === "n" || answer === "no") return false;
    }
  });
}

/**
 * Prompts for a choice by its number; Enter picks the one with the index `proposed`. Returns its index. Throws as
 * `promptSecret`.
 */
export function promptChoice(question: string, choices: readonly string[], proposed = 0): Promise<number> {
  return withTerminal("line", async (tty) => {
    const list = choices.map((choice, index) => `  ${index + 1}  ${printable(choice)}\n`).join("");
    tty.write(`${printable(question)}\n${list}`);
    for (;;) {
      tty.write(`Number from 1 to ${choices.length} [${proposed + 1}]: `);
      const answer = await readLine(tty);
      if (answer === "") return proposed;
      const number = /^[0-9]{1,3}$/.test(answer) ? Number(answer) : 0;
      if (number >= 1 && number <= choices.length) return number - 1;
    }
  });
}

/**
 * Announces a line and waits for Enter on the terminal until `over` is aborted; without one, announces the other line.
 * Returns true for Enter; false if `over` is aborted first, at the end of input, and without a terminal. Discards
 * earlier input and does not echo: the user may type a PIN too early. Ctrl-C acts as usual.
 */
export async function announceUntilEnter(
  line: string,
  lineWithoutTerminal: string,
  over: AbortSignal,
): Promise<boolean> {
  const ask = async (tty: Tty): Promise<boolean> => {
    tty.discardInput();
    announce(line);
    for (;;) {
      const byte = await tty.readByte();
      if (byte === undefined) return false;
      if (byte === 0x0d || byte === 0x0a) return true;
      if (byte === 0x03) process.kill(process.pid, "SIGINT");
    }
  };
  try {
    return await withTerminal("raw", ask, over);
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    if (error.code === "usage") announce(lineWithoutTerminal);
    return false;
  }
}

/**
 * Reads a one-time code: the first line of stdin if that is a pipe or file, else from a terminal prompt.
 * Throws `usage` if stdin ends or times out (10 seconds) without one, `file_error` if it cannot be read.
 */
export async function readCode(label: string): Promise<string> {
  if (isatty(0)) return promptText(label);
  const code = await readStdinLine();
  if (code !== "") return code;
  throw new VouchError("usage", "No code came on stdin, which is not a terminal.", {
    hint: "Run the command in a terminal, or write the code to its stdin.",
  });
}

/** Announces a required user action, on the terminal even if stderr is redirected. */
export function announce(line: string): void {
  const isShown = !isatty(2) && writeToTerminal((width) => `${wrapMessage(render(line, false), width)}\n`);
  if (!isShown) note(line);
}

async function readLine(tty: Tty): Promise<string> {
  const bytes: number[] = [];
  for (;;) {
    const byte = await tty.readByte();
    if (byte === undefined && bytes.length === 0) {
      tty.write("\n");
      throw new VouchError("cancelled", "Cancelled.");
    }
    if (byte === undefined || byte === 0x0a) return Buffer.from(bytes).toString("utf8").trim();
    if (bytes.push(byte) > maxLineBytes) throw new VouchError("usage", `Expected at most ${maxLineBytes} bytes.`);
  }
}

async function readStdinLine(): Promise<string> {
  const { promise: limit, resolve } = Promise.withResolvers<"limit">();
  const timer = setTimeout(() => resolve("limit"), stdinTimeoutMs);
  let reader: ReturnType<typeof openStdin> | undefined;
  let text = "";
  const decoder = new TextDecoder();
  try {
    const opened = (reader = openStdin());
    while (!text.includes("\n") && text.length <= maxLineBytes) {
      const part = await Promise.race([opened.read(), limit]);
      if (part === "limit" || part.done) break;
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new VouchError("file_error", `Stdin cannot be read (${code ?? "it failed"}).`, {
      hint: "Run the command in a terminal, or write the code to its stdin.",
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    // Not awaited: a pending read settles only when the other end writes or closes.
    void reader?.cancel().catch(() => {});
  }
  return text.split("\n", 1)[0]!.trim();
}

function openStdin() {
  return Bun.stdin.stream().getReader();
}
