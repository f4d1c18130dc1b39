/**
 * Output of helpers: protocol lines on stdout unchanged, messages for people on stderr, sanitized. `console` is native
 * and synchronous here but does not report write errors; node:fs is slow to load and is loaded only if it is needed.
 */
import type { EnvironmentReply } from "../agent/protocol.ts";
import { VouchError } from "../base/errors.ts";
import { printable } from "../base/words/printable.ts";

/** Writes one protocol line to stdout. Throws `output_failed` if stdout does not take all of it. */
export async function print(line: string): Promise<void> {
  // Not Bun.write: on a full non-blocking pipe it busy-waits.
  (await import("../base/system/output.ts")).writeAll(1, `${line}\n`);
}

/** Writes an error for a person to stderr: the message, then the next command, on one line. */
export function complain(error: VouchError): void {
  complainOfText(`${error.message}${error.hint === undefined ? "" : ` ${error.hint}`}`);
}

/** Writes a sentence for a person to stderr, on one line. */
export function complainOfText(sentence: string): void {
  console.error(`vouch: ${printable(sentence)}`);
}

/** Writes one line per endpoint that got no token while others did, with the reason. */
export function complainOf(failed: EnvironmentReply["failed"] = []): void {
  const reasons = new Map(failed.map(({ error }) => [error.message, error]));
  for (const error of reasons.values()) complain(VouchError.fromWire(error));
}

/** Ends a helper that failed: the error to stderr, its exit code to the parent. */
export function exitWith(error: unknown): never {
  const failed = VouchError.from(error);
  complain(failed);
  process.exit(failed.exitCode);
}
