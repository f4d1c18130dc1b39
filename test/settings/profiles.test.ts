/** Profiles and roles in the settings: what a file may hold, and which role belongs to what. */
import { describe, expect, test } from "bun:test";
import { roleFor, type Place } from "../../src/settings/roles.ts";
import { parseSettings, type Settings } from "../../src/settings/settings.ts";
import { myRepository } from "./my-repository.ts";

const own = "arn:aws:iam::123456789012:role/own";
const acme = "arn:aws:iam::210987654321:role/acme";
const publisher = "arn:aws:iam::210987654321:role/publisher";
const profile = { roleArn: acme, region: "eu-west-1" };
const parse = (more: object) => parseSettings(JSON.stringify({ version: 1, ...more }), "config.json");

describe("settings", () => {
  test.each<[string, object]>([
    ["profiles", { profiles: { acme: profile, "a.b-c_d": { ...profile, via: [own], folders: ["/home/dev/acme"] } } }],
    ["roles of a repository", { repositories: [{ ...myRepository, roleArn: acme, publishRoleArn: publisher }] }],
    ["a repository's profile", { repositories: [{ ...myRepository, profile: "acme" }] }],
  ])("have %s", (_, more) => {
    expect(parse(more)).toMatchObject(more);
  });

  test.each<[string, object, string]>([
    ["a relative folder", { folders: ["work"] }, "profiles.acme.folders.0: expected an absolute path"],
    ["no region", { region: undefined }, "profiles.acme"],
    ["a region that is a host name", { region: "evil.example" }, "profiles.acme.region: expected an AWS region"],
    ["an unknown field", { secret: "x" }, "profiles.acme.secret"],
    ["too long a way", { via: Array.from({ length: 5 }, () => own) }, "profiles.acme.via"],
  ])("have no profile with %s", (_, change, words) => {
    expect(() => parse({ profiles: { acme: { ...profile, ...change } } })).toThrow(words);
  });

  test.each(["../acme", "", "a b", "-a", "x".repeat(64)])("have no profile with the name %p", (name) => {
    expect(() => parse({ profiles: { [name]: profile } })).toThrow("profile's name");
  });
});

describe("the role", () => {
  const settings: Settings = {
    version: 1,
    aws: { roleArn: own, region: "us-east-1" },
    profiles: { acme: { ...profile, via: [own] } },
    repositories: [],
  };
  const place = { region: "ap-south-1" };

  test.each<[string, Place | undefined, Settings, "read" | "publish", object]>([
    ["of nothing is that of the settings", undefined, settings, "read", { arn: own, region: "us-east-1", via: [] }],
    ["of a domain, too, at the settings' STS", place, settings, "read", { arn: own, region: "us-east-1", via: [] }],
    [
      "of a domain is asked in its region where no other is set",
      place,
      { ...settings, aws: { roleArn: own } },
      "read",
      { arn: own, region: "ap-south-1", via: [] },
    ],
    [
      "of its own is asked in the domain's region",
      { ...place, roleArn: acme },
      settings,
      "read",
      { arn: acme, region: "ap-south-1", via: [] },
    ],
    [
      "of its own is also the one that publishes",
      { ...place, roleArn: acme },
      settings,
      "publish",
      { arn: acme, region: "ap-south-1", via: [] },
    ],
    [
      "that publishes may be the only one of its own",
      { ...place, publishRoleArn: publisher },
      settings,
      "publish",
      { arn: publisher, region: "ap-south-1", via: [] },
    ],
    [
      "that publishes does not read",
      { ...place, publishRoleArn: publisher },
      settings,
      "read",
      { arn: own, region: "us-east-1", via: [] },
    ],
    [
      "of a profile brings region and way",
      { ...place, profile: "acme" },
      settings,
      "read",
      { arn: acme, region: "eu-west-1", via: [own] },
    ],
    [
      "that publishes goes the profile's way",
      { ...place, profile: "acme", publishRoleArn: publisher },
      settings,
      "publish",
      { arn: publisher, region: "eu-west-1", via: [own] },
    ],
  ])("%s", (_, where, of, purpose, role) => {
    expect(roleFor(where, of, purpose)).toEqual(role as never);
  });

  test.each<[string, Place | undefined, object, string]>([
    ["is set", undefined, { aws: undefined }, "vouch setup aws --role ARN"],
    ["has a region", undefined, { aws: { roleArn: own } }, "--region REGION"],
    ["is in a profile that there is not", { profile: "toString" }, {}, "The profiles are acme."],
  ])("is asked for where none %s", (_, where, change, hint) => {
    let thrown: unknown;
    try {
      roleFor(where, { ...settings, ...change });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "settings_missing", hint: expect.stringContaining(hint) });
  });
});
