/** The plan as a Terraform (or OpenTofu) configuration, in the form of `terraform fmt`. */
import { providerArn } from "./aws-trust.ts";
import { type AccountPlan, isArn, outputDescription, plannedRoles, policyName, type RolePlan } from "./account-plan.ts";

const place = {
  partition: "${data.aws_partition.current.partition}",
  account: "${data.aws_caller_identity.current.account_id}",
};
/** The first version that makes a provider without a thumbprint. */
const requiredProvider = { source: "hashicorp/aws", version: ">= 5.81" };
const provider = "aws_iam_openid_connect_provider.vouch";

/** Returns the configuration, applied once in each account; it refuses another account than the plan's. */
export function terraformConfiguration(plan: AccountPlan): string {
  const ownProvider = providerArn({ ...place, url: plan.url });
  const write = (value: unknown): string =>
    hcl(value, (text) => {
      if (text === ownProvider) return `${provider}.arn`;
      return isArn(text, place) ? JSON.stringify(text) : quoted(text);
    });
  const { accounts } = plan;
  const usesPlace = plan.repositories.length > 0;
  const blocks = [
    block("terraform", [], [], [block("required_providers", [], [["aws", write(requiredProvider)]])]),
    ...(usesPlace ? [`data "aws_partition" "current" {}`] : []),
    ...(usesPlace || accounts.length > 0 ? [`data "aws_caller_identity" "current" {}`] : []),
    block(
      "resource",
      ["aws_iam_openid_connect_provider", "vouch"],
      [
        ["url", quoted(plan.url)],
        ["client_id_list", write([...plan.audiences])],
      ],
      accounts.length === 0 ? [] : [block("lifecycle", [], [], [precondition(accounts)])],
    ),
    ...plannedRoles(plan, place).flatMap((role) => [
      block(
        "resource",
        ["aws_iam_role", resourceName(role)],
        [
          ["name", quoted(role.name)],
          ["description", quoted(role.description)],
          ["max_session_duration", String(plan.maxSessionSeconds)],
          ["assume_role_policy", `jsonencode(${write(role.trust)})`],
        ],
      ),
      block(
        "resource",
        ["aws_iam_role_policy", resourceName(role)],
        [
          ["name", quoted(policyName)],
          ["role", `aws_iam_role.${resourceName(role)}.name`],
          ["policy", `jsonencode(${write(role.permissions)})`],
        ],
      ),
      block(
        "output",
        [`${resourceName(role)}_role_arn`],
        [
          ["description", quoted(outputDescription(role))],
          ["value", `aws_iam_role.${resourceName(role)}.arn`],
        ],
      ),
    ]),
  ];
  return `${head(plan)}\n${blocks.join("\n\n")}\n`;
}

/** The name of a role's resource: read, publish; of a group read_platform. */
function resourceName({ purpose, label }: RolePlan): string {
  return label === "" ? purpose : `${purpose}_${label}`;
}

function precondition(accounts: readonly string[]): string {
  const among = accounts.map((account) => JSON.stringify(account)).join(", ");
  return block(
    "precondition",
    [],
    [
      ["condition", `contains([${among}], data.aws_caller_identity.current.account_id)`],
      ["error_message", quoted(`Expected credentials of ${listed(accounts)}.`)],
    ],
  );
}

function listed(accounts: readonly string[]): string {
  return accounts.length === 1 ? `the account ${accounts[0]}` : `one of the accounts ${accounts.join(", ")}`;
}

function head({ url, accounts }: AccountPlan): string {
  const lines = [`What AWS needs to trust the Vouch server ${url}.`];
  if (accounts.length > 1) {
    lines.push("Once in each account, with its credentials and in a workspace of its own:");
    for (const account of accounts) lines.push(`terraform workspace select -or-create ${account} && terraform apply`);
  }
  return lines.map((line) => `# ${line}\n`).join("");
}

/** A text in quotes whose `\${` and `%{` are no template of Terraform. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, "$&$&");
}

type Attribute = [name: string, expression: string];

/** A block: its attributes, and then the blocks within. */
function block(type: string, labels: string[], attributes: Attribute[], inner: string[] = []): string {
  const content = [...(attributes.length === 0 ? [] : [aligned(attributes).join("\n")]), ...inner].join("\n\n");
  const start = [type, ...labels.map((label) => quoted(label)), "{"].join(" ");
  return `${start}\n${indented(content)}\n}`;
}

/** A value as an expression. */
function hcl(value: unknown, text: (value: string) => string): string {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) {
    if (value.length === 1 && typeof value[0] === "string") return `[${text(value[0])}]`;
    return `[\n${value.map((each) => `${indented(hcl(each, text))},\n`).join("")}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, each]): Attribute => [
    /^[A-Za-z]+$/.test(key) ? key : quoted(key),
    hcl(each, text),
  ]);
  return `{\n${indented(aligned(entries).join("\n"))}\n}`;
}

/** No text of an expression has a line break: quoting escapes it. */
function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

/** `name = expression` lines; names of neighbours on one line each are aligned, as `terraform fmt` does it. */
function aligned(attributes: Attribute[]): string[] {
  const isOneLine = (index: number) => attributes[index]?.[1].includes("\n") === false;
  return attributes.map(([name, expression], index) => {
    let [from, to] = [index, index];
    while (isOneLine(index) && isOneLine(from - 1)) from--;
    while (isOneLine(index) && isOneLine(to + 1)) to++;
    const width = Math.max(...attributes.slice(from, to + 1).map(([each]) => each.length));
    return `${name.padEnd(width)} = ${expression}`;
  });
}
