/** The agent's client of the command line, through Bun's APIs: it may wait, and can be interrupted. */
import { peerOf } from "./peer.ts";
import { VouchError } from "../../base/errors.ts";
import { type Reply, type Route, routes, type StatusReply } from "../protocol.ts";
import { askThrough, isGone } from "./question.ts";
import * as runtime from "./runtime.ts";
import { checked, findAgentSocket } from "./socket.ts";

/** lstat(2). Throws `agent_untrusted` if access is denied. */
export const lstat = checked(runtime.lstat);

/** Sends one request and resolves with the agent's reply; throws as `askThrough`. */
export async function askAgent<R extends Route>(
  route: R,
  body?: unknown,
  { timeoutMs }: { timeoutMs?: number } = {},
): Promise<Reply<R>> {
  return askThrough(runtime, route, body, timeoutMs);
}

/** Timeout of the status request; it needs no network, so an agent that exceeds it hangs. */
const statusTimeoutMs = 10_000;

/** The agent's status; undefined if none is running. Throws as `askAgent` (an untrusted socket). */
export async function askStatus(timeoutMs: number = statusTimeoutMs): Promise<StatusReply | undefined> {
  const ask = () => askAgent(routes.status, undefined, { timeoutMs });
  try {
    return await ask().catch((error: unknown) => {
      if (isGone(error)) return ask();
      throw error;
    });
  } catch (error) {
    if (error instanceof VouchError && error.code === "login_needed") return undefined;
    throw error;
  }
}

/**
 * The process that listens on the agent's socket, by peer credentials; undefined if there is none, or if it is another
 * user's. Throws `agent_untrusted`.
 */
export async function listenerPid(): Promise<number | undefined> {
  const found = findAgentSocket(lstat);
  if (found === undefined) return undefined;
  try {
    const socket = await Bun.connect({ unix: found.path, socket: { data() {} } });
    const peer = peerOf((socket as unknown as { fd: number }).fd);
    socket.terminate();
    return peer?.uid === process.geteuid?.() && peer?.pid !== process.pid ? peer?.pid : undefined;
  } catch {
    return undefined;
  }
}
