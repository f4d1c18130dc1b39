/** The agent's side of the socket: who may ask what in which form. */
import * as v from "valibot";
import { type ErrorCode, VouchError } from "../errors.ts";
import type { Agent } from "./agent.ts";
import { log } from "./log.ts";
import { type ErrorReply, maxBodyBytes, protocolVersion, routes } from "./protocol.ts";

/** Longer than any chain of upstream calls; the runtime cuts a slow answer off after ten seconds when not told otherwise. */
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
  [routes.token]: post(v.strictObject({ url: v.exactOptional(Url), format: v.exactOptional(Format) }), (agent, body) =>
    agent.token(body),
  ),
  [routes.tokens]: post(v.strictObject({ format: v.exactOptional(Format) }), (agent, body) => agent.tokens(body)),
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
  [routes.keyAddFinish]: post(EnrollFinish, (agent, body) => agent.keyAddFinish(body)),
  [routes.keyRename]: post(v.strictObject({ id: KeyId, name: Name }), (agent, body) => agent.keyRename(body)),
  [routes.keyRemove]: post(v.strictObject({ id: KeyId, force: v.boolean() }), (agent, body) => agent.keyRemove(body)),
  [routes.repositoryEndpoint]: post(
    v.strictObject({ domain: Name, domainOwner: Name, region: Name, repository: Name, format: Format }),
    (agent, body) => agent.repositoryEndpoint(body),
  ),
};

/**
 * Listens on the socket; `onStop` is called when somebody asks the agent to stop, before the answer.
 * Who may connect is decided by the folder (socket.ts). Throws what listening throws.
 */
export function serveAgent(agent: Agent, socketPath: string, onStop: () => void): Bun.Server<undefined> {
  const known: Record<string, Route> = {
    ...table,
    [routes.stop]: post(Empty, () => {
      onStop();
      return {};
    }),
  };
  return Bun.serve({
    unix: socketPath,
    development: false,
    maxRequestBodySize: maxBodyBytes,
    fetch: async (request, listener) => {
      listener.timeout(request, answerLimitSeconds);
      try {
        return reply(200, await handle(agent, known, request));
      } catch (error) {
        return failure(error);
      }
    },
    error: failure,
  });
}

async function handle(agent: Agent, known: Record<string, Route>, request: Request): Promise<unknown> {
  const { pathname } = new URL(request.url);
  // Only a web page sends it, and none has business here.
  if (request.headers.has("origin")) throw new RequestError(403, "Requests of web pages are refused.");
  const version = request.headers.get("vouch-protocol");
  if (version !== `${protocolVersion}`) {
    throw new RequestError(400, `Expected the agent's protocol ${protocolVersion}, got ${version ?? "none"}.`);
  }
  const route = Object.hasOwn(known, pathname) ? known[pathname] : undefined;
  if (!route) throw new RequestError(404, `The agent has no ${pathname}.`);
  if (request.method !== route.method) {
    throw new RequestError(405, `Expected ${route.method} for ${pathname}, got ${request.method}.`);
  }
  return route.answer(agent, route.method === "POST" ? await readJson(request) : undefined);
}

async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
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

/** A request that does not follow the protocol. */
class RequestError extends VouchError {
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super("protocol_error", message, {
      hint: "If Vouch was updated, run `vouch agent stop`, then `vouch login`.",
      cause,
    });
    this.status = status;
  }
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

function failure(thrown: unknown): Response {
  const error = VouchError.from(thrown);
  if (error.code === "internal_error") log(`failed: ${error.message}`);
  const status = error instanceof RequestError ? error.status : (statuses[error.code] ?? 500);
  return reply(status, { error: error.toWire() } satisfies ErrorReply);
}

function reply(status: number, body: unknown): Response {
  return Response.json(body, {
    status,
    headers: { "vouch-protocol": `${protocolVersion}`, "cache-control": "no-store" },
  });
}
