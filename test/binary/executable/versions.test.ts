/** An agent and an executable of two versions: what goes on, what is said, and what `vouch login` replaces. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { buildInfo } from "../../../src/base/build-info.ts";
import { protocolVersion } from "../../../src/agent/protocol.ts";
import { cargoGet, ended, executable, type Laptop, person, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { buildOtherVersion, type OtherVersion } from "./other-build.ts";
import { runInTerminal } from "../../pty.ts";
import { until } from "../../agent/harness.ts";

const versions = {
  older: { version: "0.0.1" },
  "older, and cannot restart itself": { version: "0.0.1", staysAsItIs: true },
  newer: { version: "99.0.0" },
  "another build": { version: buildInfo.version },
  "newer, with another protocol": { version: "99.0.0", protocol: protocolVersion + 1 },
} satisfies Record<string, OtherVersion>;
type Name = keyof typeof versions;

let laptop: Laptop;
const builds = {} as Record<Name, string>;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  await laptop.vouch("agent", "stop");
  for (const [index, name] of (Object.keys(versions) as Name[]).entries()) {
    builds[name] = join(laptop.folder, `vouch-${index}`);
    await buildOtherVersion(builds[name], versions[name]);
  }
});
afterAll(async () => laptop?.stop());
/** Whoever of them speaks the agent's protocol stops it; the others by a signal. */
afterEach(async () => {
  await laptop.vouch("agent", "stop");
});

const run = (program: string, ...args: string[]) => laptop.run([program, ...args]);

async function login(program: string) {
  const { exitCode, screen } = await runInTerminal(
    [program, "login"],
    { cwd: laptop.home, env: laptop.env },
    async ({ see, type }) => {
      await see("PIN");
      type(`${person.pin}\r`);
    },
  );
  expect({ exitCode, screen }).toMatchObject({ exitCode: 0 });
  return screen.replaceAll(/\s+/g, " ");
}

interface AgentStatus {
  running: boolean;
  version?: string;
  pid?: number;
  session?: object;
}

async function agent(program = executable): Promise<AgentStatus> {
  return JSON.parse((await run(program, "agent", "status", "--json")).stdout) as AgentStatus;
}

async function cargoToken(program: string): Promise<string> {
  return (await laptop.run([program, "--cargo-plugin"], { stdin: cargoGet() })).stdout;
}

describe.each(["older", "older, and cannot restart itself", "another build"] as const)(
  "with an agent that is %s",
  (name) => {
    beforeEach(async () => {
      await login(builds[name]);
    });

    test("helpers go on, in both directions", async () => {
      expect(await cargoToken(executable)).toContain("vouch-sandbox-token");
      expect(await cargoToken(builds[name])).toContain("vouch-sandbox-token");
      expect((await run(executable, "exec", "--", "true")).exitCode).toBe(0);
      expect((await agent()).version).toBe(versions[name].version);
    });

    test("status, agent status and doctor say it, with the next command", async () => {
      const found =
        name === "another build" ? "of another build of vouch" : `of vouch 0.0.1, this is vouch ${buildInfo.version}`;
      for (const command of [["status"], ["agent", "status"], ["doctor"]]) {
        const { stdout, stderr } = await run(executable, ...command);
        expect(`${stdout}${stderr}`).toContain(found);
        expect(`${stdout}${stderr}`).toContain("`vouch login` replaces it");
      }
      expect((await run(builds[name], "doctor")).stdout).not.toContain("running agent is of");
    });

    test("login replaces it, says that its session ends, and renews it", async () => {
      const { pid } = await agent();
      const screen = await login(sandboxExecutable);
      expect(screen).toContain("It is replaced, and its session ends; this login opens a new one.");
      expect(screen).toContain("Logged in as");
      const replaced = await agent();
      expect(replaced).toMatchObject({ version: buildInfo.version, session: expect.anything() });
      expect(replaced.pid).not.toBe(pid);
      expect(() => process.kill(pid!, 0)).toThrow();
      expect(await cargoToken(executable)).toContain("vouch-sandbox-token");
      expect(JSON.parse(await ended(run(executable, "sessions", "list", "--json")))).toHaveLength(1);
      expect((await run(executable, "agent", "status")).stdout).not.toContain("replaces it");
    });
  },
);

describe("after an update at the agent's own path", () => {
  let installed: string;
  let update: () => void;
  beforeEach(async () => {
    const bin = join(laptop.folder, "installed");
    mkdirSync(bin, { recursive: true });
    installed = join(bin, "vouch");
    copyFileSync(builds.older, installed);
    // As package managers and install.sh do: another file takes the name.
    update = () => {
      copyFileSync(sandboxExecutable, `${installed}.new`);
      renameSync(`${installed}.new`, installed);
    };
    await login(installed);
  });

  test("login replaces the agent in the same process, which a service manager keeps", async () => {
    const before = await agent();
    update();
    expect(await cargoToken(installed)).toContain("vouch-sandbox-token");
    await login(installed);
    expect(await agent()).toMatchObject({ version: buildInfo.version, pid: before.pid!, session: expect.anything() });
  });

  test("the agent is the new one as soon as its session has ended", async () => {
    const before = await agent();
    update();
    await ended(run(installed, "logout"));
    await until(async () => (await agent()).running);
    const after = await agent();
    expect(after).toMatchObject({ version: buildInfo.version, pid: before.pid! });
    expect(after.session).toBeUndefined();
  });
});

describe("with an agent that is newer", () => {
  test("helpers and login go on with it, and it is said where the newer vouch can be found", async () => {
    await login(builds.newer);
    expect(await cargoToken(executable)).toContain("vouch-sandbox-token");
    const { pid } = await agent();
    const screen = await login(sandboxExecutable);
    expect(screen).toContain("`which -a vouch` shows where the newer one is");
    expect(await agent()).toMatchObject({ version: "99.0.0", pid: pid!, session: expect.anything() });
    expect((await run(executable, "agent", "status")).stdout).toContain("which -a vouch");
  });
});

describe("with an agent of another protocol", () => {
  const other = "newer, with another protocol";

  test("that is newer, every command says what helps, and none ends its session", async () => {
    await login(builds[other]);
    for (const command of [["status"], ["agent", "status"], ["doctor"], ["login"], ["exec", "--", "true"]]) {
      const { exitCode, stderr } = await run(executable, ...command);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("newer than this vouch");
      expect(stderr).toContain("`vouch agent stop`, then `vouch login`");
    }
    expect(await cargoToken(executable)).not.toContain("vouch-sandbox-token");
    expect((await agent(builds[other])).session).toBeDefined();
    await ended(run(executable, "agent", "stop"));
    expect(await agent()).toMatchObject({ running: false });
  });

  test("that is older, login replaces it; the other commands say so", async () => {
    await login(sandboxExecutable);
    const { pid } = await agent();
    const refused = await run(builds[other], "status");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("older than this vouch");
    expect(refused.stderr).toContain("Run `vouch login`: it replaces the agent.");
    const screen = await login(builds[other]);
    expect(screen).toContain("The running agent is of an older vouch. It is replaced");
    expect(await agent(builds[other])).toMatchObject({ version: "99.0.0", session: expect.anything() });
    expect(() => process.kill(pid!, 0)).toThrow();
  });
});
