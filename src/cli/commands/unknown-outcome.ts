/** Says of a change whose answer was lost, or not waited for, that it may have been made, and what tells whether it was. */
import { Disconnected, OtherProtocol } from "../../agent/wire/question.ts";
import { VouchError } from "../../base/errors.ts";
import { untilInterrupted } from "../terminal/interrupt.ts";

/** Whether the change may have been made: its request went out to the agent or the server, and no answer came back. */
function isUnknown(error: VouchError): boolean {
  if (error.code !== "agent_unavailable") return error.code === "outcome_unknown";
  const { cause } = error;
  return !(cause instanceof OtherProtocol) && !(cause instanceof Disconnected && cause.reason === "descriptors");
}

/**
 * Resolves as `request`, which changes `what` (a clause: "the key is removed"); `tells`, a sentence, names the command
 * that shows it; `keep` stores what that command needs. Ctrl-C waits three seconds more for the answer. Throws
 * `outcome_unknown` if the answer was lost or not waited for, and as `request`.
 */
export async function orUnknown<T>(
  request: () => Promise<T>,
  what: string,
  tells: string,
  keep: () => void = () => {},
): Promise<T> {
  let answered: { failure: unknown } | undefined;
  try {
    return await untilInterrupted(() =>
      request().catch((failure: unknown) => {
        answered = { failure };
        throw failure;
      }),
    );
  } catch (interruption) {
    const error = VouchError.from(answered === undefined ? interruption : answered.failure);
    if (answered !== undefined && !isUnknown(error)) throw answered.failure;
    keep();
    throw new VouchError("outcome_unknown", `${error.message} It is not known whether ${what}.`, {
      hint: tells,
      cause: error,
    });
  }
}
