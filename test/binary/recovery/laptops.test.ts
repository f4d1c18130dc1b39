/** docs/recovery.md as the people with laptops meet it: the compiled executables, and AWS as the sandbox plays it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { IssuedCredentials } from "../../sandbox/aws/account.ts";
import { askSts } from "../../sandbox/aws/sts/ask.ts";
import type { Statement } from "../../sandbox/iam/document.ts";
import { names } from "../../sandbox/main.ts";
import { blockTexts } from "../../docs/blocks.ts";
import { cargoGet, executable, type Laptop, person, serverUrl, startLaptop } from "../../laptop.ts";
import { type IssuedSecrets, recordIssuedSecrets } from "../session/issued-secrets.ts";
import { type Machine, makeMachine } from "./machine.ts";

let laptop: Laptop;
let machine: Machine;
let issued: IssuedSecrets;
let credentials: IssuedCredentials[];

/** A laptop whose server is the machine's. */
beforeEach(async () => {
  laptop = await startLaptop();
  await laptop.stopServer();
  issued = recordIssuedSecrets(laptop);
  credentials = [];
  const { account } = laptop.sandbox;
  const issue = account.issueCredentials.bind(account);
  account.issueCredentials = (...args) => {
    const made = issue(...args);
    credentials.push(made);
    return made;
  };
  machine = makeMachine(join(laptop.folder, "machine"), { listening: (base) => laptop.sandbox.setVouchServer(base) });
  await machine.type(`vouch server init --url ${serverUrl}`);
  await machine.type("systemctl start vouch-server");
});
afterEach(async () => {
  await laptop?.stop();
  await issued?.stop();
  await machine?.remove();
});

const codeIn = (text: string): string => /Enrolment code for \S+: (\S+)/.exec(text)![1]!;

async function enrol(code: string): Promise<void> {
  const run = await laptop.atTerminal(["enroll", "--server", serverUrl, "--key-only"], async ({ see, type }) => {
    await see("Enrolment code");
    type(`${code}\r`);
    await see("PIN");
    type(`${person.pin}\r`);
  });
  expect(`${run.exitCode} ${run.exitCode === 0 ? "" : run.screen}`).toBe("0 ");
}

/** Everything set up for somebody with this address, and a token fetched. */
async function ready(email: string): Promise<string> {
  await laptop.startAgent();
  await enrol(codeIn(await machine.type(`vouch server invite ${email}`)));
  await laptop.setUpAws();
  await laptop.login();
  await laptop.setUpRepository();
  return (await cargoToken())!;
}

async function cargoToken(): Promise<string | undefined> {
  const { stdout } = await laptop.run([executable, "--cargo-plugin"], { stdin: cargoGet() });
  return /"token":"([^"]+)"/.exec(stdout)?.[1];
}

/** The status that the repository answers a CodeArtifact token with. */
async function read(token: string): Promise<number> {
  const url = `https://${names.packageHost}/cargo/${names.repository}/config.json`;
  return (await laptop.sandbox.fetch(url, { headers: { authorization: token } })).status;
}

const may = (caller: IssuedCredentials) =>
  laptop.sandbox.account.decide(caller, {
    action: "codeartifact:GetAuthorizationToken",
    resource: `arn:aws:codeartifact:${names.region}:${names.account}:domain/${names.domain}`,
  });

/** Shows STS an ID token that is out. */
async function assume(idToken: string, sessionName: string) {
  const { account, fetch } = laptop.sandbox;
  const parameters = {
    Action: "AssumeRoleWithWebIdentity",
    RoleArn: names.roleArn,
    RoleSessionName: sessionName,
    WebIdentityToken: idToken,
  };
  return askSts(parameters, { accounts: [account], fetch });
}

const loginRun = () =>
  laptop.atTerminal(["login"], async ({ see, type }) => {
    await see("PIN");
    type(`${person.pin}\r`);
  });

test("whoever leaves gets nothing more with the command; what AWS has given ends as the page says", async () => {
  const token = await ready("leaver@example.com");
  const [{ id }] = JSON.parse(await machine.type("vouch server users --json"));
  expect(issued.idTokens.length).toBeGreaterThan(0);
  const said = await machine.follow("Somebody leaves");
  expect(said).toContain("disabled");

  // What is out goes on: the agent's token, and the role's credentials.
  expect(await cargoToken()).toBe(token);
  expect(await read(token)).toBe(200);
  const caller = credentials.at(-1)!;
  expect(may(caller)).toBe("allowed");
  const before = await assume(issued.idTokens.at(-1)!, caller.sessionName);
  expect(before.status).toBe(200);

  // The Deny of docs/server.md, with the person's id.
  const deny = blockTexts("docs/server.md", "json").find((text) => text.includes("aws:SourceIdentity"))!;
  const { Statement: statements } = JSON.parse(deny.replace(/3f1c7a52-[\w-]+/, id)) as { Statement: Statement[] };
  laptop.sandbox.account.roles[0]!.permissions.push(...statements);
  expect(may(caller)).toBe("explicit deny");
  expect(may(before.issued!)).toBe("explicit deny");
  const after = await assume(issued.idTokens.at(-1)!, caller.sessionName);
  expect(may(after.issued!)).toBe("explicit deny");
  // Not taken back by anything.
  expect(await read(token)).toBe(200);

  // The next question to the server ends what the agent holds; no login follows.
  const exchanged = issued.idTokens.length;
  expect((await laptop.vouch("sessions", "list")).exitCode).toBe(4);
  expect(await cargoToken()).toBeUndefined();
  const refused = await loginRun();
  expect(refused.exitCode).toBe(5);
  expect(issued.idTokens).toHaveLength(exchanged);
  const audit = JSON.parse(await machine.type("vouch server audit --json")) as { event: string }[];
  const events = audit.map(({ event }) => event);
  expect(new Set(events.slice(events.indexOf("disable") + 1))).toEqual(new Set(["refuse"]));

  await machine.type("vouch server enable leaver@example.com");
  await laptop.login();
});

