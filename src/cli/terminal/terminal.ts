/**
 * All human-readable output goes through this module. The rules:
 *
 * - Requested results go to stdout (a status, a help text, JSON); everything else goes to stderr.
 * - Prompts and required user actions (a touch) go to the terminal itself, so that they are visible if the caller has
 *   redirected stderr.
 * - An error states what and why; its hint is the next command. No stack, no "oops", no exclamation mark.
 * - Full sentences, the specifications' terms, commands in backticks. One line per event; no spinners.
 * - Colour only on a terminal, and never as the only carrier of meaning. Respects NO_COLOR, FORCE_COLOR, TERM=dumb.
 * - Untrusted text (server, AWS, files) passes `printable`: one line, no control or invisible characters, no styles,
 * not
 *   even ours.
 */
import { isatty } from "node:tty";
import { type ConsolaInstance, createConsola } from "consola/core";
import type { Environment } from "../../base/environment.ts";
import type { VouchError } from "../../base/errors.ts";
import { writeAll, writeResult } from "../../base/system/output.ts";
import { printable, printableJson } from "../../base/words/printable.ts";
import { isTracing } from "../../base/trace.ts";
import { widthOf } from "./width.ts";
import { wrapMessage } from "./wrap.ts";

const stdout = 1;
const stderr = 2;

/**
 * Prefix of style marks, random per process so that untrusted text cannot forge one (it may contain terminal codes).
 * `render` replaces the marks with terminal codes, or drops them for output without colour.
 */
const mark = `\u{e000}${crypto.randomUUID()}:`;
const marks = new RegExp(`${mark}([0-9]+);`, "g");
const style = (on: number, off: number) => (text: string) => `${mark}${on};${text}${mark}${off};`;

export const bold = style(1, 22);
export const dim = style(2, 22);
export const red = style(31, 39);
export const green = style(32, 39);
export const yellow = style(33, 39);

/**
 * Whether to use colour. Precedence: FORCE_COLOR (0 or false: none), NO_COLOR (any non-empty value: none,
 * no-color.org), TERM=dumb (none), then whether the output is a terminal.
 */
export function wantsColor(isTerminal: boolean, env: Environment = process.env): boolean {
  const force = env["FORCE_COLOR"];
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  if (env["NO_COLOR"]) return false;
  return isTerminal && env["TERM"] !== "dumb";
}

/** Formats an output line: cleaned by `printable`, indentation kept, our styles as terminal codes if `color` is set. */
export function render(line: string, color: boolean): string {
  const indent = /^ */.exec(line)![0];
  return indent + styled(printable(line), color);
}

function styled(text: string, color: boolean): string {
  return text.replace(marks, color ? "\x1b[$1m" : "");
}

const speech: ConsolaInstance = createConsola({
  throttle: 0,
  reporters: [
    {
      log({ type, args }) {
        const text = args.join(" ");
        writeLines(stderr, [type === "warn" ? `${yellow("warning:")} ${text}` : text]);
      },
    },
  ],
});

/** Prints one line of a result on stdout; a line end in it is untrusted and becomes a space. Throws `output_failed`. */
export function print(line: string): void {
  writeLines(stdout, [line]);
}

/** Prints trusted text verbatim, with its line ends, on stdout: help, a script. Throws `output_failed`. */
export function printText(text: string): void {
  write(stdout, `${styled(text, wantsColor(isatty(stdout)))}\n`);
}

/** Prints a value as JSON on stdout. Throws `output_failed`. */
export function printJson(value: unknown): void {
  write(stdout, `${printableJson(value, 2)}\n`);
}

/** Prints progress or the next step on stderr. */
export function note(line: string): void {
  speech.info(line);
}

/** Prints a warning on stderr; the work continues. */
export function warn(line: string): void {
  speech.warn(line);
}

/** Prints a success message on stderr. */
export function success(line: string): void {
  speech.success(`${green("✓")} ${line}`);
}

/** Prints a trace line on stderr; the caller has cleaned it. */
export function showTrace(line: string): void {
  write(stderr, `${line}\n`);
}

/**
 * Prints an error on stderr: what and why, then the hint. An internal error asks for a bug report; a cancellation is
 * not shown as an error. VOUCH_DEBUG=1 adds the cause.
 */
export function showError(error: VouchError): void {
  const lines = [error.code === "cancelled" ? error.message : `${red("error:")} ${error.message}`];
  // Lines to be written into a file by hand are our own; any other line end may be a stranger's.
  const [hint, ...toWrite] = error.code === "edit_conflict" ? (error.hint?.split("\n") ?? []) : [error.hint];
  if (hint !== undefined) lines.push(`${bold("hint:")} ${hint}`, ...toWrite.map((line) => `  ${line}`));
  if (isTracing()) lines.push(...causesOf(error));
  else if (error.code === "internal_error") {
    lines.push(`${bold("hint:")} This is a fault in Vouch. Please report it, with what VOUCH_DEBUG=1 shows.`);
  }
  writeLines(stderr, lines);
}

/** The error's code and the messages of its causes; the stack only of an internal error, which is ours to find. */
function causesOf(error: VouchError): string[] {
  if (error.code === "internal_error") return Bun.inspect(error.cause ?? error, { colors: false }).split("\n");
  const lines = [`${dim("code:")} ${error.code}`];
  const seen = new Set<unknown>();
  for (let cause = error.cause; cause !== undefined && cause !== null && !seen.has(cause);) {
    seen.add(cause);
    const { code, message } = cause as { code?: unknown; message?: unknown };
    const text = typeof message === "string" ? message : Bun.inspect(cause, { colors: false, depth: 1 });
    lines.push(`${dim("cause:")} ${text}${typeof code === "string" ? ` (${code})` : ""}`);
    cause = (cause as { cause?: unknown }).cause;
  }
  return lines;
}

function writeLines(fd: number, lines: readonly string[]): void {
  const color = wantsColor(isatty(fd));
  // Results stay as they are: they have columns, or are for copying.
  const width = fd === stderr ? widthOf(fd) : undefined;
  write(fd, lines.map((line) => `${wrapMessage(render(line, color), width)}\n`).join(""));
}

/**
 * Writes the whole text. Throws `output_failed` if writing to stdout fails. Ignores a failed write to stderr: the exit
 * code still reports the error.
 */
function write(fd: number, text: string): void {
  if (fd === stdout) return writeResult(text);
  try {
    writeAll(fd, text);
  } catch {
    // Nothing is left to report it on.
  }
}
