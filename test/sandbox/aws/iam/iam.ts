/**
 * The sandbox's IAM: identity providers, roles and their inline policies. The query protocol, API version 2010-05-08,
 * with the limits of the service model, for callers whose role allows the action.
 */
import { randomUUID } from "node:crypto";
import { MalformedPolicyDocument } from "../../iam/document.ts";
import type { Account } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import { verifySignature } from "../sigv4.ts";
import { type Elements, writeDocument } from "../sts/elements.ts";
import { sessionArn } from "../sts/session/session.ts";
import { Inputs } from "./inputs.ts";
import { addClientId, createProvider, getProvider, providerArn } from "./providers.ts";
import {
  createRole,
  getRole,
  getRolePolicy,
  listAttachedRolePolicies,
  listRolePolicies,
  putRolePolicy,
  roleArn,
  updateRole,
  updateTrustPolicy,
} from "./roles.ts";

const apiVersion = "2010-05-08";
const namespace = `https://iam.amazonaws.com/doc/${apiVersion}/`;

interface Operation {
  /** The ARN that the caller's policy must allow. */
  resource(account: Account, inputs: Inputs): string;
  run(account: Account, inputs: Inputs): Elements | undefined;
}

const operations: Readonly<Record<string, Operation>> = {
  CreateOpenIDConnectProvider: { resource: providerArn, run: createProvider },
  GetOpenIDConnectProvider: { resource: providerArn, run: getProvider },
  AddClientIDToOpenIDConnectProvider: { resource: providerArn, run: addClientId },
  CreateRole: { resource: roleArn, run: createRole },
  GetRole: { resource: roleArn, run: getRole },
  UpdateRole: { resource: roleArn, run: updateRole },
  UpdateAssumeRolePolicy: { resource: roleArn, run: updateTrustPolicy },
  PutRolePolicy: { resource: roleArn, run: putRolePolicy },
  GetRolePolicy: { resource: roleArn, run: getRolePolicy },
  ListRolePolicies: { resource: roleArn, run: listRolePolicies },
  ListAttachedRolePolicies: { resource: roleArn, run: listAttachedRolePolicies },
};

/** Codes of a refused signature in the query protocol, by those of REST-JSON. */
const queryProtocolCodes: Record<string, string> = {
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  IncompleteSignatureException: "IncompleteSignature",
  InvalidSignatureException: "SignatureDoesNotMatch",
  UnrecognizedClientException: "InvalidClientTokenId",
};

/** Answers one request to IAM, whose requests are signed for one region of the partition. */
export async function handleIam(
  request: Request,
  { account, region }: { account: Account; region: string },
): Promise<Response> {
  const RequestId = randomUUID();
  try {
    const body = new Uint8Array(await request.arrayBuffer());
    const caller = verifySignature(request, body, { account, service: "iam", region });
    const parameters = new URLSearchParams(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const name = parameters.get("Action") ?? "";
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (request.method !== "POST" || operation === undefined || parameters.get("Version") !== apiVersion) {
      const message = `Could not find operation ${name} for version ${parameters.get("Version")}`;
      throw new ServiceError("InvalidAction", message, 400);
    }
    const inputs = new Inputs(parameters);
    const resource = operation.resource(account, inputs);
    if (account.decide(caller, { action: `iam:${name}`, resource }) !== "allowed") {
      const who = sessionArn(account, caller.role, caller.sessionName);
      const message = `User: ${who} is not authorized to perform: iam:${name} on resource: ${resource}`;
      throw new ServiceError("AccessDenied", message, 403);
    }
    const result = operation.run(account, inputs);
    inputs.end();
    return answer(200, `${name}Response`, {
      ...(result === undefined ? {} : { [`${name}Result`]: result }),
      ResponseMetadata: { RequestId },
    });
  } catch (error) {
    const refusal =
      error instanceof MalformedPolicyDocument
        ? new ServiceError("MalformedPolicyDocument", error.message, 400)
        : error;
    if (!(refusal instanceof ServiceError)) throw error;
    const Code = queryProtocolCodes[refusal.code] ?? refusal.code;
    const Error = { Type: "Sender", Code, Message: refusal.message };
    return answer(refusal.status, "ErrorResponse", { Error, RequestId });
  }
}

function answer(status: number, root: string, content: Elements): Response {
  return new Response(writeDocument(root, content, namespace), { status, headers: { "content-type": "text/xml" } });
}
