/**
 * Two Vouch servers on one laptop, each with its own AWS account, users and session: the compiled executables, two real
 * servers, one security key.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { client, ClientServer, createClientAccount } from "../../client-server.ts";
import { cargoGet, cargoIndex, ended, executable, type Laptop, person, serverUrl, startLaptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";

let laptop: Laptop;
const server = new ClientServer();
const theirAccount = createClientAccount();

beforeAll(async () => {
  laptop = await startLaptop({ others: [{ account: theirAccount, region: client.region }], routes: [server.route] });
  await server.start(laptop);
  await laptop.getReady("--tool", "cargo");
});
afterAll(async () => {
  await server.stop();
  await laptop?.stop();
});

const typePin = async ({ see, type }: Parameters<Parameters<Laptop["atTerminal"]>[1]>[0]) => {
  await see("PIN");
  type(`${person.pin}\r`);
};
interface Status {
  loggedIn: boolean;
  sessions: { server: string; profiles: string[]; session: { user: string } | null; ended: string | null }[];
}
const status = async () => JSON.parse((await laptop.vouch("status", "--json")).stdout) as Status;
const users = async () => (await status()).sessions.map(({ session }) => session?.user);
const provider = async (...indexes: string[]) =>
  laptop.run([executable, "--cargo-plugin"], { stdin: indexes.map((index) => cargoGet(index)).join("") });

describe("a second server", () => {
  test("is named by a profile, and setup says what comes next", async () => {
    const flags = ["--profile", "client", "--server", client.url, "--role", client.roleArn, "--region", client.region];
    const { exitCode, stderr } = await laptop.vouch("setup", "aws", ...flags);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("vouch enroll --for client") });
  });

  test("is enrolled at beside the first one, which stays the default", async () => {
    const code = await server.invite(laptop);
    const { exitCode, screen } = await laptop.atTerminal(["enroll", "--for", "client"], async (at) => {
      await at.see("Enrolment code");
      at.type(`${code}\r`);
      await typePin(at);
    });
    expect({ exitCode, screen }).toEqual({ exitCode: 0, screen: expect.stringContaining("vouch login --for client") });
    expect(screen).not.toContain("takes its place");
    const settings = JSON.parse(readFileSync(join(laptop.env["XDG_CONFIG_HOME"]!, "vouch/config.json"), "utf8"));
    expect(settings.server).toMatchObject({ url: serverUrl, user: person.email });
    expect(settings.servers).toMatchObject([{ url: client.url, user: client.user }]);
  });

  test("has no session yet: its repository is refused in words, and the default one's is served", async () => {
    const where = ["--domain", client.domain, "--repository", client.repository, "--profile", "client"];
    await ended(laptop.vouch("setup", "codeartifact", ...where, "--tool", "cargo", "--registry-name", "client"));
    const { stdout } = await provider(cargoIndex, client.index);
    const [, ours, theirs] = stdout.trim().split("\n");
    expect(ours).toContain('"Ok"');
    expect(theirs).toContain(`Not logged in at ${client.url}.`);
    expect(theirs).toContain("vouch login --for client");
    expect((await laptop.vouch("status", "--for", "client")).exitCode).toBe(4);
  });

  test("is logged in at beside the first one, and each repository's token is of its own account", async () => {
    const login = await laptop.atTerminal(["login", "--for", "client"], typePin);
    expect(login).toMatchObject({ exitCode: 0 });
    expect(login.screen).not.toContain("replaces");
    expect(await users()).toEqual([person.email, client.user]);
    const { stdout } = await provider(cargoIndex, client.index);
    const tokens = stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => (JSON.parse(line) as { Ok: { token: string } }).Ok.token);
    expect(laptop.sandbox.account.verifyToken(tokens[0]!, names.domain)?.role.name).toBe("vouch-developer");
    expect(theirAccount.verifyToken(tokens[1]!, client.domain)?.role.name).toBe("reader");
    const { stdout: credentials } = await laptop.vouch("credential", "aws", "--profile", "client");
    expect(theirAccount.credentials((JSON.parse(credentials) as { AccessKeyId: string }).AccessKeyId)).toBeDefined();
    expect((await laptop.vouch("status", "--for", "client")).exitCode).toBe(0);
    expect((await laptop.vouch("status")).stdout).toContain(
      `${client.url} (profile client)  logged in as ${client.user}`,
    );
  });

  test("has keys and sessions of its own", async () => {
    const json = async (...words: string[]) =>
      JSON.parse(await ended(laptop.vouch(...words, "--json"))) as { id: string }[];
    const [[ours], [theirs]] = [await json("keys", "list"), await json("keys", "list", "--for", "client")];
    expect(ours!.id).not.toBe(theirs!.id);
    const [[mine], [their]] = [await json("sessions", "list"), await json("sessions", "list", "--for", "client")];
    expect(mine!.id).not.toBe(their!.id);
  });

  test("loses its session alone, and the other one goes on", async () => {
    const { exitCode, stderr } = await laptop.vouch("logout", "--for", "client");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining(`Logged out at ${client.url}`),
    });
    expect(await users()).toEqual([person.email, undefined]);
    const { stdout } = await provider(cargoIndex, client.index);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.includes('"Ok"')),
    ).toEqual([false, true, false]);
  });

  test("is ended with all others by a logout that names none, and the agent is a new one without any memory", async () => {
    await laptop.atTerminal(["login", "--for", "client"], typePin);
    expect(await users()).toEqual([person.email, client.user]);
    await ended(laptop.vouch("logout"));
    const { loggedIn, sessions } = await status();
    expect(loggedIn).toBe(false);
    expect(sessions).toEqual([
      { server: serverUrl, profiles: [], session: null, ended: "logged_out" },
      { server: client.url, profiles: ["client"], session: null, ended: "logged_out" },
    ]);
  });

  test("alone has a session, too", async () => {
    await laptop.atTerminal(["login", "--for", "client"], typePin);
    const { stdout } = await provider(cargoIndex, client.index);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.includes('"Ok"')),
    ).toEqual([false, false, true]);
    expect((await laptop.vouch("status")).exitCode).toBe(4);
    expect((await laptop.vouch("status", "--for", "client")).exitCode).toBe(0);
  });
});
