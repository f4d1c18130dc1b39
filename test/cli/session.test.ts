/** A person with a security key at a terminal, from enrolling to logging out: the real server, the real agent. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningAuthenticator, startAuthenticator } from "../authenticator/start.ts";
import { type Person, runInTerminal } from "../pty.ts";
import { requires } from "../requires.ts";
import { tempFolder } from "../temp-folder.ts";

const source = join(import.meta.dir, "../../src/main.ts");
const vouch = [process.execPath, "--preload", join(import.meta.dir, "programs/socket-key.ts"), source];
const temporary = tempFolder();
const home = temporary.path;
const env: Record<string, string> = {
  PATH: process.env["PATH"]!,
  HOME: home,
  NO_COLOR: "1",
  VOUCH_RUNTIME_DIR: join(home, "run"),
  VOUCH_SANDBOX_KEY: join(home, "key"),
  VOUCH_DATABASE: `sqlite:${join(home, "server.db")}`,
};
const port = freePort();
const url = `http://localhost:${port}`;
const children: Bun.Subprocess[] = [];
let key: RunningAuthenticator;

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

async function run(...args: string[]) {
  const child = Bun.spawn([...vouch, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

/** Starts a process that runs until the end and waits for a word on its stderr or stdout. */
async function start(ready: string, ...args: string[]): Promise<void> {
  const child = Bun.spawn([...vouch, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  children.push(child);
  const until = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    let text = "";
    for await (const part of stream) {
      text += new TextDecoder().decode(part);
      if (text.includes(ready)) return;
    }
    throw new Error(`expected ${ready}, got ${text}`);
  };
  await Promise.any([until(child.stdout), until(child.stderr)]);
}

const atTerminal = (args: string[], script: (person: Person) => Promise<void>, command = vouch) =>
  runInTerminal([...command, ...args], { env }, script);

async function givePin(person: Person): Promise<void> {
  await person.see("PIN of your security key (Software Security Key): ");
  person.type("123456\r");
}

beforeAll(async () => {
  key = await startAuthenticator({ socketPath: env["VOUCH_SANDBOX_KEY"]!, pin: "123456" });
  expect((await run("server", "init", "--url", url)).exitCode).toBe(0);
  await Promise.all([
    start("listening", "server", "run", "--listen", `127.0.0.1:${port}`),
    start("listening", "agent", "run"),
  ]);
});

afterAll(async () => {
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => child.exited));
  await key.stop();
  temporary[Symbol.dispose]();
});

test("vouch enroll --key-only asks for code and PIN, announces the touch and names the next command", async () => {
  const { code } = JSON.parse((await run("server", "invite", "dev@example.com", "--json")).stdout) as { code: string };
  const enrolled = await atTerminal(["enroll", "--server", `${url}/`, "--key-only"], async (person) => {
    await person.see("Enrolment code: ");
    person.type(`${code}\r`);
    await givePin(person);
    await person.see("Touch your security key (Software Security Key).");
  });
  expect(enrolled).toMatchObject({ exitCode: 0, restored: true });
  expect(enrolled.screen).toContain(`✓ Your security key is enrolled at ${url} for dev@example.com.`);
  expect(enrolled.screen).toContain("Next: `vouch setup aws --role ARN --region REGION`");
  const settings = readFileSync(join(home, ".config/vouch/config.json"), "utf8");
  expect(JSON.parse(settings)).toMatchObject({ server: { url, user: "dev@example.com" } });
  expect(settings).not.toContain(code);
});

test("vouch enroll refuses an invalid code with 5", async () => {
  const refused = await atTerminal(["enroll", "--server", url, "--key-only"], async (person) => {
    await person.see("Enrolment code: ");
    person.type("AAAA-BBBB-CCCC-DDDD\r");
  });
  expect(refused.exitCode).toBe(5);
});

test("vouch login goes on after a PIN that is too short and a wrong one", async () => {
  const loggedIn = await atTerminal(["login"], async (person) => {
    await person.see("PIN of");
    person.type("12\r");
    await person.see("The PIN has at least 4 characters, got 2. It was not sent to the key.");
    await person.see("PIN of");
    person.type("654321\r");
    await person.see("Wrong PIN. 7 tries are left.");
    await givePin(person);
    await person.see("Touch your security key");
  });
  expect(loggedIn).toMatchObject({ exitCode: 0, restored: true });
  expect(loggedIn.screen).toMatch(/✓ Logged in as dev@example.com until .*\d\d:\d\d \(8 hours\)\.\n/);
  expect(loggedIn.screen).not.toContain("123456");
  expect(JSON.parse((await run("agent", "status", "--json")).stdout)).toMatchObject({
    running: true,
    pid: expect.any(Number),
  });
  const status = await run("status");
  expect(status.exitCode).toBe(0);
  expect(status.stdout).toContain("Logged in as dev@example.com until");
});

test("a touch is announced also when stdout and stderr are captured, and --json prints only JSON on stdout", async () => {
  const output = join(home, "captured");
  const capture = ["sh", "-c", `exec "$0" "$@" >'${output}' 2>'${output}.err' </dev/null`, ...vouch];
  const loggedIn = await atTerminal(
    ["login", "--json"],
    async (person) => {
      await givePin(person);
      await person.see("Touch your security key");
    },
    capture,
  );
  expect(loggedIn.exitCode).toBe(0);
  expect(Object.keys(JSON.parse(readFileSync(output, "utf8")) as object)).toEqual(["user", "expiration"]);
  expect(readFileSync(`${output}.err`, "utf8")).toContain("this login replaces that session");
});

