/** What a person is told of a change that the server has made, or not, and whose answer never came. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { startAuthenticator } from "../../authenticator/start.ts";
import { type Laptop, person, sandboxExecutable, serverUrl, startLaptop } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import { documentedLines } from "../../docs/states.ts";
import { typePin } from "./key-owner.ts";

let laptop: Laptop;
/** A proxy before the Vouch server: carries out what is asked at this path, and loses the answer. */
let lossy: { lose?: string; answer: () => Response | Promise<Response>; carriedOut: number };
let proxy: Bun.Server<undefined>;

beforeEach(async () => {
  laptop = await startLaptop();
  await laptop.stopServer();
  lossy = { answer: () => new Response("", { status: 504 }), carriedOut: 0 };
  const { sandbox } = laptop;
  const { setVouchServer } = sandbox;
  let origin = "";
  sandbox.setVouchServer = (url) => (origin = url ?? "");
  await laptop.startServer();
  proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const body = await request.arrayBuffer();
      const sent = method === "GET" ? { method, headers } : { method, headers, body };
      const answer = await fetch(`${origin}${pathname}${search}`, sent);
      if (pathname !== lossy.lose) return answer;
      expect(answer.status).toBe(200);
      lossy.carriedOut++;
      return lossy.answer();
    },
  });
  setVouchServer(proxy.url.origin);
});
afterEach(async () => {
  await laptop.stop();
  await proxy.stop(true);
});

const at = (args: string[], script: Parameters<typeof runInTerminal>[2]) =>
  runInTerminal([sandboxExecutable, ...args], { cwd: laptop.home, env: { ...laptop.env, NO_COLOR: "1" } }, script);

const names = async () =>
  (JSON.parse((await laptop.vouch("keys", "list", "--json")).stdout) as { name: string }[]).map(({ name }) => name);

function expectLines(screen: string, state: string): void {
  for (const line of documentedLines("security-keys.md", state)) expect(screen).toContain(line);
}

test("a renaming, and an end of sessions, whose answer was lost may be done: the command that tells is named", async () => {
  await laptop.enroll();
  await laptop.login();
  lossy.lose = "/v1/credentials/renaming";
  const [name = ""] = await names();
  const renamed = await at(["keys", "rename", name, "work"], typePin);
  expect(renamed.exitCode).toBe(6);
  expect(renamed.screen).toContain(`It is not known whether "${name}" is called "work" now.`);
  expect(renamed.screen).toContain("hint: `vouch keys list` shows it.");
  expect(await names()).toEqual(["work"]);

  lossy.lose = "/v1/sessions/end";
  const ended = await laptop.vouch("sessions", "end", "--others");
  expect(ended).toMatchObject({ exitCode: 6, stdout: "" });
  expect(ended.stderr).toContain("It is not known whether that has ended.\nhint: `vouch sessions list` shows it.");
});

test("a removal whose answer was lost may be done", async () => {
  await laptop.enroll();
  await laptop.login();
  lossy.lose = "/v1/credentials/removal";
  const [name = ""] = await names();
  const removed = await at(["keys", "remove", name, "--yes", "--force"], typePin);
  expect(removed.exitCode).toBe(6);
  expectLines(removed.screen, "`vouch keys remove`, the answer was lost");
});

test("an addition whose answer was lost may be done: it is not said that the key is not added", async () => {
  await laptop.enroll();
  await laptop.login();
  const port = join(laptop.folder, "port");
  const socketPath = join(laptop.folder, "drawer.sock");
  const drawer = await startAuthenticator({ socketPath, pin: person.pin });
  const plugIn = (socket: string) => {
    rmSync(port, { force: true });
    symlinkSync(socket, port);
  };
  const work = laptop.env["VOUCH_SANDBOX_KEY"]!;
  lossy.lose = "/v1/credentials/addition";
  laptop.env["VOUCH_SANDBOX_KEY"] = port;
  plugIn(work);
  const added = await at(["keys", "add", "--name", "drawer"], async (someone) => {
    await someone.see("take out the others, then press Enter: ");
    plugIn(socketPath);
    someone.type("\r");
    await typePin(someone);
    await someone.see("take out the new one, then press Enter: ");
    plugIn(work);
    someone.type("\r");
    await typePin(someone);
  });
  await drawer.stop();
  expect(added.exitCode).toBe(6);
  expectLines(added.screen, "`vouch keys add`, the answer was lost");
  expect(added.screen).not.toContain("The new key is not added.");
  expect(await names()).toContain("drawer");
});

describe("an enrolment whose answer was lost", () => {
  beforeEach(() => (lossy.lose = "/v1/enroll"));

  test("may be done, and a login tells", async () => {
    const code = await laptop.invite();
    const enrolled = await at(["enroll", "--server", serverUrl, "--key-only"], async (someone) => {
      await someone.see("Enrolment code");
      someone.type(`${code}\r`);
      await typePin(someone);
    });
    expect(enrolled.exitCode).toBe(6);
    expectLines(enrolled.screen, "`vouch enroll`, the answer was lost");
    const login = await at(["login", "--server", serverUrl], typePin);
    expect(login.exitCode).toBe(0);
  });

  test("may be done with a key that keeps no credential, too: a login with it tells", async () => {
    const socketPath = join(laptop.folder, "keeps-nothing.sock");
    const key = await startAuthenticator({ socketPath, pin: person.pin, capacity: 0 });
    laptop.env["VOUCH_SANDBOX_KEY"] = socketPath;
    const code = await laptop.invite();
    const enrolled = await at(["enroll", "--server", serverUrl, "--key-only"], async (someone) => {
      await someone.see("Enrolment code");
      someone.type(`${code}\r`);
      await typePin(someone);
    });
    expect(enrolled.exitCode).toBe(6);
    const login = await at(["login", "--server", serverUrl], typePin);
    expect(login.exitCode).toBe(0);
    await key.stop();
  });

  test("and whose wait was broken off: it is not said that the code is not used up", async () => {
    const code = await laptop.invite();
    const answered = Promise.withResolvers<Response>();
    const arrived = Promise.withResolvers<void>();
    lossy.answer = () => {
      arrived.resolve();
      return answered.promise;
    };
    const enrolled = await at(["enroll", "--server", serverUrl], async (someone) => {
      await someone.see("Enrolment code");
      someone.type(`${code}\r`);
      await typePin(someone);
      await arrived.promise;
      someone.signal("SIGINT");
      someone.signal("SIGINT");
    });
    answered.resolve(new Response("", { status: 504 }));
    expect(enrolled.exitCode).toBe(130);
    expect(enrolled.screen).toContain("It is not known whether the key is enrolled");
    expect(enrolled.screen).not.toContain("is not used up");
    expect(enrolled.screen).not.toContain(person.pin);
  });
});
