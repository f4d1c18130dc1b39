/** A sandbox with IAM, in which somebody administers an empty account. */
import type { Account } from "../../../sandbox/aws/account.ts";
import { handleIam } from "../../../sandbox/aws/iam/iam.ts";
import { handleSts } from "../../../sandbox/aws/sts/sts.ts";
import { startSandbox } from "../../../sandbox/main.ts";
import { emptyAccount } from "./printed.ts";

export interface Administrator {
  account: Account;
  /** The environment of AWS tools that leads to the sandbox, with credentials of the administrator. */
  env: Record<string, string>;
  stop(this: void): Promise<void>;
}

/** Endpoints by partition: IAM has one, whose requests are signed for one region. */
const places: Record<string, { region: string; iam: string }> = {
  aws: { region: "us-east-1", iam: "iam.amazonaws.com" },
  "aws-us-gov": { region: "us-gov-west-1", iam: "iam.us-gov.amazonaws.com" },
};

export async function startAdministrator(partition = "aws", accountId?: string): Promise<Administrator> {
  const { region, iam } = places[partition]!;
  const account = emptyAccount(partition, accountId);
  const nothing = async () => new Response(null, { status: 404 });
  const sts = `sts.${region}.amazonaws.com`;
  const sandbox = await startSandbox({
    account,
    routes: [
      { hosts: [iam], handle: (request) => handleIam(request, { account, region }) },
      { hosts: [sts], handle: (request) => handleSts(request, { account, region, fetch: nothing }) },
    ],
  });
  const { accessKeyId, secretAccessKey, sessionToken } = account.issueCredentials(
    account.roles[0]!,
    "administrator",
    3600,
  );
  return {
    account,
    env: {
      ...sandbox.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_STS_REGIONAL_ENDPOINTS: "regional",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_MAX_ATTEMPTS: "1",
      AWS_PAGER: "",
    },
    stop: () => sandbox.stop(),
  };
}