test.skipIf(!requires("setpriv"))(
  "where the settings cannot be written, it is said before PIN and code are asked for",
  async () => {
    const folder = join(home, "not-mine");
    mkdirSync(folder, { mode: 0o555 });
    const elsewhere = { ...env, XDG_CONFIG_HOME: folder };
    // Modes bind root only without these capabilities.
    const bound = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search", ...vouch];
    for (const words of [
      ["login", "--server", url],
      ["enroll", "--server", url],
    ]) {
      const command = process.geteuid?.() === 0 ? bound : vouch;
      const { exitCode, screen } = await runInTerminal([...command, ...words], { env: elsewhere }, async () => {});
      expect(screen).toContain(`${folder}/vouch/config.json cannot be written: you may not write there.`);
      expect(screen).not.toContain("PIN of");
      expect(screen).not.toContain("Enrolment code");
      expect(exitCode).toBe(1);
    }
    // A machine that knows the server needs nothing written.
    mkdirSync(join(home, "known/vouch"), { recursive: true });
    copyFileSync(join(home, ".config/vouch/config.json"), join(home, "known/vouch/config.json"));
    chmodSync(join(home, "known/vouch"), 0o555);
    const known = { ...env, XDG_CONFIG_HOME: join(home, "known") };
    const command = process.geteuid?.() === 0 ? bound : vouch;
    const loggedIn = await runInTerminal([...command, "login"], { env: known }, givePin);
    expect(loggedIn.exitCode).toBe(0);
    chmodSync(join(home, "known/vouch"), 0o755);
  },
);

describe("a person who gives up", () => {
  test("by Ctrl-C while the key waits for a touch cancels on the key and ends the command with 130", async () => {
    key.settings.touch = "withheld";
    const cancelled = await atTerminal(["login"], async (person) => {
      await givePin(person);
      await person.see("Touch your security key");
      while (!key.ctap2.touch.isAwaited) await Bun.sleep(5);
      person.type("\x03");
    });
    expect(cancelled).toMatchObject({ exitCode: 130, restored: true });
    expect(cancelled.screen).toEndWith("Cancelled.\n");
    expect(key.ctap2.touch.isAwaited).toBe(false);
    key.settings.touch = "auto";
  });

  test("by Ctrl-C at the PIN ends the command with 130 and sends nothing to the key", async () => {
    const cancelled = await atTerminal(["login"], async (person) => {
      await person.see("PIN of");
      person.type("1234\x03");
    });
    expect(cancelled).toMatchObject({ exitCode: 130, restored: true });
  });

  test("by SIGTERM at the PIN ends the command at once, although nothing is typed", async () => {
    const cancelled = await atTerminal(["login"], async (person) => {
      await person.see("PIN of");
      person.signal("SIGTERM");
    });
    expect(cancelled).toMatchObject({ exitCode: 130, restored: true });
  });

  test("by not touching the key ends the command with 3", async () => {
    key.settings.touch = "withheld";
    const late = await atTerminal(["login", "--timeout", "1"], givePin);
    expect(late).toMatchObject({ exitCode: 3, restored: true });
    key.settings.touch = "auto";
  });
});

test("the doctor finds session and key in order, and names the setup that is missing", async () => {
  const { exitCode, stdout } = await run("doctor", "--json");
  expect(exitCode).toBe(1);
  const { sections } = JSON.parse(stdout) as {
    sections: { findings: { check: string; status: string; found: string }[] }[];
  };
  const findings = sections.flatMap((section) => section.findings);
  const statusOf = (check: string) => findings.find((finding) => finding.check === check)?.status;
  for (const check of ["session", "agent-folder", "security-key", "clock"])
    expect(`${check} ${statusOf(check)}`).toBe(`${check} ok`);
  for (const check of ["role", "repository"]) expect(`${check} ${statusOf(check)}`).toBe(`${check} fail`);
});

test("vouch login waits for a key that is missing", async () => {
  const elsewhere = join(home, "other");
  const late = await runInTerminal(
    [...vouch, "login"],
    { env: { ...env, VOUCH_SANDBOX_KEY: elsewhere } },
    async (person) => {
      await person.see("Plug in your security key. Waiting for 60 seconds…");
      person.type("\x03");
    },
  );
  expect(late.exitCode).toBe(130);
});

test("vouch logout ends the session, and the second time has nothing to do", async () => {
  expect(await run("logout")).toMatchObject({ exitCode: 0, stdout: "" });
  const status = await run("status");
  expect(status).toMatchObject({ exitCode: 4 });
  expect(status.stdout).toStartWith("Not logged in: you have logged out\n");
  expect((await run("logout")).stderr).toBe("There is no session; nothing to do.\n");
});

test("vouch agent stop waits until the agent has ended", async () => {
  expect((await run("agent", "status")).exitCode).toBe(0);
  expect((await run("agent", "stop")).stderr).toMatch(/^The agent \(process \d+\) has stopped\.\n$/);
  expect((await run("agent", "status")).exitCode).toBe(1);
});
