/** What a helper says. `console` is native here and synchronous; node:fs and the stream objects are slow to load. */
import type { EnvironmentReply } from "../agent/protocol.ts";
import { VouchError } from "../errors.ts";

/** Writes one line to stdout. */
export function print(line: string): void {
  console.log(line);
}

/** Writes an error for a person to stderr: the message, then the next command, on one line. */
export function complain(error: VouchError): void {
  console.error(`vouch: ${error.message}${error.hint === undefined ? "" : ` ${error.hint}`}`);
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
