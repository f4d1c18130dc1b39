/** A person at a desk with the compiled executable, a server and an agent, and one software security key after the other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Settings } from "../../authenticator/settings.ts";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { documentedLines } from "../../docs/states.ts";
import { sandboxExecutable } from "../../laptop.ts";
import { type Person, runInTerminal, type TerminalRun } from "../../pty.ts";
import { tempFolder } from "../../temp-folder.ts";

export const pin = "123456";

interface KeyAtDesk extends AsyncDisposable {
  key: RunningAuthenticator;
  /** Runs a command on a terminal with this key plugged in; `enroll` gets a new code typed first. */
  enroll(script: (person: Person) => Promise<void>): Promise<TerminalRun>;
  login(script: (person: Person) => Promise<void>, ...flags: string[]): Promise<TerminalRun>;
  /** As `enroll`, with stdout and stderr of the command captured; gives what was captured too. */
  enrollCaptured(script: (person: Person) => Promise<void>): Promise<TerminalRun & { captured: string }>;
  /** Logs in where there is no terminal; gives what was said. */
  loginWithoutTerminal(): Promise<{ exitCode: number; stderr: string }>;
  /** Enrols with the PIN; throws with the screen when that fails. */
  enrolled(): Promise<void>;
}

interface Desk extends AsyncDisposable {
  plugIn(settings?: Partial<Settings>): Promise<KeyAtDesk>;
}

/** The desk of the group of tests that runs. */
export let desk: Desk;

/** For each group of tests its own server, which would otherwise find that it is asked to enrol too often. */
export function atDesk(name: string, tests: () => void): void {
  describe(name, () => {
    beforeAll(async () => {
      desk = await startDesk();
    });
    afterAll(async () => {
      await desk[Symbol.asyncDispose]();
    });
    tests();
  });
}

/** The script of a person who only touches. */
export async function nobody(): Promise<void> {}

/** Types the PIN when it is asked for. */
export async function typePin({ see, type }: Person, typed: string = pin): Promise<void> {
  await see("PIN of your security key (Software Security Key): ");
  type(`${typed}\r`);
}

/** Expects the documented lines of a state on the screen, all of them and one after the other. */
export function expectState(run: TerminalRun, state: string): void {
  const expected = documentedLines("security-keys.md", state);
  const shown = run.screen.split("\n").map((line) => line.trimEnd());
  const start = shown.indexOf(expected[0]!);
  expect({ state, shown: shown.slice(Math.max(0, start), Math.max(0, start) + expected.length) }).toEqual({
    state,
    shown: expected,
  });
}

async function startDesk(): Promise<Desk> {
  const temporary = tempFolder();
  const folder = temporary.path;
  const env: Record<string, string> = {
    PATH: process.env["PATH"]!,
    HOME: folder,
    NO_COLOR: "1",
    VOUCH_RUNTIME_DIR: join(folder, "run"),
    VOUCH_DATABASE: `sqlite:${join(folder, "server.db")}`,
  };
  const port = freePort();
  const url = `http://localhost:${port}`;
  const children = new Array<Bun.Subprocess>();
  let keys = 0;

  async function run(...args: string[]): Promise<string> {
    const child = Bun.spawn([sandboxExecutable, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    if (exitCode !== 0) throw new Error(`Expected exit code 0 of ${args.join(" ")}, got ${exitCode}: ${stderr}`);
    return stdout;
  }

  async function start(...args: string[]): Promise<void> {
    const child = Bun.spawn([sandboxExecutable, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    children.push(child);
    await Promise.any([said(child.stdout, "listening"), said(child.stderr, "listening")]);
  }

  await run("server", "init", "--url", url);
  await Promise.all([start("server", "run", "--listen", `127.0.0.1:${port}`), start("agent", "run")]);

  async function plugIn(settings: Partial<Settings> = {}): Promise<KeyAtDesk> {
    const socketPath = join(folder, `key-${(keys += 1)}`);
    const key = await startAuthenticator({ pin, ...settings, socketPath });
    const atTerminal = (args: string[], script: (person: Person) => Promise<void>, shell: string[] = []) =>
      runInTerminal([...shell, sandboxExecutable, ...args], { env: { ...env, VOUCH_SANDBOX_KEY: socketPath } }, script);
    const enroll = async (script: (person: Person) => Promise<void>, shell?: string[]): Promise<TerminalRun> => {
      const invite = JSON.parse(await run("server", "invite", "dev@example.com", "--json")) as { code: string };
      return atTerminal(
        ["enroll", "--server", url, "--key-only"],
        async (person) => {
          await person.see("Enrolment code: ");
          person.type(`${invite.code}\r`);
          await script(person);
        },
        shell,
      );
    };
    return {
      key,
      enroll: (script) => enroll(script),
      async enrollCaptured(script) {
        const output = join(folder, "captured");
        const finished = await enroll(script, ["sh", "-c", `unset NO_COLOR; exec "$0" "$@" >'${output}' 2>&1`]);
        return { ...finished, captured: readFileSync(output, "utf8") };
      },
      async loginWithoutTerminal() {
        // setsid takes the controlling terminal away.
        const child = Bun.spawn(["setsid", sandboxExecutable, "login"], {
          env: { ...env, VOUCH_SANDBOX_KEY: socketPath },
          stdin: "ignore",
          stdout: "ignore",
          stderr: "pipe",
        });
        const stderr = await child.stderr.text();
        return { stderr, exitCode: await child.exited };
      },
      login: (script, ...flags) => atTerminal(["login", ...flags], script),
      async enrolled() {
        const { exitCode, screen } = await enroll(typePin);
        if (exitCode !== 0) throw new Error(`Expected exit code 0, got ${exitCode}:\n${screen}`);
      },
      [Symbol.asyncDispose]: () => key.stop(),
    };
  }

  return {
    plugIn,
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.exited));
      temporary[Symbol.dispose]();
    },
  };
}

/** Waits until a program says the word; goes on reading, so that it never blocks. */
async function said(stream: ReadableStream<Uint8Array>, word: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  void (async () => {
    let text = "";
    for await (const part of stream) {
      text = (text + new TextDecoder().decode(part)).slice(-10_000);
      if (text.includes(word)) resolve();
    }
    reject(new Error(`expected ${word}, got ${text}`));
  })();
  return promise;
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}
