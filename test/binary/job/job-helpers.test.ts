/** The helpers of a job without agent, key and home folder: each finds its identity in its environment. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countCalls, execVariables, holderOf, type Job, startJob } from "../../job.ts";
import { cargoGet, cargoIndex, executable } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";

let job: Job;
beforeAll(async () => {
  job = await startJob();
});
afterAll(async () => job?.stop());

let calls: ReturnType<typeof countCalls>;
beforeEach(() => {
  calls = countCalls(job);
});

describe("in a job the helpers answer by themselves", () => {
  const env = async () => ({ ...execVariables, ...job.github.env, VOUCH_IDENTITY: "github-actions" });

  test("so that several requests to Cargo's provider on one stdin are one chain, and look-alikes get nothing", async () => {
    const evil = cargoGet(cargoIndex.replace("https://", "https://evil.example/"));
    const stdin = cargoGet() + cargoGet() + evil;
    const { stdout, stderr } = await job.run([executable, "--cargo-plugin"], { stdin, env: await env() });
    expect(stderr).toBe("");
    const [hello, first, second, third] = stdout.split("\n");
    expect(hello).toBe('{"v":[1]}');
    expect(JSON.parse(first!)).toMatchObject({ Ok: { kind: "get", cache: "expires", operation_independent: true } });
    expect(second).toBe(first);
    expect(JSON.parse(third!)).toEqual({ Err: { kind: "url-not-supported" } });
    expect(calls("GetAuthorizationToken")).toBe(1);
  });

  test("so that keyring, npm and credential codeartifact get the job's tokens", async () => {
    const bin = join(job.folder, "shims");
    mkdirSync(bin);
    for (const name of ["keyring", "npm"]) await job.run(["ln", "-s", executable, join(bin, name)]);
    const index = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
    const keyring = await job.run([join(bin, "keyring"), "get", index, "aws"], { env: await env() });
    expect(holderOf(job, keyring.stdout.trimEnd())?.role).toBe(job.role);
    const foreign = await job.run([join(bin, "keyring"), "get", "https://evil.example/simple/", "aws"], {
      env: await env(),
    });
    expect(foreign).toMatchObject({ exitCode: 1, stdout: "" });
    const real = join(job.folder, "real");
    mkdirSync(real);
    const says = "[ \"$1 $2\" = 'config get' ] && exec printf 'globalconfig=/nowhere\\nnpm-version=12.0.0\\n'";
    writeFileSync(join(real, "npm"), `#!/bin/sh\n${says}\ncat "$npm_config_globalconfig"\n`, { mode: 0o755 });
    const npm = await job.run([join(bin, "npm"), "ci"], {
      env: { ...(await env()), PATH: `${bin}:${real}:/usr/bin:/bin` },
    });
    const [, given] = /^\/\/.*\/npm\/my-repo\/:_authToken="?([^"\n]+)/m.exec(npm.stdout) ?? [];
    expect(holderOf(job, given ?? npm.stdout)?.role).toBe(job.role);
    const token = await job.vouch(["credential", "codeartifact", "--json"], await env());
    expect(JSON.parse(token.stdout)).toEqual({ token: expect.any(String), expiration: expect.any(Number) });
  });

  test("except under vouch exec, where they have its tokens and ask AWS nothing, unless those are somebody else's", async () => {
    const inner = (...flags: string[]) => [
      executable,
      "exec",
      "--",
      executable,
      "credential",
      "codeartifact",
      ...flags,
    ];
    const given = await env();
    expect(holderOf(job, (await job.run(inner(), { env: given })).stdout.trimEnd())?.role).toBe(job.role);
    expect(calls("GetAuthorizationToken")).toBe(1);
    const cargo = [executable, "exec", "--", executable, "--cargo-plugin"];
    const { stdout } = await job.run(cargo, {
      env: given,
      stdin: cargoGet() + cargoGet(cargoIndex.replace("my-repo", "x")),
    });
    const [, own, foreign] = stdout.split("\n");
    expect(JSON.parse(own!)).toMatchObject({ Ok: { kind: "get" } });
    expect(JSON.parse(foreign!)).toEqual({ Err: { kind: "url-not-supported" } });
    expect(calls("GetAuthorizationToken")).toBe(2);
    const other = await job.run(inner("--role", "arn:aws:iam::123456789012:role/other"), { env: given });
    expect(other).toMatchObject({ exitCode: 5, stdout: "" });
    expect(calls("AssumeRoleWithWebIdentity")).toBeGreaterThan(4);
  });

  test("so that several repositories of one domain are one chain", async () => {
    const endpoint = `https://${names.packageHost}/npm/other/`;
    const { stdout } = await job.vouch(
      ["exec", "--repository", names.repository, "--repository", "other", "--", "env"],
      await env(),
    );
    expect(stdout).toContain(`npm_config_${endpoint.slice("https:".length)}:_authToken=`);
    expect(stdout).toContain("VOUCH_REPOSITORY=my-repo,other\n");
    expect(calls("GetAuthorizationToken")).toBe(1);
  });
});
