/**
 * Asks the person for the touch that publishing needs, on the terminal of the package manager, else by a dialogue. The
 * security key is opened by a process of the command line: a helper loads nothing of it.
 */
import { type Reply, type Route, routes, type TokenReply } from "../agent/protocol.ts";
import type { PublishStartRequest, TokenRequest } from "../agent/requests.ts";
import { touchArgument } from "../base/purpose.ts";
import { hasTerminal } from "../base/process/controlling-terminal.ts";
import { findPinentry } from "../base/system/pinentry-program.ts";
import { isWireError, VouchError, type WireError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { turnMs } from "../agent/wire/answer-limits.ts";
import { ask } from "./ask.ts";
import { complain } from "./output.ts";
import type { Attempt } from "./attempt.ts";
import { PublishingRefused } from "./publishing-refused.ts";

/** How often a request is repeated that waits for its turn. */
const askAgainMs = 1_000;

/**
 * The reply to a question whose answer may need a touch first. `refusal` says why nobody shall be asked for one. Throws
 * `PublishingRefused` where a touch is needed and does not lead to the answer, else as `ask`.
 */
export async function askWithTouch<R extends Route>(
  route: R,
  body: unknown,
  start: PublishStartRequest,
  { left, refusal }: { left?: Attempt | undefined; refusal?: (() => VouchError | undefined) | undefined } = {},
): Promise<Reply<R>> {
  const isMissing = (failed: readonly { error: WireError }[] | undefined) =>
    failed?.some(({ error }) => error.code === "touch_needed") === true;
  try {
    const reply = await ask(route, body, left);
    if (!isMissing((reply as { failed?: { error: WireError }[] }).failed)) return reply;
    if (!mayAsk() || refusal?.() !== undefined) return ask(route, body);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "touch_needed") throw error;
    const refused = refusal?.() ?? (mayAsk() ? undefined : error);
    if (refused !== undefined) throw new PublishingRefused(refused);
  }
  try {
    await touchToPublish(start);
    return await ask(route, body);
  } catch (error) {
    throw new PublishingRefused(VouchError.from(error));
  }
}

interface Showing {
  refusal?: (() => VouchError | undefined) | undefined;
  command?: (() => Promise<string | undefined>) | undefined;
}

/**
 * The token for a URL: one for publishing after a touch, where it needs one. `command` says what runs, for the person who
 * is asked (shown-command.ts); `refusal` and errors as in `askWithTouch`.
 */
export async function askForToken(request: TokenRequest, { refusal, command }: Showing = {}): Promise<TokenReply> {
  if (request.purpose !== "publish") return ask(routes.token, request);
  const shown = await command?.();
  const { url, format, holder } = request;
  return askWithTouch(
    routes.token,
    request,
    {
      ...(url === undefined ? {} : { url }),
      ...(format === undefined ? {} : { format }),
      ...(holder === undefined ? {} : { holder }),
      ...(shown === undefined ? {} : { command: shown }),
    },
    { refusal },
  );
}

/** Whether a person can be asked: on the terminal, or by a dialogue of their pinentry. */
export function mayAsk(): boolean {
  return hasTerminal() || findPinentry(process.env) !== undefined;
}

/** Throws `touch_pending`, what went wrong with key, server or AWS, and as `ask`. */
async function touchToPublish(start: PublishStartRequest): Promise<void> {
  const begun = await whenItIsOurTurn(async () => ask(routes.publishStart, start));
  const child = Bun.spawn([process.execPath, touchArgument], {
    argv0: "vouch",
    // Which process the touch is for is the command line's to find, not for the socket to say.
    stdin: new TextEncoder().encode(JSON.stringify({ ...begun, holder: start.holder ?? "self" })),
    stdout: "pipe",
    stderr: "inherit",
  });
  const [said, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  if (exitCode === 0) return;
  await ask(routes.publishCancel, { ceremony: begun.ceremony }).catch(() => undefined);
  const error: unknown = parseJson(said);
  if (isWireError(error)) throw VouchError.fromWire(error);
  // The person ended it, or something else did.
  throw new VouchError("cancelled", "Publishing was not allowed: the question for the touch was ended.");
}

/**
 * What `begin` resolves with once no other request waits for the security key; says once which one does. Throws
 * `touch_pending` after two minutes, and as `begin`.
 */
async function whenItIsOurTurn<T>(begin: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + turnMs;
  for (let isFirst = true; ; isFirst = false, await Bun.sleep(askAgainMs)) {
    try {
      return await begin();
    } catch (error) {
      const isPending = error instanceof VouchError && error.code === "touch_pending";
      if (!isPending || performance.now() > deadline) throw error;
      if (isFirst)
        complain(
          new VouchError(
            error.code,
            `${error.message} Do not touch the key for this command yet: it waits for its turn.`,
          ),
        );
    }
  }
}
