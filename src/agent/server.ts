/** The agent's side of the socket: who may ask what in which form. */
import * as v from "valibot";
import { type ErrorCode, VouchError } from "../base/errors.ts";
import type { Agent } from "./agent.ts";
import { connectionLimit } from "./process/descriptors.ts";
import { type HttpListener, listenHttp } from "./wire/http-listener.ts";
import { type HttpRequest, RequestError } from "./wire/http-request.ts";
import { log } from "./process/log.ts";
import { trace, traced } from "../base/trace.ts";
import { statusOf } from "./wire/question.ts";
import {
  type CargoReply,
  type EnvironmentReply,
  type ErrorReply,
  maxBodyBytes,
  protocolVersion,
  routes,
  type TokenReply,
} from "./protocol.ts";
import type { RememberedAnswers } from "./wire/response-cache.ts";

/** Longer than any chain of upstream calls. */
const answerLimitSeconds = 120;

const Format = v.picklist(["cargo", "npm", "pypi"]);
const Url = v.pipe(v.string(), v.maxLength(8192));
const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const Empty = v.strictObject({});
const CeremonyFinish = v.strictObject({ ceremony: Name, credential: v.looseObject({}) });
const EnrollFinish = v.strictObject({
  ...CeremonyFinish.entries,
  name: v.exactOptional(Name),
  product: v.exactOptional(Name),
});
const KeyId = v.pipe(v.string(), v.regex(/^[\w-]{1,1400}$/));

interface Route {
  method: "GET" | "POST";
  answer(agent: Agent, body: unknown): unknown;
}

/** A POST route whose body has the form of the schema. */
function post<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: (agent: Agent, body: v.InferOutput<Schema>) => unknown,
): Route {
  return { method: "POST", answer: (agent, body) => answer(agent, parseBody(schema, body)) };
}

const table: Record<string, Route> = {
  [routes.status]: { method: "GET", answer: (agent) => agent.status() },
  [routes.cargo]: post(
    v.looseObject({
      v: v.literal(1),
      kind: v.literal("get"),
      registry: v.looseObject({ "index-url": Url }),
    }),
    (agent, body) => agent.cargo(body),
  ),
  [routes.token]: post(v.strictObject({ url: v.exactOptional(Url), format: v.exactOptional(Format) }), (agent, body) =>
    agent.token(body),
  ),
  [routes.environment]: post(v.strictObject({ format: v.exactOptional(Format) }), (agent, body) =>
    agent.environment(body),
  ),
  [routes.roleCredentials]: post(
    v.strictObject({ roleArn: v.exactOptional(v.pipe(v.string(), v.maxLength(2048))), region: v.exactOptional(Name) }),
    (agent, body) => agent.roleCredentials(body),
  ),
  [routes.match]: post(
    v.strictObject({ urls: v.pipe(v.array(Url), v.maxLength(1000)), format: v.exactOptional(Format) }),
    (agent, body) => agent.match(body),
  ),
  [routes.enrollStart]: post(v.strictObject({ server: Url, code: Name, name: v.exactOptional(Name) }), (agent, body) =>
    agent.enrollStart(body),
  ),
  [routes.enrollFinish]: post(EnrollFinish, (agent, body) => agent.enrollFinish(body)),
  [routes.loginStart]: post(v.strictObject({ server: v.exactOptional(Url) }), (agent, body) => agent.loginStart(body)),
  [routes.loginFinish]: post(CeremonyFinish, (agent, body) => agent.loginFinish(body)),
  [routes.logout]: post(Empty, (agent) => agent.logout()),
  [routes.keys]: post(Empty, (agent) => agent.keys()),
  [routes.keyAddStart]: post(v.strictObject({ name: v.exactOptional(Name) }), (agent, body) => agent.keyAddStart(body)),
  [routes.keyAddFinish]: post(v.strictObject({ ...EnrollFinish.entries, approval: v.looseObject({}) }), (agent, body) =>
    agent.keyAddFinish(body),
  ),
  [routes.keyRename]: post(v.strictObject({ id: KeyId, name: Name }), (agent, body) => agent.keyRename(body)),
  [routes.keyRemoveStart]: post(v.strictObject({ id: KeyId, force: v.boolean() }), (agent, body) =>
    agent.keyRemoveStart(body),
  ),
  [routes.keyRemoveFinish]: post(v.strictObject({ ceremony: Name, approval: v.looseObject({}) }), (agent, body) =>
    agent.keyRemoveFinish(body),
  ),
  [routes.repositoryEndpoint]: post(
    v.strictObject({ domain: Name, domainOwner: Name, region: Name, repository: Name, format: Format }),
    (agent, body) => agent.repositoryEndpoint(body),
  ),
};

