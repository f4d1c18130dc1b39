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

/**
 * As `complain`, of what keeps the token from a command of that name, which goes on: without a session its own last words
 * are of a 401, of `npm login` or of a package that does not exist, and this process, which becomes it, cannot add to them.
 */
export function complainBefore(name: string, error: VouchError): void {
  if (!/^(login_needed|session_expired)$/.test(error.code)) return complain(error);
  const effect = `${name} goes on without a token: if it ends with a 401, or finds no package, that is why.`;
  complain(new VouchError(error.code, `${error.message} ${effect}`, { hint: error.hint }));
}

/** Writes a sentence for a person to stderr, on one line. */
export function complainOfText(sentence: string): void {
  console.error(`vouch: ${printable(sentence)}`);
}

/** Writes one line per endpoint that got no token while others did, with the reason; `name`: of a command that goes on. */
export function complainOf(failed: EnvironmentReply["failed"] = [], name?: string): void {
  const reasons = new Map(failed.map(({ error }) => [error.message, error]));
  for (const wire of reasons.values()) {
    const error = VouchError.fromWire(wire);
    if (name === undefined) complain(error);
    else complainBefore(name, error);
  }
}

/** Ends a helper that failed: the error to stderr, its exit code to the parent. */
export function exitWith(error: unknown): never {
  const failed = VouchError.from(error);
  complain(failed);
  process.exit(failed.exitCode);
}
