/**
 * `vouch --touch-to-publish`, which helpers start: shows who asks to publish what, and has the person's security key
 * answer. What is asked comes on stdin, as the agent has given it to the helper. Without a terminal a dialogue is
 * answered first: a blinking key alone, without words, invites a touch that was meant for something else.
 */
import * as v from "valibot";
import { askAgent } from "../../agent/wire/client.ts";
import { routes } from "../../agent/protocol.ts";
import { type HolderKind, holderKinds } from "../../agent/publishing/holder.ts";
import type { PublishFinishRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { touchToPublishSeconds } from "../../agent/wire/answer-limits.ts";
import { writeAll } from "../../base/system/output.ts";
import { nameOfProcess, processInfo } from "../../base/process/process-info.ts";
import { getAssertion } from "../../fido/webauthn/ceremony.ts";
import type { Deed } from "../../fido/webauthn/deed.ts";
import type { Pinentry } from "../pinentry/dialogue.ts";
import { quoted } from "../pinentry/quoted.ts";
import { untilInterrupted } from "../terminal/interrupt.ts";
import { announce } from "../terminal/prompt.ts";
import { success } from "../terminal/terminal.ts";
import { clockTime } from "../terminal/time.ts";
import { pinentryWithoutTerminal } from "./chosen-asker.ts";
import { agentTimeoutMs } from "./ceremony.ts";
import { withSecurityKey } from "./security-key.ts";

/** What of the limit is left for the touch at least. */
const touchSeconds = 10;
/** More than the agent's largest answer. */
const maxBytes = 1 << 20;

const Begun = v.object({
  ceremony: v.string(),
  server: v.pipe(v.string(), v.url()),
  approval: v.looseObject({}),
  asks: v.string(),
  holder: v.picklist(holderKinds),
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

/** Throws `access_denied`, and as `getAssertion`, `withSecurityKey` and `askAgent`. */
async function approve(begun: v.InferOutput<typeof Begun>): Promise<void> {
  const { ceremony, server, approval: options, asks } = begun;
  const deed = publishingBy(begun.holder);
  const pinentry = pinentryWithoutTerminal();
  let leftSeconds = touchToPublishSeconds;
  if (pinentry === undefined) announce(`${asks} Touch your security key to allow it.`);
  else leftSeconds = await confirmPublishing(pinentry, asks);
  const approval = await withSecurityKey(
    leftSeconds,
    (tools) => getAssertion({ ...tools, options, origin: new URL(server).origin, deed }),
    asks,
  );
  const request: PublishFinishRequest = { ceremony, approval };
  const { expiration } = await askAgent(routes.publishFinish, request, { timeoutMs: agentTimeoutMs });
  success(`Allowed until ${clockTime(expiration)}, for this command.`);
}

/**
 * Publishing by the package manager: the process that has started this one, which asks the agent, or that one's parent.
 * Throws `access_denied`.
 */
function publishingBy(kind: HolderKind): Deed {
  const asker = processInfo(process.ppid);
  const holder = kind === "self" ? asker : asker && processInfo(asker.parent);
  if (holder) return { purpose: "publish", about: nameOfProcess(holder) };
  throw new VouchError("access_denied", "The system does not say which program asks to publish.", {
    hint: "It has ended, or belongs to another user or container: publish again, from a program that this user has started.",
  });
}

/**
 * Asks whether to publish, and returns the seconds that are left for the touch. Throws `access_denied` for no,
 * `cancelled`, and as `Pinentry.confirm`.
 */
async function confirmPublishing(pinentry: Pinentry, asks: string): Promise<number> {
  const began = performance.now();
  const dialogue = {
    title: "publish",
    description: [
      "A program asks to publish with your security key. It says of itself:",
      `“${quoted(asks)}”`,
      "Vouch cannot check that. Allow it only if you have just begun it; then touch your security key.",
    ].join("\n\n"),
    ok: "Publish",
    cancel: "Refuse",
  };
  const allowed = await untilInterrupted((signal) =>
    pinentry.confirm(dialogue, { timeoutMs: (touchToPublishSeconds - touchSeconds) * 1000, signal }),
  ).catch((error: unknown) => {
    if (!(error instanceof VouchError) || error.code !== "cancelled") throw error;
    throw new VouchError("cancelled", "Publishing was not allowed: the dialogue was cancelled or not answered.");
  });
  if (!allowed) throw new VouchError("access_denied", "Publishing was not allowed in the dialogue.");
  return Math.max(touchSeconds, touchToPublishSeconds - Math.ceil((performance.now() - began) / 1000));
}
