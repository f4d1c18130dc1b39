/**
 * The only place that speaks to people. The rules:
 *
 * - What was asked for goes to stdout (a status, a help text, JSON); everything else goes to stderr.
 * - A question, and an act that only a person can do (a touch), goes to the terminal itself, so that it is seen when
 *   the caller has captured stderr.
 * - An error says what and why; a hint says the next command. No stack, no "oops", no exclamation mark.
 * - Whole sentences, the names of the specifications, commands in backticks. One line for one event; no spinners.
 * - Colour only on a terminal and never as the only carrier of a meaning. NO_COLOR, FORCE_COLOR and TERM=dumb count.
 * - What others sent us (server, AWS, files) is printed without its control characters.
 */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { type ConsolaInstance, createConsola } from "consola/core";
import type { VouchError } from "../errors.ts";

const stdout = 1;
const stderr = 2;

/** Styles. The codes are removed again where the output goes to a place that wants none. */
export const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
export const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;
export const red = (text: string): string => `\x1b[31m${text}\x1b[39m`;
export const green = (text: string): string => `\x1b[32m${text}\x1b[39m`;
export const yellow = (text: string): string => `\x1b[33m${text}\x1b[39m`;

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

/**
 * The text without control characters other than line ends and tabs, and without marks that reorder it. The codes of
 * our own styles stay when `color` is set.
 */
export function printable(text: string, color: boolean): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069](?:\[(?:[12]|22|3[1-3]|39)m)?/gu, (found) =>
    found.length > 1 && color ? found : "",
  );
}

const speech: ConsolaInstance = createConsola({
  throttle: 0,
  reporters: [
    {
      log({ type, args }) {
        const text = args.join(" ");
        writeLine(stderr, type === "warn" ? `${yellow("warning:")} ${text}` : text);
      },
    },
  ],
});

/** Prints a result on stdout. */
export function print(line: string): void {
  writeLine(stdout, line);
}

/** Prints a value as JSON on stdout. */
export function printJson(value: unknown): void {
  writeLine(stdout, JSON.stringify(value, null, 2));
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

/** Shows an error on stderr: what and why, then the hint. An internal error asks for a report; giving up is no error. VOUCH_DEBUG=1 adds the cause. */
export function showError(error: VouchError): void {
  const lines = [error.code === "cancelled" ? error.message : `${red("error:")} ${error.message}`];
  if (error.hint !== undefined) lines.push(`${bold("hint:")} ${error.hint}`);
  const debug = process.env["VOUCH_DEBUG"] === "1";
  if (debug) lines.push(Bun.inspect(error.cause ?? error, { colors: false }));
  else if (error.code === "internal_error") {
    lines.push(`${bold("hint:")} This is a fault in Vouch. Please report it, with what VOUCH_DEBUG=1 shows.`);
  }
  speech.error(lines.join("\n"));
}

function writeLine(fd: number, line: string): void {
  const bytes = Buffer.from(`${printable(line, wantsColor(isatty(fd)))}\n`);
  let offset = 0;
  let waits = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that went away (`vouch status | head -1`) is no error of ours.
      if (code === "EPIPE") return;
      // A pipe that is full and does not block: the reader gets 10 seconds.
      if (code !== "EAGAIN" || ++waits > 1000) throw error;
      Bun.sleepSync(10);
    }
  }
}
