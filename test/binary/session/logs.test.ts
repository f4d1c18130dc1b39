/** What the trace and the agent's log tell, and that no secret of a whole day is in either. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../agent/harness.ts";
import {
  cargoGet,
  executable,
  type Finished,
  type Laptop,
  person,
  registryName,
  serverUrl,
  startLaptop,
} from "../../laptop.ts";
import { type IssuedSecrets, recordIssuedSecrets } from "./issued-secrets.ts";

let laptop: Laptop;
let issued: IssuedSecrets;
let logFile: string;
/** All that was said on stderr and on terminals; what was asked for (stdout) is left out. */
let said = "";
/** What programs were given on stdout, tokens among it. */
let given = "";
let code = "";
const wrongPin = "864209";

async function run(...command: string[]): Promise<Finished> {
  const stdin = command.includes("--cargo-plugin") ? cargoGet() : "";
  const finished = await laptop.run(command, { stdin });
  said += finished.stderr;
  given += finished.stdout;
  return finished;
}

/** Runs a command whose person mistypes the PIN once; the trace names commands with "PIN" in them, too. */
async function atTerminal(...command: string[]): Promise<void> {
  const { exitCode, screen } = await laptop.atTerminal(command, async ({ see, type }) => {
    if (command[0] === "enroll") {
      await see("Enrolment code");
      type(`${code}\r`);
    }
    for (const pin of [wrongPin, person.pin]) {
      await see("PIN of your security key");
      type(`${pin}\r`);
    }
  });
  said += screen;
  expect(`exit code ${exitCode}\n${exitCode === 0 ? "" : screen}`).toBe("exit code 0\n");
}

async function status() {
  const { stdout } = await laptop.run([executable, "agent", "status", "--json"], { env: { VOUCH_DEBUG: undefined } });
  const answer = JSON.parse(stdout) as { running: boolean } & {
    pid: number;
    ended?: string;
    log?: { path: string; failure?: string };
  };
  return answer.running ? answer : null;
}

const trace = () => said.split("\n").filter((line) => line.startsWith("debug: "));
const agentLog = () => readFileSync(logFile, "utf8");

beforeAll(async () => {
  laptop = await startLaptop();
  issued = recordIssuedSecrets(laptop);
  await laptop.stopServer();
  await laptop.startServer();
  logFile = join(laptop.home, ".local/state/vouch/agent.log");
  laptop.env["VOUCH_DEBUG"] = "1";
  code = await laptop.invite();
  await atTerminal("enroll", "--server", serverUrl, "--key-only");
  await laptop.setUpAws();
  await atTerminal("login");
  await laptop.setUpRepository("--registry-name", registryName);
  await run(executable, "--cargo-plugin");
  await run(executable, "--cargo-plugin");
  await run(executable, "credential", "codeartifact");
  await run(executable, "credential", "aws");
  await run(executable, "exec", "--", "env");
  await run(executable, "keys", "list");
  await run(executable, "doctor");
  await run(executable, "logout");
});
afterAll(async () => {
  await laptop?.stop();
  await issued?.stop();
});

describe("the trace", () => {
  test.each([
    ["a CTAPHID channel", /^debug: \[\d+ \d+\.\d ms\] hid: channel 0x[0-9a-f]+ of .+, capabilities 0x/m],
    ["getInfo", / ctap: authenticatorGetInfo, 1 bytes -> OK \(0x00\), \d+ bytes, \d+\.\d ms$/m],
    ["key agreement", / ctap: authenticatorClientPIN getKeyAgreement, \d+ bytes -> OK \(0x00\), \d+ bytes/m],
    ["the PIN's command", / ctap: authenticatorClientPIN getPinUvAuthTokenUsingPinWithPermissions, .* -> OK/m],
    ["a wrong PIN", / ctap: authenticatorClientPIN getPin\S+, \d+ bytes -> PIN_INVALID \(0x31\), 1 bytes/m],
    ["makeCredential", / ctap: authenticatorMakeCredential, \d+ bytes -> OK \(0x00\), \d+ bytes/m],
    ["getAssertion", / ctap: authenticatorGetAssertion, \d+ bytes -> OK \(0x00\), \d+ bytes/m],
    ["the agent's start", / program: \S+ started as process \d+, the agent$/m],
    ["the begin of a login", / agent: \/v1\/login\/start, \d+ bytes, answer 200, \d+ bytes -> ok, \d+\.\d ms$/m],
    ["the end of a login", / agent: \/v1\/login\/finish, \d+ bytes, answer 200, /m],
    ["a helper's question", / agent: \/v1\/cargo, \d+ bytes, answer 200, /m],
    [
      "no agent",
      / agent: \/v1\/status, \d+ bytes, answer no status, 0 bytes -> no agent \(no socket at \S+agent\.sock\), /m,
    ],
    ["a program that is become", / program: becomes \S+\/env, 0 arguments$/m],
    [
      "requests of the command line",
      / http: GET vouch\.example\.com\/\.well-known\/openid-configuration -> 200, \d+ b/m,
    ],
  ])("names %s", (_, line) => expect(trace().join("\n")).toMatch(line));
});

