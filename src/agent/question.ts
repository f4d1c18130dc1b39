/**
 * One question to the agent as HTTP/1.1 over its Unix socket, whatever carries the bytes. The helpers load this file:
 * it imports next to nothing and checks by hand.
 */
import { isWireError, VouchError } from "../errors.ts";
import { maxBodyBytes, protocolVersion, routes } from "./protocol.ts";
import { findAgentSocket, type Lstat, utf8Length } from "./socket.ts";

export type Route = (typeof routes)[keyof typeof routes];

/** Enough for a whole chain of upstream calls on a cold agent, with its retries. */
const defaultTimeoutMs = 30_000;
/** The largest answer, head and body, in bytes. */
const maxHeadBytes = 8_192;
const maxAnswerBytes = maxHeadBytes + maxBodyBytes;

/** What a question needs of the operating system. */
export interface System {
  lstat: Lstat;
  /**
   * Connects to the socket, sends the request and gives what comes back, until it is whole or the other side closes.
   * Throws a `Disconnected`.
   */
  exchange(path: string, request: Uint8Array, limits: ExchangeLimits): Uint8Array | Promise<Uint8Array>;
}

export interface ExchangeLimits {
  timeoutMs: number;
  maxBytes: number;
  /** Whether what has come so far is all. */
  isWhole: (answer: Uint8Array) => boolean;
}

/** Why an exchange brought nothing. */
export class Disconnected extends Error {
  readonly reason: "refused" | "timeout" | "gone" | "too_long";

  constructor(reason: "refused" | "timeout" | "gone" | "too_long", cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/**
 * Asks and gives the agent's reply. `timeoutMs` limits the exchange.
 * Throws the VouchError that the agent answers with, `login_needed` when no agent is running, `agent_untrusted` when
 * its folder or socket is not to be trusted, `agent_unavailable` when it dies, is silent or speaks another version.
 */
export async function askThrough<Reply>(
  system: System,
  route: Route,
  body: unknown = {},
  { timeoutMs = defaultTimeoutMs }: { timeoutMs?: number } = {},
): Promise<Reply> {
  const path = findAgentSocket(system.lstat);
  if (path === undefined) throw notRunning();
  let answer: Uint8Array;
  try {
    answer = await system.exchange(path, requestFor(route, body), { timeoutMs, maxBytes: maxAnswerBytes, isWhole });
  } catch (error) {
    throw error instanceof Disconnected ? translate(error, timeoutMs) : error;
  }
  return readAnswer(answer) as Reply;
}

function requestFor(route: Route, body: unknown): Uint8Array {
  const [method, text] = route === routes.status ? ["GET", ""] : ["POST", JSON.stringify(body)];
  return new TextEncoder().encode(
    `${method} ${route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: ${protocolVersion}\r\nconnection: close\r\n` +
      `content-length: ${utf8Length(text)}\r\n\r\n${text}`,
  );
}

/** The head of an answer, as text, and where the body begins; undefined while the head is not whole. */
function headOf(bytes: Uint8Array): { head: string; bodyStart: number } | undefined {
  // One character for each byte, so that places in the text are places in the bytes.
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, maxHeadBytes));
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? undefined : { head: text.slice(0, end), bodyStart: end + 4 };
}

function isWhole(bytes: Uint8Array): boolean {
  const found = headOf(bytes);
  if (found === undefined) return false;
  return header(found.head, "content-length") === `${bytes.length - found.bodyStart}`;
}

function readAnswer(bytes: Uint8Array): unknown {
  const found = headOf(bytes);
  if (found === undefined || !found.head.startsWith("HTTP/1.1 ")) throw unavailable("went away before it answered");
  const { head, bodyStart } = found;
  const version = header(head, "vouch-protocol");
  if (version !== `${protocolVersion}`) {
    throw unavailable(`is of another version: expected protocol ${protocolVersion}, got ${version ?? "none"}`);
  }
  // The agent names the length of every answer; without it a part would pass for the whole.
  if (!isWhole(bytes)) throw unavailable("broke off its answer");
  return readReply(Number(head.slice(9, 12)), new TextDecoder().decode(bytes.subarray(bodyStart)));
}

/** The value of a header. By hand: a regular expression would have to be compiled first. */
function header(head: string, name: string): string | undefined {
  const before = `\r\n${name}: `;
  const start = head.toLowerCase().indexOf(before);
  if (start < 0) return undefined;
  const end = head.indexOf("\r\n", start + before.length);
  return head.slice(start + before.length, end < 0 ? undefined : end);
}

function readReply(status: number, body: string): unknown {
  let reply: unknown;
  try {
    reply = JSON.parse(body);
  } catch (error) {
    throw unavailable("gave an answer that is not JSON", error);
  }
  if (typeof reply !== "object" || reply === null) throw unavailable("gave an answer that is not an object");
  if (status === 200) return reply;
  const { error } = reply as { error?: unknown };
  throw isWireError(error) ? VouchError.fromWire(error) : unavailable(`answered with status ${status}`);
}

function translate(error: Disconnected, timeoutMs: number): VouchError {
  switch (error.reason) {
    case "refused":
      return notRunning();
    case "timeout":
      return unavailable(`did not answer within ${timeoutMs / 1000} seconds`, error);
    case "too_long":
      return unavailable(`answered out of bounds: expected at most ${maxAnswerBytes} bytes`, error);
    case "gone":
      return unavailable("went away before it answered", error);
  }
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
