/**
 * `vouch status --prompt`: how long the session lasts, for a shell's prompt. Every prompt starts it, so that it loads next
 * to nothing, waits for no slow agent, and says nothing where there is no session.
 */
import { routes } from "../agent/protocol.ts";
import { VouchError } from "../base/errors.ts";
import { ask } from "./ask.ts";
import type { Attempt } from "./attempt.ts";
import { print } from "./output.ts";

/** A prompt is waited for: an agent that hangs must not hold it up. Milliseconds. */
const timeoutMs = 500;

/** `left` is what the first stage has done. Resolves with the exit code: that of the reason, if nothing is printed. */
export async function runStatusPrompt(left: Attempt | undefined): Promise<number> {
  try {
    const { text } = await ask(routes.timeLeft, {}, left, timeoutMs);
    await print(text);
    return 0;
  } catch (error) {
    return VouchError.from(error).exitCode;
  }
}
