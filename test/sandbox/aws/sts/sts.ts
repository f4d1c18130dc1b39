/** The sandbox's AWS STS: the query protocol, API version 2011-06-15. */
import { randomUUID } from "node:crypto";
import { type Account, type IssuedCredentials, type Role, signingAccount } from "../account.ts";
import { evaluate } from "../policy.ts";
import { ServiceError } from "../service-error.ts";
import { verifySignature } from "../sigv4.ts";
import { verifyWebIdentity, type Fetch } from "./web-identity.ts";

export interface StsContext {
  account: Account;
  /** Further accounts: STS is one service for all of them. */
  others?: Account[];
  region: string;
  /** Fetches the issuer's documents. */
  fetch: Fetch;
}

const version = "2011-06-15";

/** The codes that a refused signature has in the query protocol, by those of REST-JSON. */
const queryProtocolCodes: Record<string, string> = {
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  IncompleteSignatureException: "IncompleteSignature",
  InvalidSignatureException: "SignatureDoesNotMatch",
  UnrecognizedClientException: "InvalidClientTokenId",
};

/** Answers one request to `sts.REGION.amazonaws.com`. */
export async function handleSts(request: Request, context: StsContext): Promise<Response> {
  const requestId = randomUUID();
  try {
    const body = new Uint8Array(await request.arrayBuffer());
    const parameters = readParameters(request, body);
    const action = parameters.get("Action");
    if (
      parameters.get("Version") !== version ||
      (action !== "AssumeRoleWithWebIdentity" && action !== "AssumeRole" && action !== "GetCallerIdentity")
    ) {
      const asked = parameters.get("Version") ?? "NO_VERSION_SPECIFIED";
      throw new ServiceError("InvalidAction", `Could not find operation ${action} for version ${asked}`, 400);
    }
    const failure = await accountAsked(parameters, context).receive(action);
    if (failure) throw new ServiceError(failure.code, failure.message, failure.status, failure.headers);
    const operations = {
      GetCallerIdentity: () => getCallerIdentity(request, body, context),
      AssumeRole: () => assumeRole(parameters, request, body, context),
      AssumeRoleWithWebIdentity: () => assumeRoleWithWebIdentity(parameters, context),
    };
    const result = await operations[action]();
    return answer(
      200,
      element(`${action}Response`, {
        [`${action}Result`]: result,
        ResponseMetadata: { RequestId: requestId },
      }),
      requestId,
      context.account,
    );
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const code = queryProtocolCodes[error.code] ?? error.code;
    const document = element("ErrorResponse", {
      Error: { Type: error.status < 500 ? "Sender" : "Receiver", Code: code, Message: error.message },
      RequestId: requestId,
    });
    return answer(error.status, document, requestId, context.account, error.headers);
  }
}

function readParameters(request: Request, body: Uint8Array): URLSearchParams {
  const url = new URL(request.url);
  if (url.pathname !== "/") throw new ServiceError("InvalidAction", `No operation at ${url.pathname}`, 404);
  if (request.method === "GET") return url.searchParams;
  if (
    request.method !== "POST" ||
    !request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded")
  ) {
    throw new ServiceError("InvalidParameterValue", "Expected a POST of application/x-www-form-urlencoded", 400);
  }
  return new URLSearchParams(new TextDecoder("utf-8", { fatal: true }).decode(body));
}

interface RoleParameters {
  account: Account;
  roleArn: string;
  accountId: string;
  sessionName: string;
  duration: number;
}

/** What both operations that give role credentials take. Throws ServiceError. */
function roleParameters(parameters: URLSearchParams, context: StsContext): RoleParameters {
  const roleArn = constrained(parameters, "RoleArn", /^[\s\S]{20,2048}$/, "length between 20 and 2048");
  const sessionName = constrained(parameters, "RoleSessionName", /^[\w+=,.@-]{2,64}$/, "pattern: [\\w+=,.@-]{2,64}");
  const durationText = parameters.get("DurationSeconds") ?? "3600";
  const duration = Number(durationText);
  if (!/^\d+$/.test(durationText) || duration < 900 || duration > 43200) {
    throw constraint(durationText, "durationSeconds", "Member must have value between 900 and 43200");
  }
  const accountId = accountIn(roleArn);
  if (!accountId) throw new ServiceError("ValidationError", `${roleArn} is invalid`, 400);
  return { account: accountAsked(parameters, context), roleArn, accountId, sessionName, duration };
}

async function assumeRoleWithWebIdentity(parameters: URLSearchParams, context: StsContext): Promise<Elements> {
  const { account, roleArn, accountId, sessionName, duration } = roleParameters(parameters, context);
  const token = constrained(parameters, "WebIdentityToken", /^[\s\S]{4,20000}$/, "length between 4 and 20000");
  const identity = await verifyWebIdentity(token, { account, accountId, fetch: context.fetch });
  const providerName = identity.provider.url.replace("https://", "");
  const role = account.role(roleArn);
  const decision = evaluate(role?.trustPolicy ?? [], {
    action: "sts:AssumeRoleWithWebIdentity",
    principals: [`arn:${account.partition}:iam::${account.id}:oidc-provider/${providerName}`],
    context: { [`${providerName}:aud`]: identity.audience, [`${providerName}:sub`]: identity.subject },
  });
  if (!role || decision !== "allowed" || account.deniedActions.has("sts:AssumeRoleWithWebIdentity")) {
    throw new ServiceError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
  }
  checkMaxSessionDuration(role, duration);
  return {
    Audience: identity.audience,
    ...issued(account, role, sessionName, duration),
    Provider: `arn:${account.partition}:iam::${account.id}:oidc-provider/${providerName}`,
    SubjectFromWebIdentityToken: identity.subject,
  };
}

