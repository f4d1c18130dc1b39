/**
 * The desk of a person in the machine: the laptop with its Vouch server and sandbox, security keys that the kernel
 * knows, and the release executable at the terminal. What is said at the terminal is shown in the log.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { CTAPHID, parsePacket } from "../../../src/hid/framing.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { type KernelKey, plugIntoKernel } from "../../authenticator/uhid.ts";
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

/** `vouch enroll` with a new code typed; the script plays what comes after it. */
export async function enroll(laptop: Laptop, script: (person: Person) => Promise<void>): Promise<TerminalRun> {
  const code = await laptop.invite();
  return type(laptop, ["enroll", "--server", serverUrl], async (somebody) => {
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
  const options = { cwd: laptop.cwd, env: laptop.env, timeoutMs: SLOW_MS };
  return shown(`vouch ${args.join(" ")}`, runInTerminal([...command, ...args], options, script));
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
