/**
 * `vouch --touch-to-publish`, which helpers start: shows who asks to publish what, and has the person's security key
 * answer. What is asked comes on stdin, as the agent has given it to the helper.
 */
import * as v from "valibot";
import { askAgent } from "../../agent/wire/client.ts";
import { routes } from "../../agent/protocol.ts";
import type { PublishFinishRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { writeAll } from "../../base/system/output.ts";
import { getAssertion } from "../../fido/webauthn/ceremony.ts";
import { announce } from "../terminal/prompt.ts";
import { success } from "../terminal/terminal.ts";
import { clockTime } from "../terminal/time.ts";
import { agentTimeoutMs } from "./ceremony.ts";
import { withSecurityKey } from "./security-key.ts";

/** The server waits a minute. */
const timeoutSeconds = 50;
/** More than the agent's largest answer. */
const maxBytes = 1 << 20;

const Begun = v.object({
  ceremony: v.string(),
  server: v.pipe(v.string(), v.url()),
  approval: v.looseObject({}),
  asks: v.string(),
});

/**
 * Returns the exit code 0. Ends the process where the touch failed, with the error on stdout: the helper that has started
 * it says it, in the way of its package manager. Throws `usage`.
 */
export async function touchToPublish(): Promise<number> {
  const text = await Bun.stdin.text();
  const begun = v.safeParse(Begun, text.length > maxBytes ? undefined : parseJson(text));
  if (!begun.success) {
    throw new VouchError("usage", "--touch-to-publish is an argument that the executable gives itself.", {
      hint: "Leave it out.",
    });
  }
  try {
    await approve(begun.output);
    return 0;
  } catch (error) {
    const failed = VouchError.from(error);
    writeAll(1, JSON.stringify(failed.toWire()));
    // A cancelled prompt, or a key that hangs, would keep the process alive.
    process.exit(failed.exitCode);
  }
}

/** Throws as `getAssertion`, `withSecurityKey` and `askAgent`. */
async function approve({ ceremony, server, approval: options, asks }: v.InferOutput<typeof Begun>): Promise<void> {
  announce(`${asks} Touch your security key to allow it.`);
  const approval = await withSecurityKey(
    timeoutSeconds,
    (tools) => getAssertion({ ...tools, options, origin: new URL(server).origin }),
    asks,
  );
  const request: PublishFinishRequest = { ceremony, approval };
  const { expiration } = await askAgent(routes.publishFinish, request, { timeoutMs: agentTimeoutMs });
  success(`Allowed until ${clockTime(expiration)}, for this command.`);
}
