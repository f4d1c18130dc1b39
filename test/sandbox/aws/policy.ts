/** IAM policy evaluation, as much of it as roles for CodeArtifact use: an unknown operator or key is an error. */

export interface Statement {
  Effect: "Allow" | "Deny";
  Principal?: { Federated: string } | { AWS: string | string[] };
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** What a role needs to get a token of the CodeArtifact domain with that ARN. */
export function tokenStatements(domain: string): Statement[] {
  return [
    { Effect: "Allow", Action: "codeartifact:GetAuthorizationToken", Resource: domain },
    {
      Effect: "Allow",
      Action: "sts:GetServiceBearerToken",
      Resource: "*",
      Condition: { StringEquals: { "sts:AWSServiceName": "codeartifact.amazonaws.com" } },
    },
  ];
}

export interface AccessRequest {
  action: string;
  resource?: string;
  /** Who asks, as a trust policy may name them: a provider's ARN, or a role's, its session's and its account's. */
  principals?: string[];
  /** The condition keys of the request and their values. */
  context?: Record<string, string>;
}

export type Decision = "allowed" | "implicit deny" | "explicit deny";

/** An explicit Deny wins, then an Allow; nothing that matches is an implicit deny. */
export function evaluate(statements: readonly Statement[], request: AccessRequest): Decision {
  const matching = statements.filter((statement) => matches(statement, request));
  if (matching.some((statement) => statement.Effect === "Deny")) return "explicit deny";
  return matching.some((statement) => statement.Effect === "Allow") ? "allowed" : "implicit deny";
}

function matches(statement: Statement, request: AccessRequest): boolean {
  const actions = [statement.Action].flat();
  const resources = [statement.Resource ?? "*"].flat();
  return (
    (statement.Principal === undefined ||
      named(statement.Principal).some((each) => request.principals?.includes(each))) &&
    actions.some((pattern) => like(pattern.toLowerCase(), request.action.toLowerCase())) &&
    (request.resource === undefined || resources.some((pattern) => like(pattern, request.resource ?? ""))) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) => holds(operator, keys, request.context ?? {}))
  );
}

/** A Principal element allows no wildcard within an ARN. */
function named(principal: NonNullable<Statement["Principal"]>): string[] {
  return "Federated" in principal ? [principal.Federated] : [principal.AWS].flat();
}

function holds(operator: string, keys: Record<string, string | string[]>, context: Record<string, string>): boolean {
  const compare = { StringEquals: (pattern: string, value: string) => pattern === value, StringLike: like }[operator];
  if (!compare) throw new Error(`The sandbox does not know the condition operator ${operator}`);
  return Object.entries(keys).every(([key, patterns]) => {
    const value = context[key];
    return value !== undefined && [patterns].flat().some((pattern) => compare(pattern, value));
  });
}

/** `*` is any text, `?` any one character. */
function like(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(value);
}
