/**
 * `vouch credential codeartifact` prints a token for scripts; `vouch credential aws` prints the role's credentials in
 * the format of `credential_process`.
 */
import { routes } from "../agent/protocol.ts";
import type { RoleCredentialsRequest, TokenRequest } from "../agent/requests.ts";
import { VouchError } from "../base/errors.ts";
import { takeDebugFlag } from "../base/trace.ts";
import { ask } from "../helper/ask.ts";
import { takeJobOptions } from "../helper/job-options.ts";
import { exitWith, print } from "../helper/output.ts";

const usages: Readonly<Record<string, string>> = {
  codeartifact: "vouch credential codeartifact [--endpoint URL] [--json] [--identity NAME …]",
  aws: "vouch credential aws [--role ARN] [--region REGION] [--identity NAME …]",
};

/** Prints the credential. Exits with the code of the error table; prints nothing on stdout on failure. */
export async function runCredential(args: string[]): Promise<number> {
  try {
    const [kind = "", ...options] = takeDebugFlag(args);
    if (kind === "codeartifact") await print(await codeArtifactToken(options));
    else if (kind === "aws") await print(await awsCredentials(options));
    else throw usage("codeartifact", `unknown credential ${kind}`);
    process.exit(0);
  } catch (error) {
    exitWith(error);
  }
}

async function codeArtifactToken(args: string[]): Promise<string> {
  const request: TokenRequest = {};
  let json = false;
  for (let words = jobOptions("codeartifact", args); words.length > 0;) {
    const [option = "", next] = words;
    const given = /^--endpoint=(.*)$/s.exec(option)?.[1];
    const value = given ?? (option === "--endpoint" ? next : undefined);
    if (value) request.url = value;
    else if (option === "--json") json = true;
    else throw usage("codeartifact", option === "--endpoint" ? "--endpoint needs a URL" : `unknown option ${option}`);
    words = jobOptions("codeartifact", words.slice(option === "--endpoint" ? 2 : 1));
  }
  const { token, expiration } = await ask(routes.token, request);
  return json ? JSON.stringify({ token, expiration }) : token;
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html */
async function awsCredentials(args: string[]): Promise<string> {
  const [unknown] = jobOptions("aws", args, ["--role", "--region"]);
  if (unknown !== undefined) throw usage("aws", `unknown option ${unknown}`);
  const { VOUCH_ROLE: roleArn, VOUCH_REGION: region } = process.env;
  const request: RoleCredentialsRequest = { ...(roleArn ? { roleArn } : {}), ...(region ? { region } : {}) };
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await ask(routes.roleCredentials, request);
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiration === undefined ? undefined : new Date(expiration * 1000).toISOString(),
  });
}

/** Arguments after the job options. `alone`: options that are valid without an identity. */
function jobOptions(kind: string, words: string[], alone: string[] = []): string[] {
  const { rest, given } = takeJobOptions(words, process.env);
  const lost = process.env["VOUCH_IDENTITY"] ? undefined : given.find((option) => !alone.includes(option));
  if (lost !== undefined) throw usage(kind, `${lost} goes with --identity NAME`);
  return rest;
}

function usage(kind: string, what: string): VouchError {
  return new VouchError("usage", `vouch credential: ${what}.`, { hint: `Usage: ${usages[kind]}` });
}