/**
 * Role chaining: the request is signed with a role's credentials. The role's trust policy must allow them, and so must
 * the caller's own policy, except where a trust policy of the same account names the caller's role itself.
 */
function assumeRole(parameters: URLSearchParams, request: Request, body: Uint8Array, context: StsContext): Elements {
  const { account: home, caller } = signer(request, body, context);
  const { account, roleArn, accountId, sessionName, duration } = roleParameters(parameters, context);
  const role = account.id === accountId ? account.role(roleArn) : undefined;
  const callerArn = arnOf(home, caller);
  const callerRole = `arn:${home.partition}:iam::${home.id}:role/${caller.role.name}`;
  const action = "sts:AssumeRole";
  const trusted = evaluate(role?.trustPolicy ?? [], {
    action,
    principals: [callerRole, callerArn, `arn:${home.partition}:iam::${home.id}:root`, home.id],
  });
  const named = evaluate(role?.trustPolicy ?? [], { action, principals: [callerRole, callerArn] }) === "allowed";
  const own = home.decide(caller.role, { action, resource: roleArn });
  const isAllowed = own === "allowed" || (own === "implicit deny" && named && home === account);
  if (!role || trusted !== "allowed" || !isAllowed || account.deniedActions.has(action)) {
    const what = `User: ${callerArn} is not authorized to perform: ${action} on resource: ${roleArn}`;
    throw new ServiceError("AccessDenied", what, 403);
  }
  if (duration > 3600) {
    const limit = "exceeds the 1 hour session limit for roles assumed by role chaining.";
    throw new ServiceError("ValidationError", `The requested DurationSeconds ${limit}`, 400);
  }
  checkMaxSessionDuration(role, duration);
  return issued(account, role, sessionName, duration);
}

function checkMaxSessionDuration(role: Role, duration: number): void {
  if (duration <= role.maxSessionDuration) return;
  throw new ServiceError(
    "ValidationError",
    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    400,
  );
}

function issued(account: Account, role: Role, sessionName: string, duration: number): Elements {
  const credentials = account.issueCredentials(role, sessionName, duration);
  return {
    AssumedRoleUser: {
      AssumedRoleId: `AROASANDBOXVOUCHROLE:${sessionName}`,
      Arn: arnOf(account, credentials),
    },
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: new Date(credentials.expires * 1000).toISOString().replace(".000Z", "Z"),
    },
  };
}

function getCallerIdentity(request: Request, body: Uint8Array, context: StsContext): Elements {
  const { account, caller } = signer(request, body, context);
  return {
    Arn: arnOf(account, caller),
    UserId: `AROASANDBOXVOUCHROLE:${caller.sessionName}`,
    Account: account.id,
  };
}

/** Whose credentials sign the request. Throws ServiceError. */
function signer(
  request: Request,
  body: Uint8Array,
  { account: first, others = [], region }: StsContext,
): { account: Account; caller: IssuedCredentials } {
  const account = signingAccount(request, [first, ...others]);
  return { account, caller: verifySignature(request, body, { account, service: "sts", region }) };
}

function arnOf(account: Account, { role, sessionName }: IssuedCredentials): string {
  return `arn:${account.partition}:sts::${account.id}:assumed-role/${role.name}/${sessionName}`;
}

/** The account of the role that is asked for; the first one for an unknown one. */
function accountAsked(parameters: URLSearchParams, { account, others = [] }: StsContext): Account {
  const id = accountIn(parameters.get("RoleArn") ?? "");
  return others.find((other) => other.id === id) ?? account;
}

function accountIn(roleArn: string): string | undefined {
  return /^arn:[\w-]+:iam::(\d{12}):role\/.+$/.exec(roleArn)?.[1];
}

function constrained(parameters: URLSearchParams, name: string, pattern: RegExp, words: string): string {
  const value = parameters.get(name);
  if (value !== null && pattern.test(value)) return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw constraint(value ?? "null", member, `Member must satisfy ${words}`);
}

function constraint(value: string, member: string, words: string): ServiceError {
  const shown = member === "webIdentityToken" ? "***" : value;
  return new ServiceError(
    "ValidationError",
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: ${words}`,
    400,
  );
}

interface Elements {
  [name: string]: string | Elements;
}

function element(root: string, content: Elements): string {
  const write = (elements: Elements): string =>
    Object.entries(elements)
      .map(([name, value]) => `<${name}>${typeof value === "string" ? Bun.escapeHTML(value) : write(value)}</${name}>`)
      .join("\n");
  return `<${root} xmlns="https://sts.amazonaws.com/doc/${version}/">\n${write(content)}\n</${root}>\n`;
}

function answer(
  status: number,
  document: string,
  requestId: string,
  account: Account,
  headers: Record<string, string> = {},
): Response {
  return new Response(document, {
    status,
    headers: {
      "content-type": "text/xml",
      "x-amzn-requestid": requestId,
      date: new Date(account.now()).toUTCString(),
      ...headers,
    },
  });
}