describe("the agent's log", () => {
  test.each([
    ["where it listens", /^\S+Z vouch agent \d+: listening on \S+agent\.sock, process \d+$/m],
    ["who has logged in", new RegExp(`: logged in: ${person.email}, until `, "m")],
    ["requests to the Vouch server", / http: POST vouch\.example\.com\/oauth\/token -> 200, \d+ bytes, \d+\.\d ms$/m],
    ["requests to STS", / http: POST sts\.us-east-1\.amazonaws\.com\/ -> 200, \d+ bytes, /m],
    [
      "requests to CodeArtifact",
      / http: POST codeartifact\.us-east-1\.amazonaws\.com\/v1\/authorization-token -> 200, /m,
    ],
    ["questions", / agent: \/v1\/cargo, \d+ bytes -> 200, \d+ bytes, /m],
    ["questions that were answered before", / agent: remembered answer, \d+ bytes$/m],
    ["the end of the session", /: the session at \S+ has ended: the user has logged out$/m],
    ["its new start", /: stopping: no session is left; the agent restarts itself \(same process id\)$/m],
  ])("names %s", (_, line) => expect(agentLog()).toMatch(line));

  test("is a file for the user alone, named by `vouch agent status`", async () => {
    expect(statSync(logFile).mode & 0o7777).toBe(0o600);
    expect((await status())?.log).toEqual({ path: logFile });
    expect((await run(executable, "agent", "status")).stdout).toContain(`\nIts log is ${logFile}.\n`);
  });

  test("goes on after the agent has replaced itself", async () => {
    const { pid } = (await status())!;
    const listened = new RegExp(`agent ${pid}: listening on`, "g");
    expect(agentLog().match(listened)).toHaveLength(2);
    await atTerminal("login");
    expect(agentLog().match(/: logged in: /g)).toHaveLength(2);
    expect((await run(executable, "logout")).exitCode).toBe(0);
    await until(() => agentLog().match(listened)?.length === 3);
  });
});

test("neither trace nor log contains a PIN, a code, a token, a session, a credential, a proof or a body", () => {
  const { accessTokens, idTokens, awsSecrets, proofs, bodies } = issued;
  const tokens = given.match(/[\w.-]*vouch-sandbox-token[\w.+/=-]*/g) ?? [];
  const sent = bodies.filter((body) => body.length > 20);
  const secrets = { tokens, accessTokens, awsSecrets, idTokens, proofs, sent, typed: [person.pin, wrongPin, code] };
  for (const kind of Object.values(secrets)) expect(kind.length).toBeGreaterThan(0);
  const all = Object.values(secrets).flat();
  // Of what is signed each part, which may be written alone.
  const parts = [...idTokens, ...proofs].flatMap((text) => text.split("."));
  const written = [...trace(), agentLog()].join("\n");
  expect(written.length).toBeGreaterThan(5_000);
  expect(
    [...all, ...parts, "vouch-sandbox-token", "Bearer ", "DPoP ", "AWS4-HMAC"].filter((one) => written.includes(one)),
  ).toEqual([]);
});

