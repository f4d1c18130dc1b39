/** The policies of docs/ci.md in the sandbox's IAM and STS: they let in the jobs that they are for, and no others. */
import { beforeAll, describe, expect, test } from "bun:test";
import { documentedPolicies } from "../../job.ts";
import { Account } from "../aws/account.ts";
import { handleSts } from "../aws/sts/sts.ts";
import { type CiPlatformName, type CiPlatforms, ciPlatformNames, createCiPlatforms } from "./platforms.ts";
import type { PolicyDocument } from "../iam/document.ts";
import { addCiRole } from "./role.ts";

let platforms: CiPlatforms;
beforeAll(async () => {
  platforms = await createCiPlatforms();
});

const policies = documentedPolicies();

function account(change: (trust: PolicyDocument[]) => PolicyDocument[] = (trust) => trust): Account {
  const made = new Account({ id: "123456789012" });
  const trust = change(structuredClone(policies.trust));
  addCiRole(made, Object.values(platforms), { trust, permissions: policies.permissions });
  return made;
}

async function assume(name: CiPlatformName, claims: Record<string, unknown> = {}): Promise<string> {
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: "arn:aws:iam::123456789012:role/vouch-ci",
    RoleSessionName: "build",
    WebIdentityToken: await platforms[name].token(claims),
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const url = "https://sts.us-east-1.amazonaws.com/";
  const request = new Request(url, { method: "POST", headers, body: body.toString() });
  const { fetch } = platforms[name];
  const response = await handleSts(request, { account: account(), region: "us-east-1", fetch });
  return /<Code>(.*)<\/Code>/.exec(await response.text())?.[1] ?? `${response.status}`;
}

describe.each(ciPlatformNames)("the documented trust policy for %s", (name) => {
  test("gives the role to a job that it is for", async () => {
    expect(await assume(name)).toBe("200");
  });

  test("refuses another audience, another issuer's key, and a token that has ended", async () => {
    expect(await assume(name, { aud: "https://other.example" })).toBe("InvalidIdentityToken");
    const other = ciPlatformNames.find((each) => each !== name)!;
    expect(await assume(name, { iss: platforms[other].url })).toMatch(/InvalidIdentityToken|IDPCommunicationError/);
    expect(await assume(name, { exp: Math.floor(Date.now() / 1000) - 1 })).toBe("ExpiredTokenException");
  });
});

test.each<[CiPlatformName, string]>([
  ["github-actions", "repo:my-org/other-app:ref:refs/heads/main"],
  ["github-actions", "repo:evil/my-app:ref:refs/heads/main"],
  ["github-actions", "xrepo:my-org/my-app:ref:refs/heads/main"],
  ["gitlab", "project_path:my-group/my-app:ref_type:branch:ref:evil"],
  ["gitlab", "project_path:my-group/my-app:ref_type:tag:ref:main"],
  ["circleci", "org/3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11/project/other/user/0b1c"],
  ["buildkite", "organization:my-org:pipeline:other:ref:refs/heads/main:commit:1:step:build"],
  ["bitbucket", "{00000000-7d15-4e62-9f0b-2a6d8e4c3b19}:{e1f0a2b3-0000-4c4d-8e8f-111122223333}"],
  ["web-identity-file", "system:serviceaccount:ci:other"],
])("the documented trust policy for %s refuses the subject %s", async (name, sub) => {
  expect(await assume(name, { sub })).toBe("AccessDenied");
});

describe("the sandbox's IAM refuses a policy that trusts everybody", () => {
  test("because it has no condition on the subject", () => {
    const careless = (trust: PolicyDocument[]) => {
      delete trust[0]!.Statement[0]!.Condition!["StringLike"];
      return trust;
    };
    expect(() => account(careless)).toThrow("no condition on token.actions.githubusercontent.com:sub");
  });

  test("because its provider does not exist", () => {
    const unknown = (trust: PolicyDocument[]) => {
      trust[0]!.Statement[0]!.Principal = { Federated: "arn:aws:iam::123456789012:oidc-provider/evil.example" };
      return trust;
    };
    expect(() => account(unknown)).toThrow("Invalid principal");
  });
});
