/** `vouch setup aws --profile`, and the roles of `vouch setup codeartifact`. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { codeartifact, home, role, setRole, settings, setup, useHome } from "./home.ts";

useHome();

const acme = "arn:aws:iam::210987654321:role/acme";
const publisher = "arn:aws:iam::123456789012:role/publisher";
const profile = (...args: string[]) => setup("aws", "--profile", "acme", ...args);
const setProfile = async (...args: string[]) =>
  expect(await profile("--role", acme, "--region", "eu-west-1", ...args)).toMatchObject({ exitCode: 0 });

describe("vouch setup aws --profile", () => {
  test("names a role, a region, the way to it and its folders, beside the role without a name", async () => {
    await setRole();
    mkdirSync(join(home, "work/acme"), { recursive: true });
    symlinkSync(join(home, "work"), join(home, "link"));
    await setProfile("--via", role, "--via", publisher, "--folder", join(home, "link/./acme/../acme"));
    expect(settings()).toMatchObject({
      aws: { roleArn: role, region: "us-east-1" },
      profiles: {
        acme: {
          roleArn: acme,
          region: "eu-west-1",
          via: [role, publisher],
          folders: [realpathSync(join(home, "work/acme"))],
        },
      },
    });
  });

  test("keeps what is not given; another role loses the way to the former one", async () => {
    await setProfile("--via", role);
    expect(await profile("--region", "us-east-1")).toMatchObject({ exitCode: 0 });
    expect(settings().profiles).toEqual({ acme: { roleArn: acme, region: "us-east-1", via: [role] } });
    expect(await profile("--role", publisher)).toMatchObject({ exitCode: 0 });
    expect(settings().profiles).toEqual({ acme: { roleArn: publisher, region: "us-east-1" } });
  });

  test("is taken away with --remove, unless a repository needs it", async () => {
    await setProfile();
    await codeartifact("--profile", "acme", "--tool", "pip");
    expect(await profile("--remove")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("my-domain/my-repo"),
    });
    await codeartifact("--domain-owner", "210987654321", "--region", "eu-west-1", "--remove");
    expect(await profile("--remove")).toMatchObject({ exitCode: 0 });
    expect(settings()).not.toHaveProperty("profiles");
    expect(await profile("--remove")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("nothing to do") });
  });

  test.each<[string, string[]]>([
    ["no role", ["--region", "eu-west-1"]],
    ["no region", ["--role", acme]],
    ["no ARN", ["--role", "acme", "--region", "eu-west-1"]],
    ["a region of another partition", ["--role", acme, "--region", "cn-north-1"]],
    [
      "a way through another partition",
      ["--role", acme, "--region", "eu-west-1", "--via", role.replace("aws", "aws-cn")],
    ],
    ["a way that is no ARN", ["--role", acme, "--region", "eu-west-1", "--via", "hub"]],
    [
      "too long a way",
      ["--role", acme, "--region", "eu-west-1", ...Array.from({ length: 5 }, () => ["--via", role]).flat()],
    ],
    ["a folder that is not there", ["--role", acme, "--region", "eu-west-1", "--folder", "nowhere"]],
    ["an identity", ["--role", acme, "--region", "eu-west-1", "--identity", "gitlab"]],
    ["a name that is a path", ["--role", acme, "--region", "eu-west-1", "--profile", "../acme"]],
  ])("refuses %s, and writes nothing", async (_, args) => {
    expect(await profile(...args)).toMatchObject({ exitCode: 2, stdout: "" });
    expect(existsSync(join(home, ".config"))).toBe(false);
  });

  test.each(["--via", "--folder"])("%s without a profile is refused", async (flag) => {
    const { exitCode, stderr } = await setup("aws", "--role", role, flag, role);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining(`${flag} goes with --profile`),
    });
  });

  test("a folder belongs to one profile", async () => {
    await setProfile("--folder", home);
    const other = await setup(
      "aws",
      "--profile",
      "b",
      "--role",
      role,
      "--region",
      "us-east-1",
      "--folder",
      `${home}/.`,
    );
    expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("belongs to the profile acme") });
    expect(Object.keys(settings().profiles!)).toEqual(["acme"]);
  });
});

describe("vouch setup codeartifact", () => {
  test("gives a repository a role, whose account owns the domain, and one for publishing", async () => {
    await setRole();
    const roles = ["--role", acme, "--publish-role", publisher, "--region", "eu-west-1"];
    const { exitCode, stderr } = await codeartifact(...roles, "--tool", "pip");
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `Publishing to it asks for a touch of your security key each time, and uses the role ${publisher}.`,
    );
    expect(settings().repositories).toMatchObject([
      { domainOwner: "210987654321", region: "eu-west-1", roleArn: acme, publishRoleArn: publisher },
    ]);
    // What is not given stays; `none` takes away.
    const again = ["--domain-owner", "210987654321", "--region", "eu-west-1", "--tool", "pip"];
    expect(await codeartifact(...again)).toMatchObject({ exitCode: 0 });
    expect(settings().repositories).toMatchObject([{ roleArn: acme, publishRoleArn: publisher }]);
    expect(await codeartifact(...again, "--role", "none", "--publish-role", "none")).toMatchObject({ exitCode: 0 });
    expect(Object.keys(settings().repositories[0]!)).not.toContainAnyValues(["roleArn", "publishRoleArn", "profile"]);
  });

  test("gives a repository a profile, with its region and its account; a role takes its place", async () => {
    await setRole();
    await setProfile("--via", role);
    expect(await codeartifact("--profile", "acme", "--tool", "pip")).toMatchObject({ exitCode: 0 });
    expect(settings().repositories).toMatchObject([
      { domainOwner: "210987654321", region: "eu-west-1", profile: "acme" },
    ]);
    expect(await codeartifact("--role", acme, "--region", "eu-west-1", "--tool", "pip")).toMatchObject({ exitCode: 0 });
    expect(settings().repositories[0]).toMatchObject({ roleArn: acme });
    expect(settings().repositories[0]).not.toHaveProperty("profile");
  });

  test("keeps a repository of the same name that another role leads to; one of the same role is a slip", async () => {
    await setRole();
    await setProfile();
    await codeartifact("--tool", "pip");
    expect(await codeartifact("--profile", "acme", "--tool", "pip")).toMatchObject({ exitCode: 0 });
    const owners = () => settings().repositories.map(({ domain, domainOwner }) => `${domain} ${domainOwner}`);
    expect(owners()).toEqual(["my-domain 123456789012", "my-domain 210987654321"]);
    const corrected = ["--domain", "their-domain", "--repository", "my-repo", "--profile", "acme", "--tool", "pip"];
    expect(await setup("codeartifact", ...corrected)).toMatchObject({ exitCode: 0 });
    expect(owners()).toEqual(["my-domain 123456789012", "their-domain 210987654321"]);
  });

  test("takes a domain of a partition that the role without a name is not of", async () => {
    await setRole();
    const china = acme.replace("aws", "aws-cn");
    expect(await codeartifact("--role", china, "--region", "cn-north-1", "--tool", "pip")).toMatchObject({
      exitCode: 0,
    });
  });

  test.each<[string, string[]]>([
    ["a role that is no ARN", ["--role", "acme"]],
    ["a publish role that is no ARN", ["--publish-role", "acme"]],
    ["a role of another partition than the region", ["--role", acme, "--region", "cn-north-1"]],
    ["a publish role of another partition", ["--publish-role", publisher.replace("aws", "aws-us-gov")]],
    ["a profile that there is not", ["--profile", "acne"]],
    ["both a role and a profile", ["--profile", "acme", "--role", acme]],
  ])("refuses %s, and writes nothing", async (_, args) => {
    await setRole();
    await setProfile();
    const before = settings();
    const { exitCode, stdout } = await codeartifact(...args, "--tool", "pip");
    expect({ isRefused: exitCode === 1 || exitCode === 2, stdout }).toEqual({ isRefused: true, stdout: "" });
    expect(settings()).toEqual(before);
    expect(existsSync(join(home, ".config/pip"))).toBe(false);
  });
});

describe("a role that publishes and reads, which would publish without a touch", () => {
  const refused = { exitCode: 2, stderr: expect.stringContaining("without a touch") };

  test.each([
    ["by the same ARN", role],
    ["in other letters", role.replace("developer", "DEVELOPER")],
    ["below a path", role.replace(":role/", ":role/team/")],
  ])("is refused %s, before anything is written", async (_, publish) => {
    await setRole();
    const before = settings();
    const { exitCode, stderr } = await codeartifact("--publish-role", publish, "--tool", "pip");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("without a touch");
    expect(stderr).toContain("--publish-role none");
    expect(settings()).toEqual(before);
  });

  test("is refused where a repository's own role reads by it, and where a profile does", async () => {
    await setRole();
    await setProfile();
    const own = ["--domain-owner", "210987654321", "--region", "eu-west-1", "--publish-role", acme, "--tool", "pip"];
    expect(await codeartifact("--role", acme, ...own)).toMatchObject(refused);
    expect(await codeartifact("--profile", "acme", ...own)).toMatchObject(refused);
  });

  test.each([
    ["as a profile's role", ["--role", publisher]],
    ["on the way to a profile's", ["--role", acme, "--via", publisher]],
  ])("is refused %s, whatever reads by that profile", async (_, words) => {
    await setRole();
    expect(await codeartifact("--publish-role", publisher, "--tool", "pip")).toMatchObject({ exitCode: 0 });
    const before = settings();
    expect(await profile(...words, "--region", "us-east-1")).toMatchObject(refused);
    expect(settings()).toEqual(before);
    await codeartifact("--publish-role", "none", "--tool", "pip");
    expect(await profile(...words, "--region", "us-east-1")).toMatchObject({ exitCode: 0 });
    expect(await codeartifact("--publish-role", publisher, "--tool", "pip")).toMatchObject(refused);
  });

  test("is refused for another repository, whose read token could publish to this one", async () => {
    await setRole();
    expect(await codeartifact("--publish-role", publisher, "--tool", "pip")).toMatchObject({ exitCode: 0 });
    const other = ["codeartifact", "--domain", "my-domain", "--repository", "other", "--tool", "pip"];
    expect(await setup(...other, "--role", publisher)).toMatchObject(refused);
    expect(await setup(...other)).toMatchObject({ exitCode: 0 });
  });

  test("is refused when the default role or a profile's becomes it later", async () => {
    await setRole();
    await setProfile();
    expect(await codeartifact("--publish-role", publisher, "--tool", "pip")).toMatchObject({ exitCode: 0 });
    expect(await setup("aws", "--role", publisher)).toMatchObject(refused);
    expect(settings().aws).toMatchObject({ roleArn: role });
    await setup("codeartifact", "--domain", "acme", "--repository", "theirs", "--profile", "acme", "--tool", "pip");
    expect(await profile("--role", publisher)).toMatchObject(refused);
    expect(settings().profiles).toMatchObject({ acme: { roleArn: acme } });
  });
});
