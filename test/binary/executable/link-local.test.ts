/** The metadata services at the addresses that they have on AWS. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { requiresNetworkNamespace } from "../../requires.ts";

const addresses = [
  "169.254.169.254/32",
  "169.254.170.2/32",
  "169.254.170.23/32",
  "fd00:ec2::254/128",
  "fd00:ec2::23/128",
];

test.skipIf(!requiresNetworkNamespace())(
  "EC2, ECS and EKS Pod Identity are asked for credentials at their link-local addresses",
  async () => {
    const script = ["ip link set lo up", ...addresses.map((address) => `ip addr add ${address} dev lo`), 'exec "$@"'];
    const program = [process.execPath, join(import.meta.dir, "programs/link-local.ts")];
    const child = Bun.spawn(["unshare", "--net", "sh", "-ec", script.join("\n"), "namespace", ...program], {
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      stdout: "pipe",
      stderr: "pipe",
      timeout: 120_000,
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      results: {
        "EC2 169.254.169.254": "vouch-ci",
        "EC2 fd00:ec2::254": "vouch-ci",
        "ECS 169.254.170.2": "vouch-ci",
        "EKS 169.254.170.23": "vouch-ci",
        "EKS fd00:ec2::23": "vouch-ci",
      },
      // The token, the role's name and its credentials on EC2; one question to a container's service.
      asked: [3, 3, 1, 1, 1],
    });
  },
  120_000,
);
