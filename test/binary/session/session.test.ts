/** What happens when something goes away: the session, the agent, the server, the right to a token. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { cargoGet, executable, type Finished, type Laptop, type LaptopOptions, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { crateUserProject, npmUserProject } from "../projects.ts";

let laptop: Laptop;
let agent: Bun.Subprocess;

async function ready(options: LaptopOptions = {}): Promise<void> {
  laptop = await startLaptop(options);
  agent = await laptop.startAgent();
  await laptop.enroll();
  await laptop.setUpAws();
  await laptop.setUpRepository();
}

/** What Cargo is told: the token, or the protocol's error. */
async function askAsCargo(): Promise<{
  token?: string;
  error?: { kind: string; message: string; "caused-by"?: string[] };
}> {
  const { stdout, exitCode } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  expect(exitCode).toBe(0);
  const answer = JSON.parse(stdout.split("\n")[1] ?? "");
  return { token: answer.Ok?.token, error: answer.Err };
}

/** Each helper without a session: its exit code and the one line it says. */
async function expectNoToken(says: RegExp): Promise<void> {
  const { error } = await askAsCargo();
  expect(error?.kind).toBe("other");
  expect([error?.message, ...(error?.["caused-by"] ?? [])].join(" ")).toMatch(says);
  const pypi = `https://${names.packageHost}/pypi/${names.repository}/simple/`;
  const table: [command: string[], exitCode: number][] = [
    [[join(laptop.shims, "keyring"), "get", pypi, "aws"], 1],
    [[executable, "credential", "codeartifact"], 4],
    [[executable, "exec", "--", "true"], 4],
  ];
  for (const [command, exitCode] of table) {
    const finished: Finished = await laptop.run(command);
    expect(finished).toMatchObject({ exitCode, stdout: "" });
    expect(finished.stderr).toMatch(says);
    expect(finished.stderr.trimEnd().split("\n").length).toBe(1);
  }
}

afterEach(async () => laptop?.stop());

describe("with a session of eight hours", () => {
  beforeEach(async () => {
    await ready();
    await laptop.login();
  });

  test("logout makes the next request get nothing, and the server knows the session as revoked", async () => {
    expect((await askAsCargo()).token).toContain("vouch-sandbox-token");
    expect((await laptop.vouch("logout")).exitCode).toBe(0);
    await expectNoToken(/[Nn]ot logged in.*vouch login/);
    expect((await laptop.vouch("status")).exitCode).toBe(4);
  });

  test.skipIf(!requires("cargo", "npm"))(
    "cargo and npm tell what to do after a logout in the middle of the day",
    async () => {
      const cargoApp = crateUserProject(join(laptop.home, "cargo-app"), "my-crate", names.repository);
      const npmApp = npmUserProject(join(laptop.home, "npm-app"), "my-lib");
      const commands: [string[], string][] = [
        [["cargo", "build"], cargoApp],
        [["npm", "install"], npmApp],
      ];
      for (const [command, cwd] of commands) {
        const { exitCode, stderr } = await laptop.run(command, { cwd });
        expect(exitCode).not.toBe(0);
        expect(stderr).not.toContain("vouch login");
      }
      await laptop.vouch("logout");
      for (const [command, cwd] of commands) {
        const { exitCode, stderr } = await laptop.run(command, { cwd });
        expect(exitCode).not.toBe(0);
        expect(stderr).toContain("Run `vouch login`.");
      }
    },
    120_000,
  );

  test("the session is lost when the agent is killed, and login brings it back", async () => {
    expect((await askAsCargo()).token).toBeDefined();
    agent.kill("SIGKILL");
    await agent.exited;
    await expectNoToken(/[Nn]ot logged in.*vouch login/);
    await laptop.login();
    expect((await askAsCargo()).token).toBeDefined();
  });

  test("a warm agent still gives the token while server and STS are down", async () => {
    const before = (await askAsCargo()).token;
    expect(before).toBeDefined();
    await laptop.stopServer();
    await laptop.sandbox.stop();
    expect((await askAsCargo()).token).toBe(before);
  });

  test("the agent's folder and socket are the user's alone", () => {
    const { mode, uid } = statSync(join(laptop.folder, "run"));
    expect(mode & 0o777).toBe(0o700);
    expect(uid).toBe(process.getuid!());
  });

  test("an agent's folder that others can write to is refused", async () => {
    Bun.spawnSync(["chmod", "0777", join(laptop.folder, "run")]);
    const { error } = await askAsCargo();
    expect(error?.message).toMatch(/expected mode 700/);
    Bun.spawnSync(["chmod", "0700", join(laptop.folder, "run")]);
  });
});

test("the error names the IAM action and the resource when the right to a token is denied", async () => {
  await ready();
  laptop.sandbox.account.deniedActions.add("codeartifact:GetAuthorizationToken");
  await laptop.login();
  const { error } = await askAsCargo();
  expect(error?.message).toMatch(/my-domain/);
  expect([error?.message, ...(error?.["caused-by"] ?? [])].join(" ")).toMatch(/codeartifact:GetAuthorizationToken/);
  expect((await laptop.vouch("credential", "codeartifact")).exitCode).toBe(5);
});

test("the agent forgets the session at its end by the clock, and says so", async () => {
  await ready({ sessionDuration: "3s" });
  await laptop.login();
  const deadline = Date.now() + 50_000;
  let status = await laptop.vouch("status", "--json");
  while (status.exitCode === 0 && Date.now() < deadline) status = await laptop.vouch("status", "--json");
  expect(status.exitCode).toBe(4);
  // The agent replaces itself by a fresh process when a session ends: until that listens, nobody answers.
  while ((await laptop.vouch("agent", "status")).exitCode !== 0) expect(Date.now()).toBeLessThan(deadline);
  await expectNoToken(/session.*(ended|expired).*vouch login/i);
});

test("a helper without an agent and without its folder prints one clear line, at once", async () => {
  await ready();
  await laptop.vouch("agent", "stop");
  rmSync(join(laptop.folder, "run"), { recursive: true, force: true });
  await expectNoToken(/[Nn]ot logged in.*vouch login/);
});
