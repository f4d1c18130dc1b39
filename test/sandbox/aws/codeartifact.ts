/** The control plane of the sandbox's CodeArtifact: REST-JSON, API version 2018-09-22. */
import { randomUUID } from "node:crypto";
import { type Account, type Domain, type IssuedCredentials, type Operation, signingAccount } from "./account.ts";
import { genericPackage, getPackageVersionAsset, publishPackageVersion } from "./generic.ts";
import { listDomains, listRepositoriesInDomain } from "./listing.ts";
import type { AccessRequest } from "../iam/evaluate.ts";
import { sessionArn } from "./sts/session/session.ts";
import { ServiceError } from "./service-error.ts";
import { verifySignature } from "./sigv4.ts";
import { identityOf } from "./trail.ts";

export interface CodeArtifactContext {
  account: Account;
  /** Further accounts: each caller's own one answers. */
  others?: Account[];
  region: string;
}

const formats = new Set(["npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo"]);

/** Answers one request to `codeartifact.REGION.amazonaws.com`. */
export async function handleCodeArtifact(request: Request, asked: CodeArtifactContext): Promise<Response> {
  const context = { ...asked, account: signingAccount(request, [asked.account, ...(asked.others ?? [])]) };
  const requestId = randomUUID();
  let caller: IssuedCredentials | undefined;
  try {
    const body = new Uint8Array(await request.arrayBuffer());
    const operation = operationOf(request);
    const failure = await context.account.receive(operation);
    if (failure) throw new ServiceError(failure.code, failure.message, failure.status, failure.headers);
    caller = verifySignature(request, body, { ...context, service: "codeartifact" });
    const query = new URL(request.url).searchParams;
    if (operation === "PublishPackageVersion" || operation === "GetPackageVersionAsset") {
      const found = answerGeneric(operation, query, caller, { request, body, context });
      context.account.trail.push({ operation, status: 200, ...identityOf(caller) });
      return found instanceof Response ? found : answer(200, found, requestId, context.account);
    }
    const result = answerControl(operation, { query, body, caller, context });
    context.account.trail.push({ operation, status: 200, ...identityOf(caller) });
    return answer(200, result, requestId, context.account);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const operation = operations[operationKey(request)];
    const outcome = { status: error.status, errorCode: error.code };
    if (operation !== undefined) context.account.trail.push({ operation, ...outcome, ...identityOf(caller) });
    // https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_GetAuthorizationToken.html, "Errors"
    const reason = error.code === "ValidationException" ? { reason: "FIELD_VALIDATION_FAILED" } : {};
    return answer(error.status, { message: error.message, ...reason }, requestId, context.account, {
      "x-amzn-errortype": `${error.code}:http://internal.amazon.com/coral/com.amazonaws.codeartifact/`,
      ...error.headers,
    });
  }
}

interface Asked {
  query: URLSearchParams;
  body: Uint8Array<ArrayBuffer>;
  caller: IssuedCredentials;
  context: CodeArtifactContext;
}

function answerControl(operation: ControlOperation, { query, body, caller, context }: Asked): object {
  const { account, region } = context;
  switch (operation) {
    case "GetAuthorizationToken":
      return getAuthorizationToken(query, caller, context);
    case "ListDomains":
      // An action without a resource type: only a statement on "*" allows it.
      authorize(account, caller, { action: "codeartifact:ListDomains", resource: "*" });
      return listDomains(account, region, body);
    case "ListRepositoriesInDomain": {
      const { domain, owner } = domainParameters(query, account);
      authorize(account, caller, {
        action: "codeartifact:ListRepositoriesInDomain",
        resource: `arn:${account.partition}:codeartifact:${region}:${owner}:domain/${domain}`,
      });
      return listRepositoriesInDomain(account, findDomain(account, region, domain, owner), query);
    }
    default:
      return getRepositoryEndpoint(query, caller, context);
  }
}

type ControlOperation = Exclude<Operation, "AssumeRole" | "AssumeRoleWithWebIdentity" | "GetCallerIdentity">;

const operations: Readonly<Record<string, ControlOperation>> = {
  "POST /v1/authorization-token": "GetAuthorizationToken",
  "GET /v1/repository/endpoint": "GetRepositoryEndpoint",
  "POST /v1/domains": "ListDomains",
  "POST /v1/domain/repositories": "ListRepositoriesInDomain",
  "POST /v1/package/version/publish": "PublishPackageVersion",
  "GET /v1/package/version/asset": "GetPackageVersionAsset",
};

function operationKey(request: Request): string {
  return `${request.method} ${new URL(request.url).pathname}`;
}

function operationOf(request: Request): ControlOperation {
  const operation = operations[operationKey(request)];
  if (operation === undefined) throw new ServiceError("UnknownOperationException", "", 404);
  return operation;
}

