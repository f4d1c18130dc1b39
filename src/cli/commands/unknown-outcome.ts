/** Says of a change whose answer was lost that it may have been made, and what tells whether it was. */
import { Disconnected, OtherProtocol } from "../../agent/wire/question.ts";
import { VouchError } from "../../base/errors.ts";

/** Whether the change may have been made: its request went out to the agent or the server, and no answer came back. */
function isUnknown(error: VouchError): boolean {
  if (error.code !== "agent_unavailable") return error.code === "outcome_unknown";
  const { cause } = error;
  return !(cause instanceof OtherProtocol) && !(cause instanceof Disconnected && cause.reason === "descriptors");
}

/**
 * Resolves as `request`, which changes `what` (a clause: "the key is removed"); `tells`, a sentence, names the command
 * that shows it. Throws `outcome_unknown` if the answer was lost, and as `request`.
 */
export async function orUnknown<T>(request: Promise<T>, what: string, tells: string): Promise<T> {
  try {
    return await request;
  } catch (thrown) {
    const error = VouchError.from(thrown);
    if (!isUnknown(error)) throw thrown;
    throw new VouchError("outcome_unknown", `${error.message} It is not known whether ${what}.`, {
      hint: tells,
      cause: error,
    });
  }
}
