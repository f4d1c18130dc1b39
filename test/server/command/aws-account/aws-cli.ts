/** Which AWS CLIs run the script of `vouch server aws --format cli` whole. */
import { awsClis, requiresAwsCli } from "../../../requires.ts";
import { tempFolder } from "../../../temp-folder.ts";
import { issuerUrl } from "./printed.ts";

/** Whether that AWS CLI makes a provider without a thumbprint, which old ones demand. */
export function makesProviders(aws: string): boolean {
  using folder = tempFolder();
  const command = [aws, "iam", "create-open-id-connect-provider", "--url", issuerUrl];
  const env = { PATH: process.env["PATH"], HOME: folder.path, AWS_DEFAULT_REGION: "us-east-1" };
  const skeleton = [...command, "--generate-cli-skeleton", "output"];
  return Bun.spawnSync(skeleton, { env, stdout: "ignore", stderr: "ignore" }).success;
}

/** One that does. In CI there is one, or it throws. */
export function currentAwsCli(): string | undefined {
  const current = requiresAwsCli() ? awsClis().find(makesProviders) : undefined;
  if (current === undefined && process.env["CI"] === "true") {
    throw new Error("In CI every test runs, but no AWS CLI makes a provider without a thumbprint: .ci/tools aws-1");
  }
  return current;
}
