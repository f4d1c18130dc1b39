/** `vouch doctor` and `vouch setup aws` as the executable says it, before and after the set-up. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type Laptop, startLaptop } from "../laptop.ts";

const roleArn = "arn:aws:iam::123456789012:role/vouch-developer";

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(() => laptop.stop());

interface Report {
  ok: boolean;
  next: string[];
  sections: { findings: { check: string; status: string; found: string; remedy?: string }[] }[];
}

async function findings(): Promise<Report["sections"][number]["findings"]> {
  const { stdout } = await laptop.vouch("doctor", "--json");
  return (JSON.parse(stdout) as Report).sections.flatMap((section) => section.findings);
}

test("the doctor tells a fresh laptop the one next command first, and nothing twice", async () => {
  const { exitCode, stdout } = await laptop.vouch("doctor");
  expect(exitCode).toBe(1);
  expect(stdout).toStartWith("This machine is not set up yet. Next:\n  vouch enroll\n");
  expect(stdout).not.toContain("FAIL");
  expect(stdout).not.toContain("Session and tokens");
  const { next } = JSON.parse((await laptop.vouch("doctor", "--json")).stdout) as Report;
  expect(next).toEqual(["vouch enroll"]);
});

test("the doctor finds on a machine that is set up that each endpoint lets the role read", async () => {
  await laptop.getReady();
  const read = (await findings()).filter(({ check }) => check === "read");
  const said = read.map(({ status, found }) => `${status} ${found.split(" ")[1]}`);
  expect(said.toSorted()).toEqual(["ok cargo", "ok npm", "ok pypi"]);
});

test("the doctor finds for each endpoint that a role lacks ReadFromRepository", async () => {
  laptop.sandbox.account.deniedActions.add("codeartifact:ReadFromRepository");
  try {
    const read = (await findings()).filter(({ check }) => check === "read");
    expect(read).toHaveLength(3);
    for (const { status, found, remedy } of read) {
      expect(status).toBe("fail");
      expect(found).toContain("HTTP 403");
      expect(remedy).toContain("codeartifact:ReadFromRepository");
    }
  } finally {
    laptop.sandbox.account.deniedActions.clear();
  }
});

test("`vouch setup aws` sends nobody who has a session to a login", async () => {
  const { exitCode, stderr } = await laptop.vouch("setup", "aws", "--role", roleArn);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("Your session goes on");
  expect(stderr).not.toContain("vouch login");
});

test("setup and doctor report settings that the running agent does not read", async () => {
  const env = { VOUCH_CONFIG: join(laptop.home, "other.json") };
  const set = await laptop.run(["vouch", "setup", "aws", "--role", roleArn], { env });
  expect(set.exitCode).toBe(0);
  expect(set.stderr).toContain(`The running agent reads its settings from ${laptop.home}`);
  expect(set.stderr).toContain(env.VOUCH_CONFIG);
  const { stdout } = await laptop.run(["vouch", "doctor"], { env });
  expect(stdout).toContain("The running agent reads its settings from");
});
