/**
 * What a helper says: protocol on stdout as it is, words for people on stderr, cleaned. `console` is native here and
 * synchronous, but does not tell what went wrong; node:fs is slow to load, and is loaded where it is needed.
 */
import type { EnvironmentReply } from "../agent/protocol.ts";
import { VouchError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";

/** Writes one line of a protocol to stdout. Throws `output_failed` when it does not take all of it. */
export async function print(line: string): Promise<void> {
  // Not Bun.write: it waits for a full pipe that does not block with all of a processor's time.
  (await import("../base/output.ts")).writeAll(1, `${line}\n`);
}

/** Writes an error for a person to stderr: the message, then the next command, on one line. */
export function complain(error: VouchError): void {
  complainOfText(`${error.message}${error.hint === undefined ? "" : ` ${error.hint}`}`);
}

/** Writes a sentence for a person to stderr, on one line. */
export function complainOfText(sentence: string): void {
  console.error(`vouch: ${printable(sentence)}`);
}

/** Writes one line for each reason why an endpoint got no token while others did. */
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
