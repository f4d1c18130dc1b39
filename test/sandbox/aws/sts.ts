/** The sandbox's AWS STS: the query protocol, API version 2011-06-15. */
import { randomUUID } from "node:crypto";
import type { Account } from "./account.ts";
import { evaluate } from "./policy.ts";
import { ServiceError } from "./service-error.ts";
import { verifySignature } from "./sigv4.ts";
import { verifyWebIdentity, type Fetch } from "./web-identity.ts";

export interface StsContext {
  account: Account;
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
      (action !== "AssumeRoleWithWebIdentity" && action !== "GetCallerIdentity")
    ) {
      const asked = parameters.get("Version") ?? "NO_VERSION_SPECIFIED";
      throw new ServiceError("InvalidAction", `Could not find operation ${action} for version ${asked}`, 400);
    }
    const failure = await context.account.receive(action);
    if (failure) throw new ServiceError(failure.code, failure.message, failure.status, failure.headers);
    const result =
      action === "GetCallerIdentity"
        ? getCallerIdentity(request, body, context)
        : await assumeRoleWithWebIdentity(parameters, context);
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

async function assumeRoleWithWebIdentity(parameters: URLSearchParams, context: StsContext): Promise<Elements> {
  const { account } = context;
  const roleArn = constrained(parameters, "RoleArn", /^[\s\S]{20,2048}$/, "length between 20 and 2048");
  const sessionName = constrained(parameters, "RoleSessionName", /^[\w+=,.@-]{2,64}$/, "pattern: [\\w+=,.@-]{2,64}");
  const token = constrained(parameters, "WebIdentityToken", /^[\s\S]{4,20000}$/, "length between 4 and 20000");
  const durationText = parameters.get("DurationSeconds") ?? "3600";
  const duration = Number(durationText);
  if (!/^\d+$/.test(durationText) || duration < 900 || duration > 43200) {
    throw constraint(durationText, "durationSeconds", "Member must have value between 900 and 43200");
  }
  const accountId = /^arn:[\w-]+:iam::(\d{12}):role\/.+$/.exec(roleArn)?.[1];
  if (!accountId) throw new ServiceError("ValidationError", `${roleArn} is invalid`, 400);

  const identity = await verifyWebIdentity(token, { account, accountId, fetch: context.fetch });
  const providerName = identity.provider.url.replace("https://", "");
  const role = account.role(roleArn);
  const decision = evaluate(role?.trustPolicy ?? [], {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: `arn:${account.partition}:iam::${account.id}:oidc-provider/${providerName}`,
    context: { [`${providerName}:aud`]: identity.audience, [`${providerName}:sub`]: identity.subject },
  });
  if (!role || decision !== "allowed" || account.deniedActions.has("sts:AssumeRoleWithWebIdentity")) {
    throw new ServiceError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
  }
  if (duration > role.maxSessionDuration) {
    throw new ServiceError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
      400,
    );
  }
  const issued = account.issueCredentials(role, sessionName, duration);
  return {
    Audience: identity.audience,
    AssumedRoleUser: {
      AssumedRoleId: `AROASANDBOXVOUCHROLE:${sessionName}`,
      Arn: `arn:${account.partition}:sts::${account.id}:assumed-role/${role.name}/${sessionName}`,
    },
    Provider: `arn:${account.partition}:iam::${account.id}:oidc-provider/${providerName}`,
    SubjectFromWebIdentityToken: identity.subject,
    Credentials: {
      AccessKeyId: issued.accessKeyId,
      SecretAccessKey: issued.secretAccessKey,
      SessionToken: issued.sessionToken,
      Expiration: new Date(issued.expires * 1000).toISOString().replace(".000Z", "Z"),
    },
  };
}

function getCallerIdentity(request: Request, body: Uint8Array, { account, region }: StsContext): Elements {
  const { role, sessionName } = verifySignature(request, body, { account, service: "sts", region });
  return {
    Arn: `arn:${account.partition}:sts::${account.id}:assumed-role/${role.name}/${sessionName}`,
    UserId: `AROASANDBOXVOUCHROLE:${sessionName}`,
    Account: account.id,
  };
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
