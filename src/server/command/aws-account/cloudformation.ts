/** The plan as a CloudFormation template, in YAML: good in every account of every partition. */
import { providerArn } from "./aws-trust.ts";
import { type AccountPlan, isArn, outputDescription, plannedRoles, policyName, type RolePlan } from "./account-plan.ts";

const place = { partition: "${AWS::Partition}", account: "${AWS::AccountId}" };

/** Returns the template; its head says how it is deployed, in one account or in several by a stack set. */
export function cloudFormationTemplate(plan: AccountPlan): string {
  const ownProvider = providerArn({ ...place, url: plan.url });
  /** Pseudo parameters count in Fn::Sub alone; everywhere else `${…}` is a variable of IAM. */
  const referring = (value: unknown): unknown =>
    mapTexts(value, (text) => {
      if (text === ownProvider) return { Ref: "Provider" };
      return isArn(text, place) ? { "Fn::Sub": text } : text;
    });
  const roles = plannedRoles(plan, place);
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `What AWS needs to trust the Vouch server ${plan.url}`,
    Resources: {
      Provider: {
        Type: "AWS::IAM::OIDCProvider",
        Properties: { Url: plan.url, ClientIdList: [...plan.audiences] },
      },
      ...Object.fromEntries(
        roles.map((role) => [
          resourceName(role, "Role"),
          {
            Type: "AWS::IAM::Role",
            Properties: {
              RoleName: role.name,
              Description: role.description,
              MaxSessionDuration: plan.maxSessionSeconds,
              AssumeRolePolicyDocument: referring(role.trust),
              Policies: [{ PolicyName: policyName, PolicyDocument: referring(role.permissions) }],
            },
          },
        ]),
      ),
    },
    Outputs: Object.fromEntries(
      roles.map((role) => [
        resourceName(role, "RoleArn"),
        {
          Description: outputDescription(role),
          Value: { "Fn::GetAtt": [resourceName(role, "Role"), "Arn"] },
        },
      ]),
    ),
  };
  return `${head(plan)}${yaml(template, "")}\n`;
}

/** The name of a role's resource: ReadRole, PublishRole; of a group PlatformReadRole. */
function resourceName({ purpose, label }: RolePlan, suffix: string): string {
  return `${capitalized(label)}${capitalized(purpose)}${suffix}`;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function head({ accounts, regions }: AccountPlan): string {
  const region = regions[0] ?? "us-east-1";
  const create = "--template-body file://vouch.yaml --capabilities CAPABILITY_NAMED_IAM";
  const lines = [
    "Once in each account, in one region; the names of the roles are the account's:",
    `aws cloudformation deploy --stack-name vouch --template-file vouch.yaml --capabilities CAPABILITY_NAMED_IAM --region ${region}`,
  ];
  if (accounts.length === 1) lines[0] = `In the account ${accounts[0]}:`;
  if (accounts.length > 1) {
    lines.push(
      "Or in all of them, from the account that administers stack sets:",
      `aws cloudformation create-stack-set --stack-set-name vouch ${create} --region ${region}`,
      `aws cloudformation create-stack-instances --stack-set-name vouch --accounts ${accounts.join(" ")} --regions ${region} --region ${region}`,
    );
  }
  return lines.map((line) => `# ${line}\n`).join("");
}

function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)]));
}

/** Block style; texts are quoted as in JSON, which YAML 1.2 reads alike. */
function yaml(value: unknown, indent: string): string {
  if (Array.isArray(value))
    return value.map((each) => `${indent}- ${yaml(each, `${indent}  `).trimStart()}`).join("\n");
  if (typeof value !== "object" || value === null) return indent + JSON.stringify(value);
  return Object.entries(value)
    .map(([key, each]) => {
      const name = `${indent}${/^[A-Za-z0-9]+$/.test(key) ? key : JSON.stringify(key)}:`;
      const isBlock = typeof each === "object" && each !== null;
      return isBlock ? `${name}\n${yaml(each, `${indent}  `)}` : `${name} ${JSON.stringify(each)}`;
    })
    .join("\n");
}
