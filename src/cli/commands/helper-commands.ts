/** Help texts of the helper commands, which main.ts dispatches before it loads the command line. */
import type { ArgDef } from "citty";
import { type JobOption, jobVariables } from "../../base/job-variables.ts";
import { missing } from "../framework/arguments.ts";
import { identityNames } from "../../agent/job/identity-credentials.ts";
import { defineCommand } from "../framework/command.ts";

/** The options of `vouch exec` and `vouch credential` for CI jobs without an agent. */
const jobArguments = {
  identity: {
    type: "string",
    valueHint: identityNames.join("|"),
    description: `Who this job is, in place of a session: a CI platform or a file with a token (exchanged with AWS STS for the role), or credentials that AWS gives, aws-… (used as they are). Also ${jobVariables["--identity"]}.`,
  },
  role: {
    type: "string",
    valueHint: "ARN",
    description: `The role to assume. Also ${jobVariables["--role"]}, AWS_ROLE_ARN.`,
  },
  region: {
    type: "string",
    valueHint: "REGION",
    description: `The region. Also ${jobVariables["--region"]}, AWS_REGION.`,
  },
  domain: {
    type: "string",
    valueHint: "DOMAIN",
    description: `The CodeArtifact domain. Also ${jobVariables["--domain"]}.`,
  },
  "domain-owner": {
    type: "string",
    valueHint: "ACCOUNT",
    description: `The account that owns it, when it is not the role's. Also ${jobVariables["--domain-owner"]}.`,
  },
  repository: {
    type: "string",
    valueHint: "REPOSITORY",
    description: `The repository; may be repeated. Also ${jobVariables["--repository"]} (with commas).`,
  },
  audience: {
    type: "string",
    valueHint: "AUDIENCE",
    description: `For github-actions and buildkite, when it is not sts.amazonaws.com. Also ${jobVariables["--audience"]}.`,
  },
  "id-token-variable": {
    type: "string",
    valueHint: "VARIABLE",
    description: `For gitlab: which variable holds the ID token (VOUCH_ID_TOKEN). Also ${jobVariables["--id-token-variable"]}.`,
  },
  profile: {
    type: "string",
    valueHint: "PROFILE",
    description: `For aws-profile: which profile of the AWS CLI. Also ${jobVariables["--profile"]}, AWS_PROFILE.`,
  },
} as const satisfies Record<JobOption, ArgDef>;

export const exec = defineCommand({
  meta: {
    name: "exec",
    description:
      "Run a command with the tokens of your repositories in its environment: for tools that have no way to ask for one, and in CI, where there is no agent.",
  },
  args: {
    publish: {
      type: "boolean",
      description:
        "The command publishes: with the role for publishing, where a repository has one, after a touch of your security key.",
    },
    ...jobArguments,
  },
  run: () => {
    throw missing("COMMAND is missing.", "vouch exec", "vouch exec -- COMMAND");
  },
  teaching: {
    usage: "[--publish] [--identity NAME …] -- COMMAND [ARGUMENT …]",
    details: [
      "The command finds CODEARTIFACT_AUTH_TOKEN (for the default repository), PIP_INDEX_URL, twine's TWINE_USERNAME, TWINE_PASSWORD and TWINE_REPOSITORY_URL (unless you have set one of them), and npm's `npm_config_//HOST/PATH/:_authToken` for every configured repository. Its exit code is passed through. What the command starts inherits these variables, the scripts of packages included.",
      "Start npm itself rather than a shell that starts it: some shells (dash) drop variables with npm's kind of name.",
      "What `vouch setup codeartifact` configures does not need this: it asks by itself.",
      "In CI there is neither agent nor key: `--identity` says who the job is, and nothing is used without it, whatever the environment holds. The flags become variables for the command, so that the helpers that it starts know them too: Cargo asks `vouch` (by CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS) and gets a fresh token whenever a long build needs one. Tokens last as long as the role session does. Repositories come from the flags, their variables, or the settings file (VOUCH_CONFIG, else the home folder's).",
    ],
    examples: [
      ["vouch exec -- mvn deploy", "Maven reads ${env.CODEARTIFACT_AUTH_TOKEN} in its settings.xml."],
      ["vouch exec --publish -- ./release.sh", "A script that publishes, where there is a role for it."],
      ["vouch exec -- gradle build", "Gradle reads the same variable."],
      ["vouch exec -- python3.7 -m pip install my-package", "An old pip finds its index in PIP_INDEX_URL."],
      [
        "vouch exec --identity github-actions --domain my-domain --repository my-repo -- npm ci",
        "In a job with `permissions: id-token: write`, and VOUCH_ROLE and VOUCH_REGION in its `env`.",
      ],
    ],
  },
});

