/**
 * One request to the agent as HTTP/1.1 over its Unix socket, independent of the transport. Helpers load this file: it
 * imports next to nothing and checks by hand.
 */
import { isWireError, VouchError } from "../../base/errors.ts";
import { reasonOf, traced } from "../../base/trace.ts";
import { defaultTimeoutMs } from "./answer-limits.ts";
import { namingLog } from "./log-path.ts";
import { isReply, maxBodyBytes, methodOf, protocolVersion, type Reply, type Route } from "../protocol.ts";
import { type AgentSocket, agentSocketPath, checked, findAgentSocket, type Lstat, untrusted } from "./socket.ts";

/** The largest answer, head and body, in bytes. */
const maxAnswerBytes = 8_192 + maxBodyBytes;

/** The transport, and file access. */
export interface System {
  lstat: Lstat;
  /** Connects, sends the request, and returns the result of `read` for the received bytes. */
  exchange(this: void, path: string, request: Uint8Array, how: Exchange): Promise<object | undefined>;
}

export interface Exchange {
  timeoutMs: number;
  /** The user id that must listen. */
  owner: number;
  /** `readAnswer`: the reply, if the received bytes are complete. */
  read: typeof readAnswer;
  /** The error to throw. */
  disconnected: (reason: Disconnected["reason"], cause?: unknown) => Error;
}

/** Why an exchange failed. */
export class Disconnected extends Error {
  readonly reason: "refused" | "descriptors" | "timeout" | "gone" | "foreign" | "unseen";

