/**
 * `vouch credential codeartifact` prints a token for scripts; `vouch credential aws` prints the role's credentials in
 * the format of `credential_process`.
 */
import { routes } from "../agent/protocol.ts";
import type { RoleCredentialsRequest, TokenRequest } from "../agent/requests.ts";
import { VouchError } from "../base/errors.ts";
import { jobVariables } from "../base/job-variables.ts";
import { takeDebugFlag } from "../base/trace.ts";
import { ask } from "../helper/ask.ts";
import { takeJobOptions } from "../helper/job-options.ts";
import { exitWith, print } from "../helper/output.ts";

const usages: Readonly<Record<string, string>> = {
  codeartifact:
    "vouch credential codeartifact [--endpoint URL | --domain DOMAIN --repository REPOSITORY | --profile NAME] [--purpose read|publish] [--json] [--identity NAME …]",
  aws: "vouch credential aws [--profile NAME | --role ARN] [--region REGION] [--identity NAME …]",
};

/** Prints the credential. Exits with the code of the error table; prints nothing on stdout on failure. */
export async function runCredential(args: string[]): Promise<number> {
  try {
    const [kind = "", ...options] = takeDebugFlag(args);
    if (kind === "codeartifact") await print(await codeArtifactToken(options));
    else if (kind === "aws") await print(await awsCredentials(options));
    else throw usage("codeartifact", `there is no credential "${kind}", but codeartifact and aws`);
    process.exit(0);
  } catch (error) {
    exitWith(error);
  }
}

async function codeArtifactToken(args: string[]): Promise<string> {
  const request: TokenRequest = {};
  let json = false;
  const given: string[] = [];
  for (let words = jobOptions("codeartifact", args, given, nameOptions); words.length > 0;) {
    const [word = "", next] = words;
    const [, option = word, attached] = /^(--(?:endpoint|purpose|query|output))=(.*)$/s.exec(word) ?? [];
    const value = attached ?? next;
    if (option === "--endpoint" && value) request.url = urlOf(value);
    else if (option === "--purpose" && (value === "read" || value === "publish")) request.purpose = value;
    else if (word === "--json") json = true;
    else if (option === "--endpoint") throw usage("codeartifact", "--endpoint needs a URL");
    else if (option === "--purpose") throw usage("codeartifact", "--purpose is read or publish");
    // As the AWS CLI prints a token alone; this is what Vouch prints.
    else if (!isPlainOutput(option, value)) throw unknownOption(option);
    const rest = words.slice(option === "--json" || attached !== undefined ? 1 : 2);
    words = jobOptions("codeartifact", rest, given, nameOptions);
  }
  const choice = profileChoice(given);
  const [named] = process.env["VOUCH_IDENTITY"] ? [] : given.filter((option) => nameOptions.includes(option));
  if (request.url !== undefined && (named !== undefined || choice.profile !== undefined))
    throw usage("codeartifact", `--endpoint and ${named ?? "--profile"} exclude each other`);
  if (named !== undefined) request.url = await namedEndpoint(given, choice.profile);
  else if (request.url === undefined) Object.assign(request, choice);
  const { askForToken } = await import("../helper/touch.ts");
  const { token, expiration } = await askForToken(request, {
    command: async () => (await import("./shown-command.ts")).commandAbove(),
  });
  return json ? JSON.stringify({ token, expiration }) : token;
}

/** The options that say which repository is meant, also without an identity. */
const nameOptions = ["--domain", "--domain-owner", "--repository", "--region"];

async function namedEndpoint(given: string[], profile: string | undefined): Promise<string> {
  const { env } = process;
  // A variable alone names nothing here: a tool may have read it from a project's file.
  const valueOf = (option: keyof typeof jobVariables) =>
    given.includes(option) ? env[jobVariables[option]] : undefined;
  const { endpointNamed } = await import("./named-repository.ts");
  const { repositories } = await ask(routes.status, undefined);
  const name = {
    domain: valueOf("--domain"),
    domainOwner: valueOf("--domain-owner"),
    repository: valueOf("--repository"),
    region: valueOf("--region"),
    profile,
  };
  return endpointNamed(name, repositories);
}

