/** A CloudFormation template of `vouch server aws`, made into a sandbox's account as CloudFormation would. */
import { YAML } from "bun";
import * as v from "valibot";
import type { Account } from "../../../sandbox/aws/account.ts";
import { parsePolicy } from "../../../sandbox/iam/document.ts";

const Template = v.strictObject({
  AWSTemplateFormatVersion: v.literal("2010-09-09"),
  Description: v.string(),
  Resources: v.record(v.string(), v.strictObject({ Type: v.string(), Properties: v.unknown() })),
  Outputs: v.record(v.string(), v.strictObject({ Description: v.string(), Value: v.unknown() })),
});
const Provider = v.strictObject({ Url: v.string(), ClientIdList: v.array(v.string()) });
const Role = v.strictObject({
  RoleName: v.string(),
  Description: v.string(),
  MaxSessionDuration: v.number(),
  AssumeRolePolicyDocument: v.unknown(),
  Policies: v.array(v.strictObject({ PolicyName: v.string(), PolicyDocument: v.unknown() })),
});

/** Adds the template's resources to the account, and returns its outputs. Throws for what the template may not have. */
export function createStack(text: string, account: Account): Record<string, unknown> {
  const { Resources, Outputs } = v.parse(Template, YAML.parse(text));
  const arns = new Map<string, string>();
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const [[name, inner] = ["", undefined], ...others] = Object.entries(value);
    if (others.length > 0 || !(name === "Ref" || name.startsWith("Fn::"))) {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
    }
    if (name === "Fn::Sub") return String(inner).replaceAll(/\$\{([^}]*)\}/g, (_, key: string) => reference(key));
    if (name === "Ref" && Resources[String(inner)]?.Type === "AWS::IAM::OIDCProvider") return reference(String(inner));
    if (name === "Fn::GetAtt" && Array.isArray(inner) && inner[1] === "Arn") return reference(String(inner[0]));
    throw new Error(`unknown: ${JSON.stringify(value)}`);
  };
  const { partition, id } = account;
  const reference = (key: string): string => {
    const known: Record<string, string> = { "AWS::Partition": partition, "AWS::AccountId": id };
    const found = known[key] ?? arns.get(key);
    if (found === undefined) throw new Error(`nothing is called ${key} (so far)`);
    return found;
  };
  for (const [name, { Type, Properties }] of Object.entries(Resources)) {
    if (Type === "AWS::IAM::OIDCProvider") {
      const { Url: url, ClientIdList: clientIds } = v.parse(Provider, resolve(Properties));
      account.oidcProviders.push({ url, clientIds });
      arns.set(name, `arn:${partition}:iam::${id}:oidc-provider/${url.replace("https://", "")}`);
    } else if (Type === "AWS::IAM::Role") {
      const role = v.parse(Role, resolve(Properties));
      account.roles.push({
        name: role.RoleName,
        maxSessionDuration: role.MaxSessionDuration,
        trustPolicy: parsePolicy(role.AssumeRolePolicyDocument, "trust"),
        permissions: role.Policies.flatMap((each) => parsePolicy(each.PolicyDocument, "permissions").Statement),
      });
      arns.set(name, `arn:${partition}:iam::${id}:role/${role.RoleName}`);
    } else {
      throw new Error(`unknown: ${Type}`);
    }
  }
  return Object.fromEntries(Object.entries(Outputs).map(([name, { Value }]) => [name, resolve(Value)]));
}
