import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awsRegion, unlistedRegion } from "../../../../src/cli/commands/setup/aws-region.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const home = tempFolderUntil(afterAll);

beforeAll(() => {
  mkdirSync(join(home, ".aws"));
  writeFileSync(
    join(home, ".aws/config"),
    "[default]\noutput = json\nregion = eu-west-1\n\n[profile work]\nregion=ap-south-1\n[work]\nregion = xx-1\n[profile bare]\n",
  );
  writeFileSync(join(home, "other"), "[default]\nregion = sa-east-1\n");
  writeFileSync(join(home, "broken"), "region = eu-west-1\n");
});

test.each<[string, Record<string, string>, string | undefined]>([
  ["AWS_REGION is first", { AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-2" }, "us-east-1"],
  ["then AWS_DEFAULT_REGION", { AWS_DEFAULT_REGION: "us-east-2" }, "us-east-2"],
  ["an empty variable is none", { AWS_REGION: "", AWS_DEFAULT_REGION: "" }, "eu-west-1"],
  ["then the default profile", {}, "eu-west-1"],
  ["or the one that AWS_PROFILE names", { AWS_PROFILE: "work" }, "ap-south-1"],
  ["which may have none", { AWS_PROFILE: "bare" }, undefined],
  ["or not be there", { AWS_PROFILE: "gone" }, undefined],
  ["another file", { AWS_CONFIG_FILE: "HOME/other" }, "sa-east-1"],
  ["a file that is not there", { AWS_CONFIG_FILE: "HOME/gone" }, undefined],
  ["a file that AWS's tools cannot read either", { AWS_CONFIG_FILE: "HOME/broken" }, undefined],
  ["a path in the current folder is not read", { AWS_CONFIG_FILE: "other" }, "eu-west-1"],
])("the region to suggest is read as AWS's tools read it: %s", (_, variables, expected) => {
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value.replace("HOME", home)]));
  expect(awsRegion({ HOME: home, ...env })).toBe(expected);
});

test.each<[string, RegExp]>([
  ["us-esat-1", /Did you mean us-east-1\?/],
  ["eu-wets-2", /Did you mean eu-west-2\?/],
  ["ap-soutehast-2", /Did you mean ap-southeast-2\?/],
  ["us-gov-wst-1", /Did you mean us-gov-west-1\?/],
  ["cn-nroth-1", /Did you mean cn-north-1\?/],
  ["us-midwest-12", /Check its spelling, unless AWS has added it since/],
])("a region that AWS does not list is doubted, and the intended one is suggested: %s", (region, words) => {
  expect(unlistedRegion(region)).toMatch(words);
});

test.each([
  "us-east-1",
  "eu-central-2",
  "ap-southeast-7",
  "mx-central-1",
  "cn-northwest-1",
  "us-gov-east-1",
  "eu-isoe-west-1",
])("a region that AWS lists is not doubted: %s", (region) => {
  expect(unlistedRegion(region)).toBeUndefined();
});
