/** The plan as a POSIX shell script of AWS CLI commands, which can be repeated. */
import { shellQuoted } from "../../../base/words/shell-word.ts";
import { providerArn } from "./aws-trust.ts";
import { type AccountPlan, isArn, plannedRoles, type PlannedRole, policyName } from "./account-plan.ts";

const place = { partition: "$partition", account: "$account" };

/** Returns the script; it refuses another account than the plan's, and says what was there and what it has made. */
export function awsCliScript(plan: AccountPlan): string {
  const { url, audiences, accounts, regions } = plan;
  const [region] = regions;
  const where = accounts.length === 0 ? "once in each account" : `in ${accounts.join(", ")}`;
  const parts = [
    `#!/bin/sh
# What AWS needs to trust the Vouch server ${url}: identity provider, roles, policies.
# Run it with the credentials of an administrator, ${where}.
# It can be repeated: a role that is there already gets these policies. It needs an AWS CLI that makes
# a provider without a thumbprint, of 2025 or later.
set -eu`,
    ...(region === undefined ? [] : [`export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`]),
    `# Whether AWS knows what the command asks for; any other error ends the script.
knows() {
  if answer=$("$@" 2>&1); then
    return 0
  fi
  case $answer in
    *"(NoSuchEntity)"*) return 1 ;;
  esac
  printf '%s\\n' "$answer" >&2
  exit 1
}`,
    `caller=$(aws sts get-caller-identity --query Arn --output text)
partition=$(printf '%s\\n' "$caller" | cut -d : -f 2)
account=$(printf '%s\\n' "$caller" | cut -d : -f 5)`,
    ...(accounts.length === 0
      ? []
      : [
          `case $account in
  ${accounts.join(" | ")}) ;;
  *)
    echo ${shellQuoted(`Expected credentials of ${accounts.join(" or ")}, got those of `)}"$account." >&2
    exit 1
    ;;
esac`,
        ]),
    `provider="${providerArn({ ...place, url })}"
if knows aws iam get-open-id-connect-provider --open-id-connect-provider-arn "$provider"; then
${audiences.map((audience) => `  aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn "$provider" --client-id ${shellQuoted(audience)}`).join("\n")}
  echo "$provider: was there"
else
  aws iam create-open-id-connect-provider --url ${shellQuoted(url)} --client-id-list ${audiences.map(shellQuoted).join(" ")} >/dev/null
  echo "$provider: made"
fi`,
    ...plannedRoles(plan, place).map((role) => roleCommands(role, plan)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function roleCommands(role: PlannedRole, { maxSessionSeconds }: AccountPlan): string {
  const options = `--role-name ${shellQuoted(role.name)}`;
  const settings = `--description ${shellQuoted(role.description)} --max-session-duration ${maxSessionSeconds}`;
  return `trust=$(cat <<POLICY
${document(role.trust)}
POLICY
)
permissions=$(cat <<POLICY
${document(role.permissions)}
POLICY
)
if knows aws iam get-role ${options}; then
  aws iam update-assume-role-policy ${options} --policy-document "$trust"
  aws iam update-role ${options} ${settings} >/dev/null
  outcome="was there, has these policies now"
else
  aws iam create-role ${options} ${settings} --assume-role-policy-document "$trust" >/dev/null
  outcome=made
fi
aws iam put-role-policy ${options} --policy-name ${policyName} --policy-document "$permissions"
echo "arn:$partition:iam::$account:role/"${shellQuoted(role.name)}": $outcome"`;
}

/** A policy in a here-document: in ARNs the shell fills in partition and account, everywhere else `$` is IAM's. */
function document(policy: unknown): string {
  return JSON.stringify(policy, null, 2).replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) =>
    isArn(JSON.parse(text) as string, place) ? text : text.replaceAll(/[\\$`]/g, "\\$&"),
  );
}