  constructor(reason: Disconnected["reason"], cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/**
 * Sends the request and returns the agent's reply. `timeoutMs` limits the exchange together with the time already
 * spent. Throws the agent's VouchError, `login_needed` if no agent is running, `agent_untrusted` if its folder or
 * socket is not trusted, `agent_unavailable` if it ends, times out or has another version.
 */
export async function askThrough<R extends Route>(
  { lstat, exchange }: System,
  route: R,
  body?: unknown,
  timeoutMs = defaultTimeoutMs,
  spentMs = 0,
): Promise<Reply<R>> {
  const request = requestFor(route, body);
  let answer: Uint8Array = new Uint8Array(0);
  const read = (bytes: Uint8Array, ended?: boolean) => readAnswer((answer = bytes), ended);
  const disconnected: Exchange["disconnected"] = (reason, cause) => new Disconnected(reason, cause);
  const how: Omit<Exchange, "owner"> = { timeoutMs: Math.max(1, timeoutMs - spentMs), read, disconnected };
  let refused: string | undefined;
  const askOnce = async (): Promise<Reply<R>> => {
    const { path, owner } = agentSocket(checked(lstat));
    try {
      return checkedReply(route, await exchange(path, request, { ...how, owner }));
    } catch (error) {
      if (error instanceof Disconnected && error.reason === "refused") refused = path;
      throw namingLog(explain(error, timeoutMs, { path, owner }), lstat);
    }
  };
  const lengths = () => `${route}, ${request.length} bytes, answer ${statusOf(answer)}, ${answer.length} bytes`;
  const failure = (error: unknown): string => {
    if (refused !== undefined) return `no agent (nothing listens at ${refused})`;
    const isAbsent = answer.length === 0 && error instanceof VouchError && error.code === "login_needed";
    return isAbsent ? `no agent (no socket at ${agentSocketPath(lstat)})` : reasonOf(error);
  };
  return traced("agent", lengths, askOnce, () => "ok", failure);
}

/** The reply, if it has the route's shape. Throws `agent_unavailable`. */
export function checkedReply<R extends Route>(route: R, reply: unknown): Reply<R> {
  if (isReply(route, reply)) return reply;
  throw unavailable(`gave an answer to ${route} that is none of its protocol`);
}

/**
 * Whether the agent closed the connection without an answer, as one does that restarts itself with questions that it has
 * not read: whoever may ask twice asks the next one.
 */
export function isGone(error: unknown): boolean {
  return error instanceof VouchError && error.cause instanceof Disconnected && error.cause.reason === "gone";
}

/** The agent's socket. Throws `login_needed` if none is running, `agent_untrusted`, `agent_unavailable`. */
function agentSocket(lstat: Lstat): AgentSocket {
  const found = findAgentSocket(lstat);
  if (found === undefined) throw notRunning();
  return found;
}

/** The request as bytes. */
function requestFor(route: Route, body: unknown = {}): Uint8Array {
  const encoder = new TextEncoder();
  const method = methodOf(route);
  const text = method === "GET" ? "" : JSON.stringify(body);
  return encoder.encode(
    `${method} ${route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: ${protocolVersion}\r\nconnection: close\r\n` +
      `content-length: ${encoder.encode(text).length}\r\n\r\n${text}`,
  );
}

/**
 * The reply in the received bytes; undefined while they are incomplete. `ended`: the connection is closed. Throws the
 * agent's VouchError, `agent_unavailable` for anything but an answer of this protocol version.
 */
export function readAnswer(bytes: Uint8Array, ended = false): object | undefined {
  if (bytes.length > maxAnswerBytes)
    throw unavailable(`answered out of bounds: expected at most ${maxAnswerBytes} bytes`);
  const text = new TextDecoder().decode(bytes);
  const bodyStart = text.indexOf("\r\n\r\n") + 4;
  if (bodyStart < 4 || !text.startsWith("HTTP/1.1 ")) {
    if (ended) throw unavailable("went away before it answered", new Disconnected("gone"));
    return undefined;
  }
  // The head is ASCII, one byte per character; otherwise the length would be wrong.
  const head = text.slice(0, bodyStart).toLowerCase();
  // A length is required: without it a truncated answer would be accepted.
  const isWhole = head.includes(`\r\ncontent-length: ${bytes.length - bodyStart}\r\n`);
  if (!isWhole && !ended) return undefined;
  const version = header(head, "vouch-protocol");
  if (version !== `${protocolVersion}`) throw otherProtocol(version);
  if (!isWhole) throw unavailable("broke off its answer");
  return readReply(head.slice(9, head.indexOf("\r\n")).split(" ", 1)[0]!, text.slice(bodyStart));
}

/** The status of an answer, for the trace. */
export function statusOf(answer: Uint8Array): string {
  const status = new TextDecoder().decode(answer.subarray(9, 12));
  return /^[0-9]{3}$/.test(status) ? status : "no status";
}

/** The value of a header, without a regular expression, which would have to be compiled first. */
function header(head: string, name: string): string | undefined {
  const start = head.indexOf(`\r\n${name}: `);
  return start < 0 ? undefined : head.slice(start + name.length + 4, head.indexOf("\r\n", start + 2));
}

function readReply(status: string, body: string): object {
  let reply: unknown;
  try {
    reply = JSON.parse(body);
  } catch (error) {
    throw unavailable("gave an answer that is not JSON", error);
  }
  if (typeof reply !== "object" || reply === null) throw unavailable("gave an answer that is not an object");
  if (status === "200") return reply;
  const { error } = reply as { error?: unknown };
  throw isWireError(error) ? VouchError.fromWire(error) : unavailable(`answered with status ${status}`);
}

/** A failed exchange as an error message; `timeoutMs` was its limit. Other errors are returned unchanged. */
function explain(error: unknown, timeoutMs: number, { path, owner }: AgentSocket): unknown {
  if (!(error instanceof Disconnected)) return error;
  switch (error.reason) {
    case "refused":
      return owner === process.geteuid?.() ? notRunning() : elsewhereNotRunning(path);
    case "descriptors":
      return new VouchError(
        "agent_unavailable",
        "The Vouch agent cannot be asked: this process has too many files open.",
        {
          hint: "Raise the limit (`ulimit -n`), then try again.",
          cause: error,
        },
      );
    case "timeout":
      return unavailable(`did not answer within ${timeoutMs / 1000} seconds`, error);
    case "gone":
      return unavailable("went away before it answered", error);
    case "foreign":
      return untrusted(path, "another user listens there");
    case "unseen":
      return untrusted(
        path,
        "the system does not tell who listens there",
        "Check this process's limits (`ulimit -a`).",
      );
  }
}

function notRunning(): VouchError {
  return new VouchError("login_needed", "Not logged in: the Vouch agent is not running.", {
    hint: "Run `vouch login`.",
  });
}

/** The folder is mounted from another machine or user. */
function elsewhereNotRunning(path: string): VouchError {
  return new VouchError("login_needed", `Not logged in: no Vouch agent listens at ${path}, which is mounted here.`, {
    hint: "On the machine that it is mounted from, run `vouch login`.",
  });
}

/** The cause of the error for an agent of another protocol version. */
export class OtherProtocol extends Error {
  /** Undefined if the answer names none: then it is no agent of Vouch. */
  readonly isNewer: boolean | undefined;

  constructor(version: string | undefined) {
    super(`expected protocol ${protocolVersion}, got ${version ?? "none"}`);
    this.isNewer = version === undefined || !/^[0-9]{1,9}$/.test(version) ? undefined : +version > protocolVersion;
  }
}

function otherProtocol(version: string | undefined): VouchError {
  const cause = new OtherProtocol(version);
  if (cause.isNewer === undefined) return unavailable(`is of another version: ${cause.message}`, cause);
  return new VouchError(
    "agent_unavailable",
    cause.isNewer
      ? `The Vouch agent that runs is newer than this vouch, which cannot talk to it: ${cause.message}.`
      : `The Vouch agent that runs is older than this vouch, and they cannot talk: ${cause.message}.`,
    {
      hint: cause.isNewer
        ? "Use the newer vouch (`which -a vouch` shows where it is), or run `vouch agent stop`, then `vouch login`."
        : "Run `vouch login`: it replaces the agent.",
      cause,
    },
  );
}

function unavailable(why: string, cause?: unknown): VouchError {
  return new VouchError("agent_unavailable", `The Vouch agent ${why}.`, {
    hint: "Run `vouch agent stop`, then `vouch login`.",
    cause,
  });
}
