/** One input, and the judgement on what became of it. */
import { type ErrorCode, VouchError } from "../../src/base/errors.ts";
import { canary, pin } from "./corpus.ts";
import type { Surroundings } from "./surroundings/surroundings.ts";
import type { Input, Target } from "./target.ts";
import { Violation } from "./surroundings/violation.ts";
import { turn } from "./surroundings/virtual-time.ts";

/** How an input ended well: with a value, or with a typed error. */
export type Outcome = "value" | ErrorCode;

/** What a person is shown of an error is at most this long, in characters. */
const MAX_MESSAGE = 500;
/** Control characters, line ends among them, and marks that reorder what is read. */
const unprintable = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** Has the target read the input. Throws a Violation, or whatever else the code should not have thrown. */
export async function attempt(target: Target, input: Input, around: Surroundings): Promise<Outcome> {
  around.time.reset();
  around.allocation.reset();
  try {
    const value = target.run(input, around.time);
    if (value instanceof Promise) await settled(value, around);
    return "value";
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    // A reader that turns every error into one of its own must not hide what was found.
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      if (cause instanceof Violation) throw cause;
    }
    judge(error, target);
    return error.code;
  }
}

async function settled(work: Promise<unknown>, { rejections }: Surroundings): Promise<void> {
  try {
    await work;
  } finally {
    // A rejection is known to be unhandled only when everything has had its turn.
    await turn();
    const [reason] = rejections.take();
    // oxlint-disable-next-line no-unsafe-finally -- what was found counts for more than how the work ended
    if (reason !== undefined) throw new Violation("a rejection that nobody handles", { cause: reason });
  }
}

function judge(error: VouchError, target: Target): void {
  const { message, hint = "" } = error.toWire();
  for (const text of [message, hint]) {
    if (text.includes(pin)) throw new Violation("the PIN is in a message");
    if (target.passesWordsOn === true) continue;
    if (text.includes(canary)) throw new Violation(`the peer's words are in a message: ${JSON.stringify(text)}`);
    if (text.length > MAX_MESSAGE) throw new Violation(`a message of ${text.length} characters`);
    if (unprintable.test(text)) throw new Violation(`control characters in a message: ${JSON.stringify(text)}`);
  }
  if (!Number.isInteger(error.exitCode)) throw new Violation(`the code ${error.code} has no exit code`);
}