describe("the flag --debug", () => {
  test.each([
    ["before the command", ["--debug", "status"]],
    ["after it", ["status", "--debug"]],
    ["between the words of a command", ["agent", "--debug", "status"]],
    ["among flags", ["status", "--debug", "--json"]],
    ["before exec", ["--debug", "exec", "--", "true"]],
    ["before exec's command", ["exec", "--debug", "--", "true"]],
    ["before credential", ["--debug", "credential", "codeartifact"]],
    ["after credential", ["credential", "codeartifact", "--debug"]],
    ["before the kind of credential", ["credential", "--debug", "aws"]],
  ])("traces when it is %s", async (_, words) => {
    const { stderr } = await laptop.run([executable, ...words], { env: { VOUCH_DEBUG: undefined } });
    expect(stderr).toMatch(/^debug: \[\d+ \d+\.\d ms\] agent: \/v1\//m);
  });

  test("behind exec's command belongs to the command", async () => {
    await atTerminal("login");
    const command = [executable, "exec", "--", "echo", "--debug"];
    const shown = await laptop.run(command, { env: { VOUCH_DEBUG: undefined } });
    expect(shown).toEqual({ exitCode: 0, stdout: "--debug\n", stderr: "" });
    const short = await laptop.run([executable, "exec", "echo", "--debug"], { env: { VOUCH_DEBUG: undefined } });
    expect(short).toEqual({ exitCode: 0, stdout: "--debug\n", stderr: "" });
  });

  test("does not let the token out to cargo:token-from-stdout", async () => {
    const env = { VOUCH_DEBUG: undefined, CARGO_REGISTRY_INDEX_URL: "sparse+https://evil.example.com/" };
    const { exitCode, stdout } = await laptop.run([executable, "--debug", "credential", "codeartifact"], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
  });

  test("takes no value", async () => {
    const { exitCode, stderr } = await laptop.run([executable, "status", "--debug=1"], {
      env: { VOUCH_DEBUG: undefined },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: "error: --debug takes no value.\n" });
  });
});

test("without VOUCH_DEBUG nothing is traced", async () => {
  const quiet = await laptop.run([executable, "--cargo-plugin"], {
    stdin: cargoGet(),
    env: { VOUCH_DEBUG: undefined },
  });
  expect(quiet).toMatchObject({ exitCode: 0, stderr: "" });
  expect(quiet.stdout).toContain("vouch-sandbox-token");
});

test("a log that the agent must not write to is left alone, and reported by `agent status` and `doctor`", async () => {
  const kept = agentLog();
  const elsewhere = join(laptop.folder, "elsewhere");
  renameSync(logFile, elsewhere);
  symlinkSync(elsewhere, logFile);
  // With VOUCH_DEBUG each question is a line.
  await run(executable, "agent", "status");
  const sentence = `The agent keeps no log in ${logFile}: it is a symbolic link.`;
  const asked = await laptop.vouch("agent", "status");
  expect(asked.stdout).toContain(`It keeps no log in ${logFile}: it is a symbolic link.\n`);
  expect((await laptop.vouch("doctor")).stdout).toContain(sentence);
  expect(readFileSync(elsewhere, "utf8")).toBe(kept);
  rmSync(logFile);
  await laptop.vouch("agent", "status");
  expect(agentLog()).toMatch(/lines before this one were lost\)$/m);
});

describe("the error names the log of an agent that fails", () => {
  const hint = () => `The agent's log is ${logFile}.`;

  test("because it hangs", async () => {
    const { pid } = (await status())!;
    process.kill(pid, "SIGSTOP");
    const { exitCode, stderr } = await run(executable, "agent", "status");
    process.kill(pid, "SIGCONT");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("did not answer within");
    expect(stderr).toContain(hint());
  });

  test("because it does not start, and the log has the reason", async () => {
    expect((await run(executable, "agent", "stop")).exitCode).toBe(0);
    expect((await run(executable, "agent", "status")).stdout).toContain(`The log of the last one is ${logFile}.`);
    const lock = join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.lock");
    rmSync(lock, { force: true });
    mkdirSync(lock);
    const { exitCode, stderr } = await run(executable, "login");
    rmSync(lock, { recursive: true });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(hint());
    expect(agentLog()).toMatch(/: cannot run: .+$/m);
  });

  test("only where there is a log", async () => {
    rmSync(logFile);
    laptop.env["XDG_STATE_HOME"] = "/proc/nothing";
    const lock = join(laptop.env["VOUCH_RUNTIME_DIR"]!, "agent.lock");
    mkdirSync(lock);
    const { stderr } = await run(executable, "login");
    rmSync(lock, { recursive: true });
    delete laptop.env["XDG_STATE_HOME"];
    expect(stderr).toContain("Run `vouch agent run` to see why.\n");
    expect(existsSync(logFile)).toBe(false);
  });
});
