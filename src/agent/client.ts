/** Asks the agent. The helpers load this file, so it imports next to nothing and checks by hand. */
import { isWireError, VouchError } from "../errors.ts";
import { maxBodyBytes, protocolVersion, routes } from "./protocol.ts";
import { findAgentSocket } from "./socket.ts";

type Route = (typeof routes)[keyof typeof routes];

/** Enough for a whole chain of upstream calls on a cold agent, with its retries. */
const defaultTimeoutMs = 30_000;

/**
 * Asks one question and resolves with the agent's reply. `timeoutMs` limits the whole exchange.
 * Throws the VouchError that the agent answers with, `login_needed` when no agent is running, `agent_untrusted` when
 * its folder or socket is not to be trusted, `agent_unavailable` when it dies, is silent or speaks another version.
 */
export async function askAgent<Reply>(
  route: Route,
  body: unknown = {},
  options: { timeoutMs?: number } = {},
): Promise<Reply> {
  const socket = await findAgentSocket();
  if (socket === undefined) throw notRunning();
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`http://vouch${route}`, {
      unix: socket,
      redirect: "error",
      signal,
      headers: { "vouch-protocol": `${protocolVersion}` },
      ...(route === routes.status ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    checkHead(response);
    text = await response.text();
  } catch (error) {
    if (error instanceof VouchError) throw error;
    const { code } = error as { code?: unknown };
    if (code === "ECONNREFUSED" || code === "ENOENT") throw notRunning();
    if (signal.aborted) throw unavailable(`did not answer within ${timeoutMs / 1000} seconds`, error);
    throw unavailable(`went away before it answered`, error);
  }
  return readReply(response, text) as Reply;
}

function checkHead({ headers }: Response): void {
  const version = headers.get("vouch-protocol");
  if (version !== `${protocolVersion}`) {
    throw unavailable(`is of another version: expected protocol ${protocolVersion}, got ${version ?? "none"}`);
  }
  const length = Number(headers.get("content-length") ?? Number.NaN);
  if (!(length <= maxBodyBytes)) {
    throw unavailable(`answered out of bounds: expected at most ${maxBodyBytes} bytes, got ${length}`);
  }
}

function readReply(response: Response, text: string): unknown {
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch (error) {
    throw unavailable("gave an answer that is not JSON", error);
  }
  if (typeof reply !== "object" || reply === null) throw unavailable("gave an answer that is not an object");
  if (response.ok) return reply;
  const { error } = reply as { error?: unknown };
  throw isWireError(error) ? VouchError.fromWire(error) : unavailable(`answered with status ${response.status}`);
}

function notRunning(): VouchError {
  return new VouchError("login_needed", "Not logged in: the Vouch agent is not running.", {
    hint: "Run `vouch login`.",
  });
}

function unavailable(why: string, cause?: unknown): VouchError {
  return new VouchError("agent_unavailable", `The Vouch agent ${why}.`, {
    hint: "Run `vouch agent stop`, then `vouch login`.",
    cause,
  });
}
