/** `vouch server aws`: what an AWS account needs to trust the server, in a format that people deploy. */
import { accountPattern, domainPattern, repositoryPattern } from "../../../aws/names.ts";
import { VouchError } from "../../../base/errors.ts";
import { writeResult } from "../../../base/system/output.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { settingsOf } from "../../configuration/settings.ts";
import { defaultAudience } from "../../initialize.ts";
import { audienceArg, parseAudiences } from "../audiences.ts";
import { isAwsIssuer, partitionOf } from "./aws-trust.ts";
import { defineServerCommand } from "../definition.ts";
import { parseList } from "../../configuration/list.ts";
import { type AccountPlan, checkSize } from "./account-plan.ts";
import { cloudFormationTemplate } from "./cloudformation.ts";
import { rolesOf } from "./roles.ts";
import { awsCliScript } from "./script.ts";
import { terraformConfiguration } from "./terraform.ts";

const formats: Readonly<Record<string, (plan: AccountPlan) => string>> = {
  cloudformation: cloudFormationTemplate,
  terraform: terraformConfiguration,
  cli: awsCliScript,
};

/** The minimum of IAM for a role's MaxSessionDuration, in seconds. */
const minRoleSeconds = 3600;

export const aws = defineServerCommand({
  meta: {
    name: "aws",
    description: "Print what an AWS account needs to trust the server, to deploy: identity provider, roles, policies.",
  },
  teaching: {
    details: [
      "One role reads packages, another publishes them, and AWS gives that one only for a touch of a security key. The trust policies are those of `vouch server init`. It asks neither AWS nor the server's database, and changes nothing. The text is good in every partition of AWS: it takes partition and account from where it is applied.",
    ],
    examples: [
      [
        "vouch server aws --format cloudformation --url https://vouch.example.com > vouch.yaml",
        "A template to deploy.",
      ],
      [
        "vouch server aws --format terraform --url https://vouch.example.com --account 123456789012,210987654321 --region eu-west-1 --repository my-domain/my-repo > vouch.tf",
        "Terraform for two accounts, whose roles reach one repository.",
      ],
      [
        "vouch server aws --format cli --url https://vouch.example.com --publish-role none",
        "A script of AWS CLI commands; no role publishes.",
      ],
      [
        "vouch server aws --format cloudformation --url https://vouch.example.com --read-role vouch-developer --group platform=platform-developer:platform-publisher > vouch.yaml",
        "Everybody reads; members of the group platform have roles of their own, and they alone publish.",
      ],
    ],
  },
  args: {
    format: {
      type: "string",
      description: "CloudFormation in YAML, Terraform (OpenTofu), or a shell script of AWS CLI commands.",
      valueHint: "cloudformation|terraform|cli",
    },
    ...settingArgs("url", "session-duration", "session-name"),
    ...audienceArg,
    account: {
      type: "string",
      description: "The accounts that get it, separated by commas. Default: the one that it is applied in.",
      valueHint: "ID,…",
    },
    region: {
      type: "string",
      description:
        "The regions of the repositories, separated by commas; it is deployed by way of the first. Default: every region.",
      valueHint: "REGION,…",
    },
    repository: {
      type: "string",
      description:
        "The repositories that the roles reach, separated by commas; DOMAIN/* stands for every one of a domain. Default: every repository.",
      valueHint: "DOMAIN/NAME,…",
    },
    "domain-owner": {
      type: "string",
      description: "The account that owns the domains of --repository. Default: the role's own.",
      valueHint: "ID",
    },
    "read-role": {
      type: "string",
      description: "The role with which everybody reads, or none. Default: vouch-developer; with --group none.",
      valueHint: "NAME|none",
    },
    "publish-role": {
      type: "string",
      description: "The role with which everybody publishes, or none. Default: vouch-publisher; with --group none.",
      valueHint: "NAME|none",
    },
    group: {
      type: "string",
      description:
        "Groups of the server's --tag-groups, separated by commas, each with the role with which its members read, and, after a colon, that with which they publish.",
      valueHint: "GROUP=NAME[:NAME],…",
    },
  },
  async run({ args }) {
    if (args.format === undefined || !Object.hasOwn(formats, args.format)) {
      const got = args.format === undefined ? "" : `, got "${args.format}"`;
      throw new VouchError("usage", `Expected --format cloudformation, terraform or cli${got}.`);
    }
    const settings = settingsOf(args, ["url", "session-duration", "session-name"]);
    const plan: AccountPlan = {
      url: issuerOf(settings.url),
      audiences: args.audience === undefined ? [defaultAudience] : parseAudiences(args.audience),
      accounts: entries("account", "ID,…", args.account, (id) => accountPattern.test(id)),
      regions: regionsOf(args.region),
      repositories: repositoriesOf(args.repository),
      domainOwner: ownerOf(args["domain-owner"], args.repository),
      roles: rolesOf(args["read-role"], args["publish-role"], args.group),
      sessionName: settings["session-name"],
      maxSessionSeconds: Math.max(minRoleSeconds, settings["session-duration"]),
    };
    checkSize(plan);
    writeResult(formats[args.format]!(plan));
  },
});

function issuerOf(url: string | undefined): string {
  if (url === undefined) {
    throw new VouchError("usage", "--url is missing.", {
      hint: "Give the URL that `vouch server init` was given, at which AWS reaches the server.",
    });
  }
  if (isAwsIssuer(url)) return url;
  throw new VouchError("usage", `AWS accepts an issuer only at https without a port, got ${url}.`, {
    hint: "Give the URL at which AWS reaches the server: `vouch server aws --url https://YOUR-HOST …`. A trial without TLS has none.",
  });
}

function entries(flag: string, form: string, list: string | undefined, isValid: (entry: string) => boolean): string[] {
  if (list === undefined) return [];
  const found = parseList(list, flag);
  if (found.every(isValid)) return found;
  throw new VouchError("usage", `Expected --${flag} ${form}, got "${list}".`);
}

function regionsOf(list: string | undefined): string[] {
  const regions = entries("region", "REGION,…", list, () => true);
  const partitions = new Set(regions.map((region) => partitionOf(region)));
  if (partitions.size <= 1) return regions;
  throw new VouchError(
    "usage",
    `The regions of --region are in several partitions of AWS: ${[...partitions].join(", ")}.`,
    {
      hint: "No account is in two of them: print it once for each.",
    },
  );
}

function repositoriesOf(list: string | undefined): AccountPlan["repositories"] {
  const parts = (entry: string) => /^([^/]*)\/(.*)$/.exec(entry) ?? [];
  return entries("repository", "DOMAIN/NAME,…", list, (entry) => {
    const [, domain = "", name = ""] = parts(entry);
    return domainPattern.test(domain) && (name === "*" || repositoryPattern.test(name));
  }).map((entry) => {
    const [, domain = "", name = ""] = parts(entry);
    return { domain, name };
  });
}

function ownerOf(owner: string | undefined, repository: string | undefined): string | undefined {
  if (owner === undefined) return undefined;
  if (!accountPattern.test(owner)) throw new VouchError("usage", `Expected --domain-owner ID, got "${owner}".`);
  if (repository !== undefined) return owner;
  throw new VouchError("usage", "--domain-owner wants --repository with the repositories of its domains.");
}