const profileArgument = {
  ...jobArguments.profile,
  description: `A profile of \`vouch setup aws --profile\`. Also VOUCH_PROFILE. With --identity aws-profile: ${jobArguments.profile.description}`,
} as const satisfies ArgDef;

const codeartifact = defineCommand({
  meta: { name: "codeartifact", description: "Print a CodeArtifact authorization token on stdout." },
  args: {
    endpoint: {
      type: "string",
      valueHint: "URL",
      description: "The configured endpoint the token is for. Without it: the default repository.",
    },
    json: { type: "boolean", description: "Print `token` and `expiration` (seconds since 1970) as JSON." },
    purpose: {
      type: "enum",
      options: ["read", "publish"],
      description: "What the token is for, where the repository has a publish role; without it: for reading.",
    },
    ...jobArguments,
    profile: profileArgument,
  },
  teaching: {
    details: [
      "`--domain`, `--domain-owner`, `--repository` and `--region` name a repository that is set up, as the AWS CLI's options of these names do; `--query authorizationToken` and `--output text` ask for what is printed anyway.",
      "The token comes from the agent's memory. Pipe it to where it is used; do not put it into a file or a command line.",
    ],
    examples: [
      [
        "CODEARTIFACT_AUTH_TOKEN=$(vouch credential codeartifact) docker build --secret id=CODEARTIFACT_AUTH_TOKEN .",
        "Give it to a build as a secret, which stays out of the image.",
      ],
      [
        "vouch credential codeartifact --domain my-domain",
        "For a domain, in place of `aws codeartifact get-authorization-token`.",
      ],
      ["vouch credential codeartifact --json", "See also when it ends."],
    ],
  },
});

const aws = defineCommand({
  meta: { name: "aws", description: "Print AWS credentials for `credential_process` of the AWS CLI and the AWS SDKs." },
  args: { ...jobArguments, profile: profileArgument },
  teaching: {
    usage: "[--profile NAME | --role ARN] [--region REGION] [--identity NAME …]",
    details: [
      "The credentials are those of the role that your session is exchanged for, they last no longer than the session, and they come from the agent's memory as JSON (`Version` 1, `AccessKeyId`, `SecretAccessKey`, `SessionToken`, `Expiration`). `--role` names another role that trusts the same identity. Every program of yours can ask for them, as it can for tokens: what they are good for, the role's permissions say.",
      "The profile is the one that `--profile` names, else VOUCH_PROFILE, else the one whose folder (`vouch setup aws --profile NAME --folder PATH`) holds the current folder. Where the folder has one, VOUCH_PROFILE chooses no other: a tool may have read it from a file of a project. `--profile` in ~/.aws/config settles it.",
      "Write `credential_process = vouch credential aws` into a profile of ~/.aws/config rather than running it yourself. An AWS tool needs the absolute path where PATH does not lead to vouch.",
      "With `--identity` it works in CI, without an agent.",
    ],
    examples: [
      ["aws configure set profile.vouch.credential_process 'vouch credential aws'", "Make a profile of the session."],
      ["aws codeartifact list-packages --profile vouch --domain my-domain --repository my-repo", "Use it."],
      [
        "vouch credential aws --role arn:aws:iam::123456789012:role/vouch-reader",
        "For another role whose trust policy names your company's Vouch server.",
      ],
    ],
  },
});

export const credential = defineCommand({
  meta: {
    name: "credential",
    description: "Print a token or AWS credentials on stdout, for a program that takes them from there.",
  },
  subCommands: { codeartifact, aws },
});