function answerGeneric(
  operation: "PublishPackageVersion" | "GetPackageVersionAsset",
  query: URLSearchParams,
  caller: IssuedCredentials,
  {
    request,
    body,
    context: { account, region },
  }: { request: Request; body: Uint8Array<ArrayBuffer>; context: CodeArtifactContext },
): object {
  const { owner } = domainParameters(query, account);
  const of = genericPackage(query);
  if (!isRepositoryName(of.repository)) throw validation(`Invalid repository '${of.repository}'`);
  const unfinished = query.get("unfinished");
  if (unfinished !== null && !["true", "false"].includes(unfinished)) throw validation(`Invalid value '${unfinished}'`);
  authorize(account, caller, {
    action: `codeartifact:${operation}`,
    resource: `arn:${account.partition}:codeartifact:${region}:${owner}:package/${of.domain}/${of.repository}/generic/${of.namespace}/${of.name}`,
  });
  if (!findDomain(account, region, of.domain, owner).repositories.includes(of.repository)) {
    throw new ServiceError("ResourceNotFoundException", `Repository '${of.repository}' was not found`, 404);
  }
  if (operation === "GetPackageVersionAsset") return getPackageVersionAsset(account, of, query.get("revision"));
  const sha256 = request.headers.get("x-amz-content-sha256");
  return publishPackageVersion(account, of, { body, sha256, unfinished: unfinished === "true" });
}

function getAuthorizationToken(
  query: URLSearchParams,
  caller: IssuedCredentials,
  { account, region }: CodeArtifactContext,
): object {
  const { domain, owner } = domainParameters(query, account);
  const durationText = query.get("duration") ?? "43200";
  const duration = Number(durationText);
  if (!/^\d+$/.test(durationText) || (duration !== 0 && (duration < 900 || duration > 43200))) {
    throw validation(`Expected durationSeconds 0 or between 900 and 43200, got '${durationText}'`);
  }
  authorize(account, caller, {
    action: "codeartifact:GetAuthorizationToken",
    resource: `arn:${account.partition}:codeartifact:${region}:${owner}:domain/${domain}`,
  });
  authorize(account, caller, {
    action: "sts:GetServiceBearerToken",
    resource: `arn:${account.partition}:sts::${account.id}:*`,
    context: { "sts:AWSServiceName": "codeartifact.amazonaws.com" },
  });
  findDomain(account, region, domain, owner);
  const expiration = duration === 0 ? caller.expires : Math.floor(account.now() / 1000) + duration;
  const authorizationToken = account.issueToken(caller.role, domain, expiration, region);
  // A timestamp of REST-JSON is a number of seconds that may have a fraction.
  return { authorizationToken, expiration: expiration + 0.742 };
}

function getRepositoryEndpoint(
  query: URLSearchParams,
  caller: IssuedCredentials,
  { account, region }: CodeArtifactContext,
): object {
  const { domain, owner } = domainParameters(query, account);
  const repository = query.get("repository") ?? "";
  const format = query.get("format") ?? "";
  const endpointType = query.get("endpointType") ?? "ipv4";
  if (!isRepositoryName(repository)) throw validation(`Invalid repository '${repository}'`);
  if (!formats.has(format)) throw validation(`Invalid format '${format}'`);
  if (!["ipv4", "dualstack"].includes(endpointType)) throw validation(`Invalid endpointType '${endpointType}'`);
  authorize(account, caller, {
    action: "codeartifact:GetRepositoryEndpoint",
    resource: `arn:${account.partition}:codeartifact:${region}:${owner}:repository/${domain}/${repository}`,
  });
  if (!findDomain(account, region, domain, owner).repositories.includes(repository)) {
    throw new ServiceError(
      "ResourceNotFoundException",
      `Repository not found. Repository '${repository}' in domain '${domain}' owned by account '${owner}' does not exist.`,
      404,
    );
  }
  const host =
    endpointType === "ipv4"
      ? `${domain}-${owner}.d.codeartifact.${region}.amazonaws.com`
      : `${domain}-${owner}.codeartifact.${region}.on.aws`;
  return { repositoryEndpoint: `https://${host}/${format}/${repository}/` };
}

function domainParameters(query: URLSearchParams, account: Account): { domain: string; owner: string } {
  const domain = query.get("domain") ?? "";
  const owner = query.get("domain-owner") ?? account.id;
  if (!/^[a-z][a-z0-9-]{0,48}[a-z0-9]$/.test(domain)) throw validation(`Invalid domain '${domain}'`);
  if (!/^\d{12}$/.test(owner)) throw validation(`Invalid domain-owner '${owner}'`);
  return { domain, owner };
}

function findDomain(account: Account, region: string, name: string, owner: string): Domain {
  const domain = account.domains.find((candidate) => candidate.name === name && candidate.region === region);
  if (domain && owner === account.id && domain.status !== "Deleted") return domain;
  throw new ServiceError(
    "ResourceNotFoundException",
    `Domain not found. Domain '${name}' owned by account '${owner}' does not exist.`,
    404,
  );
}

function authorize(account: Account, caller: IssuedCredentials, request: AccessRequest): void {
  const decision = account.decide(caller, request);
  if (decision === "allowed") return;
  const user = sessionArn(account, caller.role, caller.sessionName);
  const isOrganizations = account.deniedActions.has(request.action);
  const reason =
    decision === "explicit deny"
      ? `with an explicit deny in ${isOrganizations ? "a service control policy" : "an identity-based policy"}`
      : `because no identity-based policy allows the ${request.action} action`;
  throw new ServiceError(
    "AccessDeniedException",
    `User: ${user} is not authorized to perform: ${request.action} on resource: ${request.resource} ${reason}`,
    403,
  );
}

function isRepositoryName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$/.test(text);
}

function validation(message: string): ServiceError {
  return new ServiceError("ValidationException", message, 400);
}

function answer(
  status: number,
  body: object,
  requestId: string,
  account: Account,
  headers: Record<string, string> = {},
): Response {
  return Response.json(body, {
    status,
    headers: { "x-amzn-requestid": requestId, date: new Date(account.now()).toUTCString(), ...headers },
  });
}
