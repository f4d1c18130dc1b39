/** `vouch setup aws`. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { command, env, home, names, role, setRole, settings, setup, useHome } from "./home.ts";

useHome();

describe("vouch setup aws", () => {
  test("keeps role and region, and the region stays when the role changes", async () => {
    await setRole();
    expect(settings().aws).toEqual({ roleArn: role, region: "us-east-1" });
    const other = role.replace("vouch-developer", "team/other");
    expect(await setup("aws", "--role", other, "--json")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(settings().aws).toEqual({ roleArn: other, region: "us-east-1" });
  });

  test("changes the region alone, and says what is missing where there is no role yet", async () => {
    expect(await setup("aws", "--region", "eu-west-1")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--role is missing."),
    });
    await setRole();
    expect(await setup("aws", "--region", "eu-west-1")).toMatchObject({ exitCode: 0 });
    expect(settings().aws).toEqual({ roleArn: role, region: "eu-west-1" });
    expect(await setup("aws", "--region", "cn-north-1")).toMatchObject({ exitCode: 2 });
  });

  test("says without flags what is set, also that nothing is, and writes nothing", async () => {
    const none = await setup("aws");
    expect(none).toMatchObject({ exitCode: 0, stdout: "No role is set.\n" });
    expect(none.stderr).toBe("Next: `vouch setup aws --role ARN --region REGION`.\n");
    expect(JSON.parse((await setup("aws", "--json")).stdout)).toEqual({ roleArn: null });
    expect(existsSync(join(home, ".config"))).toBe(false);
    await setRole();
    await setup("aws", "--profile", "acme", "--role", role, "--region", "eu-west-1");
    const before = settings();
    const shown = await setup("aws");
    expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
    expect(shown.stdout).toContain(`The role is ${role} and the region us-east-1 (`);
    expect(shown.stdout).toContain(`The profile acme is ${role} and the region eu-west-1 (`);
    expect(JSON.parse((await setup("aws", "--json")).stdout)).toEqual({ roleArn: role, region: "us-east-1" });
    expect(settings()).toEqual(before);
  });

  test("shows with --dry-run what each form of it would change, and changes nothing", async () => {
    const first = await setup("aws", "--role", role, "--region", "us-east-1", "--dry-run");
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toContain(`.config/vouch/config.json (new)\n`);
    expect(first.stdout).toContain(`+     "roleArn": "${role}",\n`);
    expect(first.stderr).toContain(`The role would be ${role} and the region us-east-1`);
    expect(first.stderr).toEndWith("Nothing has been changed (--dry-run).\n");
    expect(existsSync(join(home, ".config/vouch/config.json"))).toBe(false);
    await setRole();
    const profile = ["aws", "--profile", "acme", "--role", role, "--region", "us-east-1"];
    await setup(...profile);
    const before = settings();
    const other = role.replace("vouch-developer", "other");
    for (const [flags, shown] of [
      [["aws", "--role", other], `+     "roleArn": "${other}",`],
      [["aws", "--role", other, "--identity", "gitlab"], `+     "name": "gitlab"`],
      [[...profile.slice(0, 3), "--region", "eu-west-1"], `+       "region": "eu-west-1"`],
      [[...profile.slice(0, 3), "--remove"], `-     "acme": {`],
    ] as const) {
      const run = await setup(...flags, "--dry-run");
      expect(run).toMatchObject({ exitCode: 0 });
      expect(run.stdout).toContain(shown);
      expect(run.stderr).toEndWith("Nothing has been changed (--dry-run).\n");
      expect(JSON.parse((await setup(...flags, "--dry-run", "--json")).stdout)).toMatchObject({ dryRun: true });
      expect(settings()).toEqual(before);
    }
    expect((await setup(...profile, "--dry-run")).stderr).toContain("Nothing would change.");
  });

  test("takes a region that AWS may have added since, and says what may have been meant", async () => {
    expect(await setup("aws", "--role", role, "--region", "us-esat-1")).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("Did you mean us-east-1?"),
    });
    expect(settings().aws).toEqual({ roleArn: role, region: "us-esat-1" });
    expect((await setup("aws", "--role", role, "--region", "us-east-1")).stderr).not.toContain("Did you mean");
    expect(settings().aws).toEqual({ roleArn: role, region: "us-east-1" });
    const flags = ["--domain", "d-d", "--repository", "r-r", "--region", "eu-wets-1", "--tool", "pip", "--dry-run"];
    expect((await setup("codeartifact", ...flags)).stderr).toContain("Did you mean eu-west-1?");
  });

  test("a malformed region is refused with a hint that names the command that was typed", async () => {
    const aws = await setup("aws", "--role", role, "--region", "mars");
    expect(aws.stderr).toContain("`vouch setup aws --region REGION`");
    await setRole();
    const codeartifact = await setup("codeartifact", ...names, "--region", "mars");
    expect(codeartifact.stderr).toContain("`vouch setup codeartifact --region REGION`");
  });

  test("`vouch status` shows the role with its region", async () => {
    await setRole("eu-west-1");
    const status = async (...flags: string[]) =>
      Bun.spawn([...command.slice(0, -1), "status", ...flags], {
        env,
        stdin: "ignore",
        stderr: "ignore",
      }).stdout.text();
    expect(await status()).toMatch(/^ *Region +eu-west-1$/m);
    expect(JSON.parse(await status("--json"))).toMatchObject({ role: { arn: role }, region: "eu-west-1" });
  });

  test("keeps the identity of a job until it is given another", async () => {
    expect(await setup("aws", "--role", role, "--identity", "gitlab")).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("the identity gitlab does"),
    });
    await setRole();
    expect(settings().identity).toEqual({ name: "gitlab" });
    await setup("aws", "--role", role, "--identity", "none");
    expect(settings()).not.toHaveProperty("identity");
  });

  test.each([
    ["an identity that there is not", ["--role", role, "--identity", "github"]],
    ["no ARN", ["--role", "vouch-developer"]],
    ["a user's ARN", ["--role", "arn:aws:iam::123456789012:user/dev"]],
    ["no region", ["--role", role, "--region", "here"]],
    ["a region of another partition", ["--role", role, "--region", "cn-north-1"]],
    ["a role of another partition", ["--role", role.replace("aws", "aws-us-gov"), "--region", "us-east-1"]],
  ])("refuses %s, and writes nothing", async (_, args) => {
    expect(await setup("aws", ...args)).toMatchObject({ exitCode: 2, stdout: "" });
    expect(existsSync(join(home, ".config"))).toBe(false);
  });
});
