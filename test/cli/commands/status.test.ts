import { expect, test } from "bun:test";
import { statusLines } from "../../../src/cli/commands/status.ts";

const roleArn = "arn:aws:iam::123456789012:role/developer";

test("status shows the region that was set up with the role", () => {
  const lines = statusLines({ version: 1, aws: { roleArn, region: "eu-central-1" }, repositories: [] }, undefined, 0);
  expect(lines).toContain("Region      eu-central-1");
});

test("status names both flags where no role is set", () => {
  const lines = statusLines({ version: 1, repositories: [] }, undefined, 0);
  expect(lines).toContain("Role        none (`vouch setup aws --role ARN --region REGION`)");
});
