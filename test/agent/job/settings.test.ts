import { describe, expect, test } from "bun:test";
import { jobSettings } from "../../../src/agent/job/settings.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { repository } from "../harness.ts";

const empty: Settings = { version: 1, repositories: [] };
const file: Settings = {
  version: 1,
  identity: { name: "gitlab", idTokenVariable: "MINE" },
  aws: { roleArn: "arn:aws:iam::123456789012:role/file", region: "eu-west-1" },
  repositories: [repository],
};
const role = "arn:aws:iam::210987654321:role/ci";
const place = { VOUCH_DOMAIN: "my-domain", VOUCH_REPOSITORY: "one, two", VOUCH_ROLE: role, VOUCH_REGION: "us-east-1" };

test("with nothing in the environment a job has the settings of the file", () => {
  expect(jobSettings(file, {})).toEqual(file);
});

test("the repositories of the environment replace those of the file, and their owner is the role's account", () => {
  const { repositories } = jobSettings(file, place);
  expect(repositories.map((one) => [one.repository, one.domainOwner])).toEqual([
    ["one", "210987654321"],
    ["two", "210987654321"],
  ]);
  const formats = ["cargo", "generic", "maven", "npm", "nuget", "pypi", "ruby", "swift"];
  const host = "my-domain-210987654321.d.codeartifact.us-east-1.amazonaws.com";
  expect(repositories[0]?.endpoints).toEqual(
    Object.fromEntries(formats.map((format) => [format, `https://${host}/${format}/one/`])),
  );
});

describe("of two places that name the same setting of a job", () => {
  test.each<[string, Settings, Record<string, string>, Partial<Settings>]>([
    ["VOUCH_ROLE before the file", file, { VOUCH_ROLE: role }, { aws: { roleArn: role, region: "eu-west-1" } }],
    ["the file before AWS_ROLE_ARN", file, { AWS_ROLE_ARN: role }, { aws: file.aws }],
    ["AWS_ROLE_ARN where there is no other", empty, { AWS_ROLE_ARN: role }, { aws: { roleArn: role } }],
    [
      "AWS_REGION before AWS_DEFAULT_REGION",
      empty,
      { AWS_ROLE_ARN: role, AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "x" },
      { aws: { roleArn: role, region: "us-east-1" } },
    ],
    ["the file before AWS_REGION", file, { AWS_REGION: "us-east-1" }, { aws: file.aws }],
    [
      "VOUCH_IDENTITY before the file, and none of the file's options with it",
      file,
      { VOUCH_IDENTITY: "buildkite", VOUCH_AUDIENCE: "a" },
      { identity: { name: "buildkite", audience: "a", idTokenVariable: undefined, profile: undefined } },
    ],
    ["an option alone chooses nothing", empty, { VOUCH_AUDIENCE: "a" }, { identity: undefined }],
    ["an empty variable is none", file, { VOUCH_ROLE: "", VOUCH_IDENTITY: "", VOUCH_DOMAIN: "" }, file],
  ])("the first counts: %s", (_title, settings, env, expected) => {
    expect(jobSettings(settings, env)).toMatchObject(expected);
  });
});

test.each<[Record<string, string>, string]>([
  [{ ...place, VOUCH_ROLE: "role/ci" }, "Expected a role ARN"],
  [{ ...place, VOUCH_REPOSITORY: "one,,two" }, "Expected a CodeArtifact repository name"],
  [{ ...place, VOUCH_DOMAIN_OWNER: "me" }, "Expected a 12-digit account id"],
  [{ ...place, VOUCH_REGION: "us-east-1.evil.example/" }, "Expected an AWS region"],
  [{ ...place, VOUCH_IDENTITY: "aws-ec2" }, "assumes no role"],
])("a setting of a job in the environment is refused: %p", (env, message) => {
  expect(() => jobSettings(empty, env)).toThrow(message);
});
