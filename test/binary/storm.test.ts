import { afterAll, beforeAll, expect, test } from "bun:test";
import { executable, type Laptop, startLaptop } from "../laptop.ts";
import { names } from "../sandbox/main.ts";

const cargoIndex = `sparse+https://${names.packageHost}/cargo/${names.repository}/`;
const get = `${JSON.stringify({ v: 1, registry: { "index-url": cargoIndex }, kind: "get", operation: "read" })}\n`;

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.startAgent();
  await laptop.enroll();
  await laptop.vouch("setup", "aws", "--role", names.roleArn, "--region", names.region);
  await laptop.login();
  // Only now is a repository configured: the agent has fetched nothing ahead, it is cold.
  await laptop.vouch(
    "setup",
    "codeartifact",
    "--domain",
    names.domain,
    "--repository",
    names.repository,
    "--tool",
    "cargo",
  );
}, 60_000);
afterAll(async () => laptop?.stop());

test("100 helpers at once on a cold agent: one STS call, one GetAuthorizationToken, one token for all", async () => {
  const { account } = laptop.sandbox;
  const before = { ...account.calls };
  account.latencyMs = 100;
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => laptop.run([executable, "--cargo-plugin"], { stdin: get })),
  );
  const tokens = new Set(answers.map(({ stdout }) => JSON.parse(stdout.split("\n")[1] ?? "").Ok?.token));
  expect(tokens.size).toBe(1);
  expect([...tokens][0]).toContain("vouch-sandbox-token");
  expect(account.calls.GetAuthorizationToken - before.GetAuthorizationToken).toBe(1);
  expect(account.calls.AssumeRoleWithWebIdentity).toBe(1);
}, 120_000);
