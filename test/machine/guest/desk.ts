/**
 * The desk of a person in the machine: the laptop with its Vouch server and sandbox, security keys that the kernel
 * knows, and the release executable at the terminal. What is said at the terminal is shown in the log.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { CTAPHID, parsePacket } from "../../../src/fido/hid/framing.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { type KernelKey, plugIntoKernel } from "../../authenticator/hid/uhid.ts";
import { documentedLines } from "../../docs/states.ts";
import { executable, type Laptop, person, serverUrl, startLaptop } from "../../laptop.ts";
import { type Person, runInTerminal, type TerminalRun } from "../../pty.ts";

/** A limit for programs that run ten to thirty times slower than outside. */
export const SLOW_MS = 60_000;

const ERR_CHANNEL_BUSY = 0x06;

/** A key that can be plugged in, taken out and plugged in again. */
export interface DeskKey extends AsyncDisposable {
  key: RunningAuthenticator;
  /** `/dev/hidraw0`, …; what it was last when the key is taken out. */
  path: string;
  /** How often the key has answered that it is busy with another program. */
  busyAnswers: number;
  plugIn(): Promise<void>;
  unplug(): Promise<void>;
}

/** Starts a software key and plugs it into the kernel. */
export async function plugIn(settings: Partial<Settings> = {}): Promise<DeskKey> {
  const socketPath = join(process.env["TMPDIR"] ?? "/tmp", `${crypto.randomUUID()}.sock`);
  const key = await startAuthenticator({ pin: person.pin, ...settings, socketPath });
  let device: KernelKey | undefined;
  const desk: DeskKey = {
    key,
    path: "",
    busyAnswers: 0,
    async plugIn() {
      const onReport = (report: Uint8Array) => {
        const packet = parsePacket(report);
        if (packet.kind === "continuation" || packet.command !== CTAPHID.ERROR) return;
        if (packet.payload[0] === ERR_CHANNEL_BUSY) desk.busyAnswers += 1;
      };
      device = await plugIntoKernel({ socketPath, product: key.settings.product, onReport });
      desk.path = device.path;
    },
    async unplug() {
      await device?.unplug();
      key.powerCycle();
    },
    async [Symbol.asyncDispose]() {
      await desk.unplug();
      await key.stop();
      rmSync(socketPath, { force: true });
    },
  };
  await desk.plugIn();
  return desk;
}

/** A laptop at whose terminal the release executable is typed. */
export function startDesk(): Promise<Laptop> {
  return startLaptop({ terminalExecutable: executable });
}

/** `vouch enroll --key-only` with a new code typed; the script plays what comes after it. */
export async function enroll(
  laptop: Laptop,
  script: (person: Person) => Promise<void>,
  ...flags: string[]
): Promise<TerminalRun> {
  const code = await laptop.invite();
  return type(laptop, ["enroll", "--server", serverUrl, "--key-only", ...flags], async (somebody) => {
    await somebody.see("Enrolment code");
    somebody.type(`${code}\r`);
    await script(somebody);
  });
}

/** Runs the release executable at the terminal and shows the screen in the log. */
export async function type(
  laptop: Laptop,
  args: string[],
  script: (person: Person) => Promise<void>,
  command: string[] = [executable],
): Promise<TerminalRun> {
  const options = { cwd: laptop.cwd, env: { ...laptop.env, NO_COLOR: "1" }, timeoutMs: SLOW_MS };
  return shown(`vouch ${args.join(" ")}`, runInTerminal([...command, ...args], options, script));
}

/** Runs another program at the terminal and shows the screen in the log. */
export async function runClient(
  command: string[],
  script: (person: Person) => Promise<void> = nobody,
  cwd: string = "/",
): Promise<TerminalRun> {
  return shown(command.join(" "), runInTerminal(command, { cwd, timeoutMs: SLOW_MS }, script));
}

/** What libfido2 says of the key, not shown in the log. Throws with the screen when the key is of no use to it. */
export async function keyInfo({ path }: DeskKey): Promise<string> {
  const { exitCode, screen } = await runInTerminal(["fido2-token", "-I", path], { timeoutMs: SLOW_MS }, nobody);
  if (exitCode !== 0) throw new Error(`Expected exit code 0 of fido2-token -I, got ${exitCode}:\n${screen}`);
  return screen;
}

/** The script of a person who types nothing. */
export async function nobody(): Promise<void> {}

/** The script of a person who types an answer to each question. */
export function answering(...answers: [question: string, answer: string][]): (person: Person) => Promise<void> {
  return async ({ see, type: write }) => {
    for (const [question, answer] of answers) {
      await see(question);
      write(`${answer}\r`);
    }
  };
}

export interface Scene {
  /** What is typed at the questions, one after the other; the PIN when there are no more. */
  answers?: string[];
  /** What happens before the state is there. */
  before?: (person: Person) => Promise<void>;
  /** What happens when a line has been seen, before it is answered. */
  onLine?: (line: string, person: Person) => void | Promise<void>;
}

const isQuestion = (line: string): boolean =>
  /^(PIN of|New PIN|The same PIN again|Set a PIN now|Number from|Remove )/.test(line);

/** The script of a person who sees the lines that docs/security-keys.md has for a state, one after the other. */
export function inState(state: string, scene: Scene = {}): (person: Person) => Promise<void> {
  const answers = [...(scene.answers ?? [])];
  return async (somebody) => {
    await scene.before?.(somebody);
    for (const line of documentedLines("security-keys.md", state)) {
      await somebody.see(line);
      await scene.onLine?.(line, somebody);
      if (isQuestion(line)) somebody.type(`${answers.shift() ?? person.pin}\r`);
    }
  };
}

/** Shows in the log what a terminal showed, and for how long. */
export async function shown(title: string, running: Promise<TerminalRun>): Promise<TerminalRun> {
  const started = performance.now();
  const run = await running;
  const end = `[exit code ${run.exitCode ?? run.signal} after ${((performance.now() - started) / 1000).toFixed(1)} s]`;
  const lines = run.screen === "" ? [] : run.screen.trimEnd().split("\n");
  console.log([`$ ${title}`, ...lines, end].map((line) => `    ${line}`).join("\n"));
  return run;
}

/** Types the PIN when it is asked for. */
export async function givePin(somebody: Person, pin: string = person.pin): Promise<void> {
  await somebody.see("PIN of your security key");
  somebody.type(`${pin}\r`);
}

/** Waits for what a key or the kernel does. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + SLOW_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Expected within ${SLOW_MS} ms: ${condition.toString()}`);
    await Bun.sleep(5);
  }
}
