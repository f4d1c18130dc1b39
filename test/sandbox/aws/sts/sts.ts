/** The sandbox's AWS STS: the query protocol, API version 2011-06-15. */
import { randomUUID } from "node:crypto";
import { type Account, type IssuedCredentials, signingAccount } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import { verifySignature } from "../sigv4.ts";
import { identityOf, type TrailEvent } from "../trail.ts";
import { assumeRole } from "./chaining.ts";
import { apiVersion, type Elements, writeDocument } from "./elements.ts";
import { assumeRoleWithWebIdentity } from "./federation.ts";
import { accountIn } from "./parameters.ts";
import { sessionArn } from "./session/session.ts";
import type { Fetch } from "./web-identity.ts";

export interface StsContext {
  account: Account;
  /** Further accounts: STS is one service for all of them. */
  others?: Account[];
  region: string;
  /** Fetches the issuer's documents. */
  fetch: Fetch;
}

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
  let parameters = new URLSearchParams();
  try {
    const body = new Uint8Array(await request.arrayBuffer());
    parameters = readParameters(request, body);
    const action = parameters.get("Action");
    if (
      parameters.get("Version") !== apiVersion ||
      (action !== "AssumeRoleWithWebIdentity" && action !== "AssumeRole" && action !== "GetCallerIdentity")
    ) {
      const asked = parameters.get("Version") ?? "NO_VERSION_SPECIFIED";
      throw new ServiceError("InvalidAction", `Could not find operation ${action} for version ${asked}`, 400);
    }
    const failure = await accountAsked(parameters, context).receive(action);
    if (failure) throw new ServiceError(failure.code, failure.message, failure.status, failure.headers);
    const account = accountAsked(parameters, context);
    const operations = {
      GetCallerIdentity: () => getCallerIdentity(request, body, context),
      AssumeRole: () => assumeRole(parameters, signer(request, body, context), account),
      AssumeRoleWithWebIdentity: () => assumeRoleWithWebIdentity(parameters, account, context.fetch),
    };
    const result = await operations[action]();
    record(account, parameters, { status: 200 }, result);
    return answer(
      200,
      writeDocument(`${action}Response`, {
        [`${action}Result`]: result,
        ResponseMetadata: { RequestId: requestId },
      }),
      requestId,
      context.account,
    );
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const code = queryProtocolCodes[error.code] ?? error.code;
    record(accountAsked(parameters, context), parameters, { status: error.status, errorCode: code });
    const document = writeDocument("ErrorResponse", {
      Error: { Type: error.status < 500 ? "Sender" : "Receiver", Code: code, Message: error.message },
      RequestId: requestId,
    });
    return answer(error.status, document, requestId, context.account, error.headers);
  }
}

/** Notes an assumed role in the account's trail. */
function record(
  account: Account,
  parameters: URLSearchParams,
  outcome: Pick<TrailEvent, "status" | "errorCode">,
  result?: Elements,
): void {
  const operation = parameters.get("Action");
  if (operation !== "AssumeRoleWithWebIdentity" && operation !== "AssumeRole") return;
  const given = result?.["Credentials"] as Record<string, string> | undefined;
  const asked = {
    role: parameters.get("RoleArn")?.replace(/.*[:/]/, "") ?? "",
    sessionName: parameters.get("RoleSessionName") ?? "",
  };
  account.trail.push({
    operation,
    ...asked,
    ...identityOf(account.credentials(given?.["AccessKeyId"] ?? "")),
    ...outcome,
  });
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

function getCallerIdentity(request: Request, body: Uint8Array, context: StsContext): Elements {
  const { home, caller } = signer(request, body, context);
  return {
    Arn: sessionArn(home, caller.role, caller.sessionName),
    UserId: `AROASANDBOXVOUCHROLE:${caller.sessionName}`,
    Account: home.id,
  };
}

/** Whose credentials sign the request. Throws ServiceError. */
function signer(
  request: Request,
  body: Uint8Array,
  { account: first, others = [], region }: StsContext,
): { home: Account; caller: IssuedCredentials } {
  const home = signingAccount(request, [first, ...others]);
  return { home, caller: verifySignature(request, body, { account: home, service: "sts", region }) };
}

/** The account of the role that is asked for; the first one for an unknown one. */
function accountAsked(parameters: URLSearchParams, { account, others = [] }: StsContext): Account {
  const id = accountIn(parameters.get("RoleArn") ?? "");
  return others.find((other) => other.id === id) ?? account;
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
