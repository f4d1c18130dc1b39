/** Whether AWS's own files have a default profile that gives credentials. */
import { join } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { homeFolder } from "../../base/system/home.ts";
import { readRegularFile } from "../../base/system/regular-file.ts";

const maxBytes = 1024 * 1024;
/** Settings each of which leads to credentials; a profile may have a region alone. */
const givesCredentials =
  /^(?:aws_access_key_id|role_arn|credential_process|web_identity_token_file|login_session|sso_session|sso_account_id|sso_start_url)\s*=/;

/**
 * Looks into the configuration and the credentials file of AWS. A relative path in a variable is ignored.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
 */
export function hasDefaultProfile(env: Environment): boolean {
  const files = [
    ["AWS_SHARED_CREDENTIALS_FILE", "credentials"],
    ["AWS_CONFIG_FILE", "config"],
  ] as const;
  return files.some(([variable, name]) => {
    const own = env[variable];
    return hasDefaultIn(textOf(own?.startsWith("/") ? own : join(homeFolder(env), ".aws", name)));
  });
}

function hasDefaultIn(text: string): boolean {
  let isDefault = false;
  return text.split(/\r?\n/).some((line) => {
    const section = /^\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) isDefault = /^(?:profile\s+)?default$/.test(section);
    return isDefault && givesCredentials.test(line);
  });
}

function textOf(path: string): string {
  try {
    return readRegularFile(path, maxBytes).toString("utf8");
  } catch {
    // No file is the usual case; the AWS CLI says what is wrong with one that is named.
    return "";
  }
}
