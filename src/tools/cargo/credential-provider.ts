/**
 * Cargo's credential provider, protocol version 1: one JSON line per request on stdin, one per answer on stdout.
 * https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html
 */
import { type CargoReply, routes } from "../../agent/protocol.ts";
import type { MatchRequest, PublishStartRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { ask, StdinLines } from "../../helper/ask.ts";
import type { Attempt } from "../../helper/attempt.ts";
import { printable } from "../../base/words/printable.ts";
import { exitWith, print } from "../../helper/output.ts";

const maxRequestLength = 1 << 20;

/** `url-not-supported`: Cargo asks its next provider. */
const urlNotSupported: Answer = { Err: { kind: "url-not-supported" } };

type Answer = { Ok: object } | { Err: { kind: string; message?: string; "caused-by"?: string[] } };

/**
 * Answers Cargo's requests until stdin ends; `left` is what the first stage has done. Resolves with the exit code, which is 0
 * even if an answer is an error.
 */
export async function runCargoProvider(left: Attempt | undefined): Promise<number> {
  try {
    if (left?.greeted !== true) await print('{"v":[1]}');
    const lines = new StdinLines(maxRequestLength, left);
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      if (line.trim() !== "") await print(JSON.stringify(await answer(line, left)));
    }
  } catch (error) {
    // A truncated request gets no answer: Cargo reports a failed provider, and our message above it says why.
    exitWith(error);
  }
  process.exit(0);
}

async function answer(line: string, left: Attempt | undefined): Promise<Answer> {
  try {
    const request = parseRequest(line);
    const url = request.registry["index-url"];
    if (request.kind === "get") return await answerGet(request, left);
    // The only answer after which Cargo asks its next provider.
    if (!(await isConfigured(url, left))) return urlNotSupported;
    switch (request.kind) {
      case "login":
        return failure(
          "other",
          "Vouch logs in to every registry at once, with the security key.",
          "Run `vouch login`.",
        );
      case "logout":
        return failure(
          "other",
          "Vouch keeps no token for one registry that could be removed.",
          "Run `vouch logout` to end the session.",
        );
      default:
        return { Err: { kind: "operation-not-supported" } };
    }
  } catch (error) {
    const failed = VouchError.from(error);
    if (failed.code === "not_configured") return urlNotSupported;
    return failure("other", failed.message, failed.hint);
  }
}

/**
 * The token, unless the project's own configuration decides where Cargo sends it. The agent is asked last: without a
 * session it cannot answer, and a foreign URL needs no session.
 */
async function answerGet(request: Request, left: Attempt | undefined, hasWaited = false): Promise<Answer> {
  const url = request.registry["index-url"];
  try {
    const { checkProjectNetwork } = await import("./project/project-network.ts");
    const decidedBy = await checkProjectNetwork(request.operation);
    const { Ok } = await askForCargo(request, left);
    // Cargo would cache an operation-independent answer and use it for a later upload.
    return { Ok: decidedBy === "trusted" ? { ...Ok, operation_independent: false } : Ok };
  } catch (error) {
    const failed = VouchError.from(error);
    if (failed.code === "not_configured") throw failed;
    // An agent that did not answer is not asked again: it would be waited for twice as long.
    const isMine = failed.code === "agent_unavailable" ? isInSettings(url) : isConfigured(url, left);
    if (!(await isMine)) return urlNotSupported;
    if (hasWaited || (failed.code !== "login_needed" && failed.code !== "session_expired")) throw failed;
    const { askAgain } = await import("../../helper/login.ts");
    const need = { by: "helper", name: "cargo", format: "cargo", urls: [url] } as const;
    return askAgain(failed, need, () => answerGet(request, undefined, true));
  }
}

/** The agent's answer, after a touch where it needs one. */
async function askForCargo(request: Request, left: Attempt | undefined): Promise<CargoReply> {
  if (request.operation === undefined || request.operation === "read") return ask(routes.cargo, request, left);
  const { askWithTouch } = await import("../../helper/touch.ts");
  const start: PublishStartRequest = { url: request.registry["index-url"], format: "cargo", holder: "parent" };
  return askWithTouch(routes.cargo, request, { ...start, ...claimOf(request) }, { left });
}

/** What Cargo says that it changes; its other operations name no crate. */
function claimOf({ operation, name, vers }: Request): Pick<PublishStartRequest, "claim"> {
  const isName = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= 256;
  if (!isName(operation) || !isName(name)) return {};
  return { claim: { operation, name, ...(isName(vers) ? { version: vers } : {}) } };
}

/**
 * Whether the URL lies in a configured endpoint, according to the agent or a job's settings, else to the settings file.
 */
async function isConfigured(url: string, left: Attempt | undefined): Promise<boolean> {
  try {
    const body: MatchRequest = { urls: [url], format: "cargo" };
    return (await ask(routes.match, body, left)).configured[0] === true;
  } catch {
    return isInSettings(url);
  }
}

async function isInSettings(url: string): Promise<boolean> {
  return (await import("./project/configured-index.ts")).isConfiguredIndex(url);
}

/** The common fields of requests. */
interface Request {
  v: 1;
  kind: string;
  registry: { "index-url": string };
  operation?: unknown;
  /** The crate, and its version, of an operation that changes the registry. */
  name?: unknown;
  vers?: unknown;
}

/** Parses one line from Cargo, strictly. Throws `protocol_error` for anything but a request of version 1. */
export function parseRequest(line: string): Request {
  let request: { v?: unknown; kind?: unknown; registry?: { "index-url"?: unknown } } | null;
  try {
    request = JSON.parse(line);
  } catch (error) {
    throw new VouchError("protocol_error", "Expected a request of Cargo as one line of JSON.", { cause: error });
  }
  if (request?.v !== 1) {
    throw new VouchError(
      "protocol_error",
      `Expected Cargo's credential protocol version 1, got ${versionOf(request)}.`,
    );
  }
  if (typeof request.kind !== "string" || typeof request.registry?.["index-url"] !== "string") {
    throw new VouchError("protocol_error", "Expected the fields kind and registry.index-url in Cargo's request.");
  }
  return request as Request;
}

/** Printable form of an unknown version (untrusted input). */
function versionOf(request: { v?: unknown } | null): string {
  const version = request?.v;
  if (version === undefined) return "none";
  return typeof version === "number" ? String(version) : "something else";
}

/** Cargo prints message and causes to the user unchanged. */
function failure(kind: string, message: string, hint: string | undefined): Answer {
  const error = { kind, message: printable(message) };
  return { Err: hint === undefined ? error : { ...error, "caused-by": [printable(hint)] } };
}
