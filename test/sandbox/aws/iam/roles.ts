/** Roles of the sandbox's IAM and their inline policies. */
import { parsePolicy } from "../../iam/document.ts";
import type { Account, Role } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import type { Elements } from "../sts/elements.ts";
import type { Inputs } from "./inputs.ts";

const roleName = /^[\w+=,.@-]{1,64}$/;
const policyName = /^[\w+=,.@-]{1,128}$/;
const description = /^[\t\n\r\u0020-\u007E\u00A1-\u00FF]{0,1000}$/;
const document = /^[\t\n\r\u0020-\u00FF]{1,131072}$/;
/** Quotas in characters, white space not counted: a trust policy, all inline policies of a role. */
const maxTrust = 2048;
const maxInline = 10_240;

/** What a role has besides what STS needs: descriptions, documents as they came, by name of the policy. */
interface Details {
  description: string | undefined;
  trust: string;
  inline: Map<string, string>;
}
const details = new WeakMap<Role, Details>();

/** The ARN of the role that is asked for. */
export function roleArn({ partition, id }: Account, inputs: Inputs): string {
  return `arn:${partition}:iam::${id}:role/${inputs.text("RoleName", roleName)}`;
}

/** Throws ServiceError, MalformedPolicyDocument. */
export function createRole(account: Account, inputs: Inputs): Elements {
  const name = inputs.text("RoleName", roleName);
  inputs.optional("Path", /^\/$/);
  const role: Role = {
    name,
    maxSessionDuration: duration(inputs) ?? 3600,
    ...trustOf(inputs, "AssumeRolePolicyDocument"),
    permissions: [],
  };
  // Names are compared without their case.
  if (account.roles.some((other) => other.name.toLowerCase() === name.toLowerCase())) {
    throw new ServiceError("EntityAlreadyExists", `Role with name ${name} already exists.`, 409);
  }
  detailsOf(role).description = inputs.optional("Description", description);
  detailsOf(role).trust = inputs.text("AssumeRolePolicyDocument", document);
  account.roles.push(role);
  return { Role: describe(account, role) };
}

/** Throws ServiceError. */
export function getRole(account: Account, inputs: Inputs): Elements {
  return { Role: describe(account, known(account, inputs)) };
}

/** Throws ServiceError. */
export function updateRole(account: Account, inputs: Inputs): Elements {
  const role = known(account, inputs);
  role.maxSessionDuration = duration(inputs) ?? role.maxSessionDuration;
  detailsOf(role).description = inputs.optional("Description", description) ?? detailsOf(role).description;
  return {};
}

/** Throws ServiceError, MalformedPolicyDocument. */
export function updateTrustPolicy(account: Account, inputs: Inputs): undefined {
  const role = known(account, inputs);
  Object.assign(role, trustOf(inputs, "PolicyDocument"));
  detailsOf(role).trust = inputs.text("PolicyDocument", document);
}

/** Throws ServiceError, MalformedPolicyDocument. */
export function putRolePolicy(account: Account, inputs: Inputs): undefined {
  const role = known(account, inputs);
  const { inline } = detailsOf(role);
  const next = new Map(inline).set(inputs.text("PolicyName", policyName), inputs.text("PolicyDocument", document));
  const statements = [...next.values()].flatMap((text) => parsePolicy(json(text), "permissions").Statement);
  if (size([...next.values()].join("")) > maxInline)
    limit(`Maximum policy size of ${maxInline} bytes exceeded for role ${role.name}`);
  inline.clear();
  for (const [name, text] of next) inline.set(name, text);
  role.permissions = statements;
}

/** Throws ServiceError. */
export function getRolePolicy(account: Account, inputs: Inputs): Elements {
  const role = known(account, inputs);
  const name = inputs.text("PolicyName", policyName);
  const text = detailsOf(role).inline.get(name);
  if (text === undefined) {
    throw new ServiceError("NoSuchEntity", `The role policy with name ${name} cannot be found.`, 404);
  }
  return { RoleName: role.name, PolicyName: name, PolicyDocument: encodeURIComponent(text) };
}

/** Throws ServiceError. */
export function listRolePolicies(account: Account, inputs: Inputs): Elements {
  return { PolicyNames: [...detailsOf(known(account, inputs)).inline.keys()], IsTruncated: "false" };
}

/** None is ever attached. Throws ServiceError. */
export function listAttachedRolePolicies(account: Account, inputs: Inputs): Elements {
  known(account, inputs);
  return { AttachedPolicies: [], IsTruncated: "false" };
}

function describe({ partition, id }: Account, role: Role): Elements {
  const { description: text, trust } = detailsOf(role);
  return {
    Path: "/",
    RoleName: role.name,
    RoleId: "AROASANDBOXVOUCHROLE",
    Arn: `arn:${partition}:iam::${id}:role/${role.name}`,
    CreateDate: new Date(0).toISOString(),
    AssumeRolePolicyDocument: encodeURIComponent(trust),
    MaxSessionDuration: String(role.maxSessionDuration),
    ...(text === undefined ? {} : { Description: text }),
  };
}

function detailsOf(role: Role): Details {
  const found = details.get(role) ?? {
    description: undefined,
    trust: JSON.stringify(role.trustPolicy),
    inline: new Map<string, string>(),
  };
  details.set(role, found);
  return found;
}

function known(account: Account, inputs: Inputs): Role {
  const name = inputs.text("RoleName", roleName);
  const found = account.roles.find((role) => role.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new ServiceError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
}

function trustOf(inputs: Inputs, parameter: string): Pick<Role, "trustPolicy"> {
  const text = inputs.text(parameter, document);
  const trustPolicy = parsePolicy(json(text), "trust");
  if (size(text) > maxTrust) limit(`Cannot exceed quota for ACLSizePerRole: ${maxTrust}`);
  return { trustPolicy };
}

function duration(inputs: Inputs): number | undefined {
  const seconds = Number(inputs.optional("MaxSessionDuration", /^[0-9]{1,5}$/) ?? Number.NaN);
  if (Number.isNaN(seconds)) return undefined;
  if (seconds >= 3600 && seconds <= 43_200) return seconds;
  throw new ServiceError(
    "ValidationError",
    `Value '${seconds}' at 'maxSessionDuration' is not from 3600 to 43200`,
    400,
  );
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError("MalformedPolicyDocument", "This policy contains invalid Json", 400);
  }
}

function size(text: string): number {
  return text.replaceAll(/\s/g, "").length;
}

function limit(message: string): never {
  throw new ServiceError("LimitExceeded", message, 409);
}
