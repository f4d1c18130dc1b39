import { afterAll, beforeAll, expect, test } from "bun:test";
import { cargoGet, executable, type Laptop, startLaptop } from "../../laptop.ts";

let laptop: Laptop;
beforeAll(async () => {
  laptop = await startLaptop();
  // The repository is configured after the login: the agent has fetched nothing ahead, it is cold.
  await laptop.getReady("--tool", "cargo");
});
afterAll(async () => laptop?.stop());

test("100 helpers at once on a cold agent cost one STS call and one GetAuthorizationToken, and get the same token", async () => {
  const { account } = laptop.sandbox;
  const before = { ...account.calls };
  account.latencyMs = 100;
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() })),
  );
  const tokens = new Set(answers.map(({ stdout }) => JSON.parse(stdout.split("\n")[1] ?? "").Ok?.token));
  expect(tokens.size).toBe(1);
  expect([...tokens][0]).toContain("vouch-sandbox-token");
  expect(account.calls.GetAuthorizationToken - before.GetAuthorizationToken).toBe(1);
  expect(account.calls.AssumeRoleWithWebIdentity).toBe(1);
});
