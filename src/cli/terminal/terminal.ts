/**
 * The only place that speaks to people. The rules:
 *
 * - What was asked for goes to stdout (a status, a help text, JSON); everything else goes to stderr.
 * - A question, and an act that only a person can do (a touch), goes to the terminal itself, so that it is seen when
 *   the caller has captured stderr.
 * - An error says what and why; a hint says the next command. No stack, no "oops", no exclamation mark.
 * - Whole sentences, the names of the specifications, commands in backticks. One line for one event; no spinners.
 * - Colour only on a terminal and never as the only carrier of a meaning. NO_COLOR, FORCE_COLOR and TERM=dumb count.
 * - What others sent us (server, AWS, files) passes `printable`: one line, no control or invisible characters, and no
 *   style, not even one of ours.
 */
import { isatty } from "node:tty";
import { type ConsolaInstance, createConsola } from "consola/core";
import type { VouchError } from "../../base/errors.ts";
import { writeAll } from "../../base/output.ts";
import { printable, printableJson } from "../../base/printable.ts";

const stdout = 1;
const stderr = 2;

/**
 * Our own styles travel as marks that nobody outside this process can write: strangers' text may hold the very codes of a
 * terminal. `render` turns the marks into codes, or drops them where the output goes to a place that wants none.
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
 * Whether output may carry colour. FORCE_COLOR decides first (0 or false: none), then NO_COLOR (any value but the
 * empty one: none, no-color.org), then TERM=dumb (none), then whether it is a terminal.
 */
export function wantsColor(isTerminal: boolean, env: Record<string, string | undefined> = process.env): boolean {
  const force = env["FORCE_COLOR"];
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  if (env["NO_COLOR"]) return false;
  return isTerminal && env["TERM"] !== "dumb";
}

/** One line as it is written: cleaned by `printable`, indented as it was, our own styles as codes when `color` is set. */
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

/** Prints one line of a result on stdout; a line end in it is not ours and becomes a blank. */
export function print(line: string): void {
  writeLines(stdout, [line]);
}

/** Prints a text that is ours alone, with its line ends, on stdout: help, a script. */
export function printText(text: string): void {
  write(stdout, `${styled(text, wantsColor(isatty(stdout)))}\n`);
}

/** Prints a value as JSON on stdout. Throws `output_failed`. */
export function printJson(value: unknown): void {
  write(stdout, `${printableJson(value, 2)}\n`);
}

/** Says on stderr what happens or is to be done next. */
export function note(line: string): void {
  speech.info(line);
}

/** Says on stderr what is not as it should be, although the work goes on. */
export function warn(line: string): void {
  speech.warn(line);
}

/** Says on stderr that something was done. */
export function success(line: string): void {
  speech.success(`${green("✓")} ${line}`);
}

/** Writes a line of the trace, which has been cleaned, on stderr. */
export function showTrace(line: string): void {
  write(stderr, `${line}\n`);
}

/** Shows an error on stderr: what and why, then the hint. An internal error asks for a report; giving up is no error. VOUCH_DEBUG=1 adds the cause. */
export function showError(error: VouchError): void {
  const lines = [error.code === "cancelled" ? error.message : `${red("error:")} ${error.message}`];
  if (error.hint !== undefined) lines.push(`${bold("hint:")} ${error.hint}`);
  const debug = process.env["VOUCH_DEBUG"] === "1";
  if (debug) lines.push(...Bun.inspect(error.cause ?? error, { colors: false }).split("\n"));
  else if (error.code === "internal_error") {
    lines.push(`${bold("hint:")} This is a fault in Vouch. Please report it, with what VOUCH_DEBUG=1 shows.`);
  }
  writeLines(stderr, lines);
}

function writeLines(fd: number, lines: readonly string[]): void {
  const color = wantsColor(isatty(fd));
  write(fd, lines.map((line) => `${render(line, color)}\n`).join(""));
}

/** Whether this process has written to stdout already. */
let hasPrinted = false;

/**
 * Writes all of it. Throws `output_failed` when stdout does not take it; an error on stderr has nowhere to be said, and the
 * exit code goes on telling.
 */
function write(fd: number, text: string): void {
  try {
    writeAll(fd, text);
    if (fd === stdout) hasPrinted = true;
  } catch (error) {
    if (fd === stderr) return;
    // A reader that has seen enough (`vouch status | head -1`) is no error of ours.
    const { code } = (error as VouchError).cause as NodeJS.ErrnoException;
    if (code === "EPIPE" && hasPrinted) return;
    throw error;
  }
}