/** The value of `--endpoint`, which is a URL. Throws `usage` with the words for a host or a name. */
function urlOf(value: string): string {
  if (value.includes("://")) return value;
  const isHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(value);
  const words = isHost ? `--endpoint https://${value}` : `--repository ${value}`;
  throw usage("codeartifact", `--endpoint is a URL that begins with https://, did you mean \`${words}\``);
}

/** Whether the words ask for what is printed anyway. */
function isPlainOutput(option: string, value: string | undefined): boolean {
  return (option === "--query" && value === "authorizationToken") || (option === "--output" && value === "text");
}

/** Options of `aws codeartifact get-authorization-token` that Vouch cannot honour, and why. */
const otherOptions: Readonly<Record<string, string>> = {
  "--duration-seconds": "--duration-seconds has no counterpart: a token ends with your session; leave it out",
  "--query": "the token alone is what is printed; leave --query out, or give --json for the time when it ends, too",
  "--output": "the token alone is what is printed; leave --output out, or give --json for JSON",
  "get-authorization-token": "get-authorization-token is the AWS CLI's word; leave it out",
  "--repo": "unknown option --repo; write --repository REPOSITORY",
  "--url": "unknown option --url; write --endpoint URL",
};

function unknownOption(option: string): VouchError {
  const name = option.replace(/=.*$/s, "");
  return usage("codeartifact", Object.hasOwn(otherOptions, name) ? otherOptions[name]! : `unknown option ${name}`);
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html */
async function awsCredentials(args: string[]): Promise<string> {
  const given: string[] = [];
  const [unknown] = jobOptions("aws", args, given, ["--role", "--region"]);
  if (unknown !== undefined) throw usage("aws", `unknown option ${unknown}`);
  const { VOUCH_ROLE, VOUCH_REGION, VOUCH_IDENTITY } = process.env;
  // Without an identity the variables are none of this command's: a tool may have read them from a project's file.
  const roleArn = VOUCH_IDENTITY || given.includes("--role") ? VOUCH_ROLE : undefined;
  const region = VOUCH_IDENTITY || given.includes("--region") ? VOUCH_REGION : undefined;
  const choice = profileChoice(given);
  if (roleArn && choice.profile !== undefined) throw usage("aws", "--role and --profile exclude each other");
  const request: RoleCredentialsRequest = {
    ...(roleArn ? { roleArn } : choice),
    ...(region ? { region } : {}),
  };
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await ask(routes.roleCredentials, request);
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiration === undefined ? undefined : new Date(expiration * 1000).toISOString(),
  });
}

/**
 * The profile: by `--profile`, which sets the variable of the AWS CLI's profile for a job, by VOUCH_PROFILE, by the
 * current folder. None for a job, whose identity takes its place.
 */
function profileChoice(given: string[]): Pick<RoleCredentialsRequest, "profile" | "profileVariable" | "folder"> {
  const { env } = process;
  if (env["VOUCH_IDENTITY"]) return {};
  const named = given.includes("--profile") ? env["VOUCH_AWS_PROFILE"] : undefined;
  if (named) return { profile: named };
  const folder = currentFolder();
  return {
    ...(env["VOUCH_PROFILE"] ? { profileVariable: env["VOUCH_PROFILE"] } : {}),
    ...(folder === undefined ? {} : { folder }),
  };
}

/** Undefined if the current folder is gone. */
function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Arguments after the job options, which are added to `given`. `alone`: options that are valid without an identity. */
function jobOptions(kind: string, words: string[], given: string[], alone: string[] = []): string[] {
  const taken = takeJobOptions(words, process.env, `vouch credential ${kind}`);
  given.push(...taken.given);
  const valid = new Set([...alone, "--profile"]);
  const lost = process.env["VOUCH_IDENTITY"] ? undefined : taken.given.find((option) => !valid.has(option));
  if (lost !== undefined) throw usage(kind, `${lost} goes with --identity NAME`);
  return taken.rest;
}

function usage(kind: string, what: string): VouchError {
  return new VouchError("usage", `vouch credential: ${what}.`, { hint: `Usage: ${usages[kind]}` });
}