/**
 * Listens on the socket; `onStop` is called when somebody asks the agent to stop, before the answer.
 * Who may connect is decided by the folder (socket.ts). Throws what listening throws.
 */
export function serveAgent(agent: Agent, socketPath: string, onStop: () => void): HttpListener {
  const known: Record<string, Route> = {
    ...table,
    [routes.stop]: post(Empty, () => {
      onStop();
      return {};
    }),
  };
  async function answer(request: HttpRequest, received: Buffer): Promise<Uint8Array> {
    try {
      const answers = answersOf(agent);
      const body = await handle(agent, known, request);
      const whole = reply(200, body);
      const expiration = lastsUntil(request.path, body);
      if (expiration !== undefined) answers?.keep(received, whole, expiration);
      return whole;
    } catch (error) {
      return failure(error);
    }
  }
  return listenHttp({
    unix: socketPath,
    maxBodyBytes,
    limitSeconds: answerLimitSeconds,
    maxConnections: connectionLimit(),
    recall(received) {
      const remembered = answersOf(agent)?.recall(received);
      if (remembered !== undefined) trace("agent", `remembered answer, ${remembered.length} bytes`);
      return remembered;
    },
    answer: (request, received) =>
      traced(
        "agent",
        () => `${Object.hasOwn(known, request.path) ? request.path : "unknown route"}, ${received.length} bytes`,
        () => answer(request, received),
        (answered) => `${statusOf(answered)}, ${answered.length} bytes`,
      ),
    refuse: failure,
  });
}

/** What can be answered again; nothing when the settings are broken, which the question's own answer says. */
function answersOf(agent: Agent): RememberedAnswers | undefined {
  try {
    return agent.answers;
  } catch {
    return undefined;
  }
}

/** When the first of the tokens in the reply ends, seconds since 1970; undefined when it is not only about tokens. */
function lastsUntil(path: string, body: unknown): number | undefined {
  if (path === routes.token) return (body as TokenReply).expiration;
  if (path === routes.cargo) return (body as CargoReply).Ok.expiration;
  if (path !== routes.environment) return undefined;
  const { failed, expiration } = body as EnvironmentReply;
  return failed === undefined ? expiration : undefined;
}

async function handle(agent: Agent, known: Record<string, Route>, request: HttpRequest): Promise<unknown> {
  const { method, path, headers } = request;
  // Only a web page sends it, and none has business here.
  if (headers.has("origin")) throw new RequestError(403, "Requests of web pages are refused.");
  const version = headers.get("vouch-protocol");
  if (version !== `${protocolVersion}`) {
    throw new RequestError(400, `Expected the agent's protocol ${protocolVersion}, got ${version ?? "none"}.`);
  }
  const route = Object.hasOwn(known, path) ? known[path] : undefined;
  if (!route) throw new RequestError(404, `The agent has no ${path}.`);
  if (method !== route.method) {
    throw new RequestError(405, `Expected ${route.method} for ${path}, got ${method}.`);
  }
  return route.answer(agent, route.method === "POST" ? parseJson(request.body) : undefined);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError(400, "Expected a JSON body.", error);
  }
}

function parseBody<Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new RequestError(400, `At ${v.getDotPath(issue) ?? "the top level"} expected ${issue.expected ?? issue.type}.`);
}

const statuses: Partial<Record<ErrorCode, number>> = {
  login_needed: 401,
  session_expired: 401,
  login_denied: 403,
  enrollment_denied: 403,
  access_denied: 403,
  credential_not_found: 404,
  credential_excluded: 409,
  name_taken: 409,
  last_credential: 409,
  not_configured: 404,
  aws_not_found: 404,
  network: 502,
  server_error: 502,
  aws_error: 502,
  timeout: 504,
};

function failure(thrown: unknown): Uint8Array {
  const error = VouchError.from(thrown);
  if (error.code === "internal_error") log(`failed: ${error.message}`);
  const status = error instanceof RequestError ? error.status : (statuses[error.code] ?? 500);
  return reply(status, { error: error.toWire() } satisfies ErrorReply);
}

function reply(status: number, reply_: unknown): Uint8Array {
  // ASCII, so that a helper that is in a hurry need not decode it.
  const body = JSON.stringify(reply_).replaceAll(/[^\0-\u007f]/g, escaped);
  return Buffer.from(
    `HTTP/1.1 ${status} \r\nvouch-protocol: ${protocolVersion}\r\n` +
      `content-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One UTF-16 unit as JSON can write it. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
