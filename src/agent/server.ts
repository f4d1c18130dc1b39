/** The agent's side of the socket: reads requests, finds their route, writes replies. */
import { dirname } from "node:path";
import { type ErrorCode, VouchError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import type { Agent } from "./agent.ts";
import { type Access, ownAccess } from "./guests/access.ts";
import { connectionLimit } from "./process/descriptors.ts";
import { type HttpListener, listenHttp } from "./wire/http-listener.ts";
import { type HttpRequest, RequestError } from "./wire/http-request.ts";
import { log } from "./process/log.ts";
import { trace, traced } from "../base/trace.ts";
import type { Peer } from "./wire/peer.ts";
import type { Who } from "./record/askers.ts";
import { answeredQuestion, questionOf } from "./record/questions.ts";
import { statusOf } from "./wire/question.ts";
import { type ErrorReply, maxBodyBytes, methodOf, protocolVersion, type Route } from "./protocol.ts";
import type { RouteEntry } from "./route.ts";
import type { Settings } from "../settings/settings.ts";
import { agentRoutes } from "./routes.ts";
import type { RememberedAnswers } from "./wire/response-cache.ts";

/** Above every limit on upstream calls. */
const answerLimitSeconds = 120;

/** Limits of a guest: connections at a time, and a request's body in bytes. */
const guestConnections = 64;
const guestBodyBytes = 64 << 10;

/**
 * Listens on the socket, and on those of the guests. The folder's permissions decide who can connect (socket.ts). Throws
 * the errors of listening.
 */
export function serveAgent(agent: Agent, socketPath: string): HttpListener {
  const own = listen(agent, socketPath, ownAccess);
  agent.guests.serve((path, access) => listen(agent, path, access), dirname(socketPath));
  agent.syncGuests();
  return {
    async stop() {
      await Promise.all([own.stop(), agent.guests.stop()]);
    },
    unref() {
      own.unref();
      agent.guests.unref();
    },
  };
}

function listen(agent: Agent, socketPath: string, access: Access): HttpListener {
  const isGuest = access.guest !== undefined;
  async function answer(request: HttpRequest, received: Buffer, peer: Peer, who: Who): Promise<Uint8Array> {
    try {
      // A guest's bytes are no key: what is remembered was answered with another access.
      const answers = isGuest ? undefined : answersOf(agent);
      const { path, route, body } = accept(request);
      const question = questionOf(path, body, settingsOf(agent));
      try {
        access.check(path, body);
        const asker = who.startedAt === undefined ? peer : { ...peer, startedAt: who.startedAt };
        const { reply, lifetime } = await route.answer(agent, body, asker);
        const whole = writeReply(200, access.view(path, reply));
        const answered = question && answeredQuestion(question, path, reply);
        if (lifetime !== undefined) answers?.keep(received, whole, lifetime, answered);
        if (answered !== undefined) agent.record.add(answered, "ok", who);
        return whole;
      } catch (error) {
        if (question !== undefined) agent.record.add(question, VouchError.from(error).code, who);
        throw error;
      }
    } catch (error) {
      return failure(error, access);
    }
  }
  return listenHttp<Who>({
    unix: socketPath,
    maxBodyBytes: isGuest ? guestBodyBytes : maxBodyBytes,
    limitSeconds: answerLimitSeconds,
    maxConnections: isGuest ? guestConnections / 2 : connectionLimit(),
    ...(isGuest ? { capacity: guestConnections } : {}),
    see: (descriptor, peer) => (access.admits(peer) ? agent.who(descriptor, peer, access.guest) : undefined),
    turnAway(peer) {
      const error = access.turnedAway(peer);
      return error && failure(error, access);
    },
    recall(received, who) {
      if (isGuest) return undefined;
      const remembered = answersOf(agent)?.recall(received);
      if (remembered === undefined) return undefined;
      trace("agent", `remembered answer, ${remembered.answer.length} bytes`);
      if (remembered.question !== undefined) agent.record.add(remembered.question, "ok", who);
      return remembered.answer;
    },
    answer: (request, received, peer, who) =>
      traced(
        "agent",
        () => `${isRoute(request.path) ? request.path : "unknown route"}, ${received.length} bytes`,
        () => answer(request, received, peer, who),
        (answered) => `${statusOf(answered)}, ${answered.length} bytes`,
      ),
    refuse: (error) => failure(error, access),
  });
}

/** The response cache; undefined if the settings are invalid, which the request itself then reports. */
function answersOf(agent: Agent): RememberedAnswers | undefined {
  try {
    return agent.answers;
  } catch {
    return undefined;
  }
}

/** Undefined if the settings are invalid. */
function settingsOf(agent: Agent): Settings | undefined {
  try {
    return agent.settings();
  } catch {
    return undefined;
  }
}

/** The request's route and body. Throws `RequestError`. */
function accept({ method, path, headers, body }: HttpRequest): {
  path: Route;
  route: RouteEntry<Agent, object>;
  body: unknown;
} {
  // Only web pages send an Origin, and none may use the agent.
  if (headers.has("origin")) throw new RequestError(403, "Requests of web pages are refused.");
  const version = headers.get("vouch-protocol");
  if (version !== `${protocolVersion}`) {
    throw new RequestError(400, `Expected the agent's protocol ${protocolVersion}, got ${version ?? "none"}.`);
  }
  if (!isRoute(path)) throw new RequestError(404, `The agent has no ${path}.`);
  const expected = methodOf(path);
  if (method !== expected) throw new RequestError(405, `Expected ${expected} for ${path}, got ${method}.`);
  const parsed = method === "POST" ? parseJson(body) : {};
  if (parsed === undefined) throw new RequestError(400, "Expected a JSON body.");
  return { path, route: agentRoutes[path], body: parsed };
}

function isRoute(path: string): path is Route {
  return Object.hasOwn(agentRoutes, path);
}

const statuses: Partial<Record<ErrorCode, number>> = {
  login_needed: 401,
  session_expired: 401,
  login_denied: 403,
  enrollment_denied: 403,
  access_denied: 403,
  credential_not_found: 404,
  session_not_found: 404,
  credential_excluded: 409,
  name_taken: 409,
  last_credential: 409,
  not_configured: 404,
  aws_not_found: 404,
  network: 502,
  server_error: 502,
  aws_error: 502,
  timeout: 504,
  outcome_unknown: 504,
};

function failure(thrown: unknown, access: Access): Uint8Array {
  const error = VouchError.from(thrown);
  if (error.code === "internal_error") log(`failed: ${error.message}`);
  const status = error instanceof RequestError ? error.status : (statuses[error.code] ?? 500);
  const told = access.told(error);
  const { guidedHint } = told;
  const wire = { ...told.toWire(), ...(guidedHint === undefined ? {} : { guidedHint }) };
  return writeReply(status, { error: wire } satisfies ErrorReply);
}

/**
 * A whole answer as bytes. The status line without a reason and `vouch-protocol` come first, and everything is
 * ASCII-escaped: the first stage (src/first-stage) compares the beginning and skips UTF-8 decoding.
 */
export function writeReply(status: number, reply: object): Uint8Array {
  const body = JSON.stringify(reply).replaceAll(/[^\0-\u007f]/g, escaped);
  return Buffer.from(
    `HTTP/1.1 ${status} \r\nvouch-protocol: ${protocolVersion}\r\n` +
      `content-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One UTF-16 unit as a JSON escape. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