test("the session of a stolen laptop ends at its next question, and the person goes on with the same key", async () => {
  await ready("admin@example.com");
  const said = await machine.follow("An administrator's laptop is stolen");
  expect(said).toContain("Ended 1 session of admin@example.com.");
  expect(said).toContain("login");
  const [user] = JSON.parse(await machine.type("vouch server users --json"));
  expect(user).toMatchObject({ email: "admin@example.com", sessions: 0, disabled: false });
  expect((await laptop.vouch("sessions", "list")).exitCode).toBe(4);
  expect(await cargoToken()).toBeUndefined();
  await laptop.login();
  expect(await cargoToken()).toBeDefined();
});

test("a person begins, and one is locked out, while the identity provider is away", async () => {
  await ready("leaver@example.com");
  const said = await machine.follow("The identity provider is down");
  expect(codeIn(said)).toMatch(/^[0-9A-Z-]+$/);
  expect(await cargoToken()).toBeDefined();
  expect((await loginRun()).exitCode).toBe(5);
});

test("whoever has the server's machine makes an administrator who can log in again", async () => {
  await ready(person.email);
  const said = await machine.follow("Break glass");
  expect(JSON.parse(await machine.type("vouch server admin list --json"))).toEqual([
    expect.objectContaining({ email: "ann@example.com", role: "administrator" }),
  ]);
  expect(said).toMatch(/role_changed.*ann@example\.com/);
  await enrol(codeIn(said));
});

test("without database and backup the same keys are enrolled again, and AWS and the laptop stay as they were", async () => {
  await ready(person.email);
  const [before] = JSON.parse(await machine.type("vouch server users --json"));
  await machine.crash();
  const said = await machine.follow("The database is lost");
  expect((await laptop.vouch("sessions", "list")).exitCode).toBe(4);
  expect((await loginRun()).exitCode).toBe(5);
  await enrol(codeIn(said));
  // The key still has what it made for the lost database.
  const chosen = await laptop.atTerminal(["login"], async ({ see, type }) => {
    await see("PIN");
    type(`${person.pin}\r`);
    await see("1  dev@example.com  this machine's");
    await see("[1]: ");
    type("\r");
  });
  expect(`${chosen.exitCode} ${chosen.exitCode === 0 ? "" : chosen.screen}`).toBe("0 ");
  expect(await read((await cargoToken())!)).toBe(200);
  const clean = async (...flags: string[]) => {
    const run = await laptop.atTerminal(["keys", "clean", ...flags], async ({ see, type }) => {
      await see("PIN");
      type(`${person.pin}\r`);
      if (flags.length > 0) return;
      await see("Enter deletes none: ");
      type("\r");
    });
    expect(run.exitCode).toBe(0);
    return run.screen;
  };
  const old = /(\S+) {2}not enrolled there any more/.exec(await clean())![1]!;
  expect(await clean("--delete", old, "--yes")).toContain("is deleted");
  await laptop.login();
  const [after] = JSON.parse(await machine.type("vouch server users --json"));
  expect(after.email).toBe(before.email);
  expect(after.id).not.toBe(before.id);
});

describe("while the server is away", () => {
  test("a running session works, what needs the server says so, and it goes on without a login when that is back", async () => {
    const token = await ready(person.email);
    await machine.type("systemctl stop vouch-server");
    expect(await cargoToken()).toBe(token);
    expect(await read(token)).toBe(200);
    for (const command of [["status"], ["exec", "--", "true"], ["credential", "codeartifact"], ["credential", "aws"]]) {
      expect([command, (await laptop.vouch(...command)).exitCode]).toEqual([command, 0]);
    }
    // The sandbox's proxy answers for the server: 502.
    for (const command of [
      ["sessions", "list"],
      ["keys", "list"],
    ]) {
      const { exitCode, stderr } = await laptop.vouch(...command);
      expect([command, exitCode]).toEqual([command, 1]);
      expect(stderr).toContain("The Vouch server vouch.example.com failed (status 502).");
    }
    expect((await laptop.atTerminal(["login"], async () => {})).exitCode).toBe(1);
    expect(await cargoToken()).toBe(token);

    await machine.type("systemctl start vouch-server");
    expect(JSON.parse((await laptop.vouch("sessions", "list", "--json")).stdout)).toHaveLength(1);
    expect(await cargoToken()).toBe(token);
  });

  test("a logout ends the session here, and somebody can be disabled all the same", async () => {
    await ready(person.email);
    await machine.type("systemctl stop vouch-server");
    expect((await laptop.vouch("logout")).exitCode).toBe(0);
    expect(await cargoToken()).toBeUndefined();
    expect(await machine.type(`vouch server disable ${person.email}`)).toContain("Ended 1 session.");
    await machine.type("systemctl start vouch-server");
    expect((await loginRun()).exitCode).toBe(5);
  });

  test("an agent that ends takes the session with it", async () => {
    await ready(person.email);
    await machine.type("systemctl stop vouch-server");
    expect((await laptop.vouch("agent", "stop")).exitCode).toBe(0);
    expect(await cargoToken()).toBeUndefined();
  });
});
