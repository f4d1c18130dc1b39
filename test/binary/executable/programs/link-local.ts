/**
 * The metadata services at their real addresses, in a network namespace that has them (link-local.test.ts makes it), and
 * the executable that asks them. Prints for each identity whose token the command was given, as one line of JSON.
 */
import { startJob } from "../../../job.ts";
import { executable } from "../../../laptop.ts";
import { serveContainerCredentials, serveInstanceMetadata } from "../../../sandbox/ci/metadata.ts";
import { names } from "../../../sandbox/main.ts";

const job = await startJob();
const { account } = job.sandbox;
const at = (hostname: string) => ({ hostname, port: 80 });
await using ec2 = serveInstanceMetadata(account, job.role, { address: at("169.254.169.254") });
await using ec2v6 = serveInstanceMetadata(account, job.role, { address: at("fd00:ec2::254") });
await using ecs = serveContainerCredentials(account, job.role, undefined, at("169.254.170.2"));
await using eks = serveContainerCredentials(account, job.role, "pod", at("169.254.170.23"));
await using eksv6 = serveContainerCredentials(account, job.role, "pod", at("fd00:ec2::23"));

const flags = `--region ${names.region} --domain ${names.domain} --domain-owner ${names.account} --repository ${names.repository}`;

async function roleOf(identity: string, env: Record<string, string>): Promise<string> {
  const command = [
    executable,
    "exec",
    "--identity",
    identity,
    ...flags.split(" "),
    "--",
    "printenv",
    "CODEARTIFACT_AUTH_TOKEN",
  ];
  // Every proxy leads away from here.
  const { stdout, stderr } = await job.run(command, { env: { ...env, NO_PROXY: "", no_proxy: "" } });
  return account.verifyToken(stdout.trim(), names.domain)?.role.name ?? stderr;
}

const pod = { AWS_CONTAINER_AUTHORIZATION_TOKEN: "pod" };
const results = {
  "EC2 169.254.169.254": await roleOf("aws-ec2", {}),
  "EC2 fd00:ec2::254": await roleOf("aws-ec2", { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6" }),
  "ECS 169.254.170.2": await roleOf("aws-container", { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v1/credentials" }),
  "EKS 169.254.170.23": await roleOf("aws-container", {
    ...pod,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
  }),
  "EKS fd00:ec2::23": await roleOf("aws-container", {
    ...pod,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://[fd00:ec2::23]/v1/credentials",
  }),
};
const asked = [ec2, ec2v6, ecs, eks, eksv6].map((service) => service.asked.length);
await job.stop();
console.log(JSON.stringify({ results, asked }));
