/**
 * One software security key in a port of its own (a link to its socket), and the compiled executable before which a
 * person sits; there is no server and no session.
 */
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../authenticator/settings.ts";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { sandboxExecutable } from "../../laptop.ts";
import { type Person, runInTerminal, type TerminalRun } from "../../pty.ts";
import { tempFolder } from "../../temp-folder.ts";

export interface KeyInPort extends AsyncDisposable {
  key: RunningAuthenticator;
  /** The variables of the person's shell. */
  env: Record<string, string>;
  /** The path of the port. */
  port: string;
  /** Takes the key out, and plugs it in. */
  pull(): void;
  plug(): void;
  /** Runs a command on a terminal. */
  run(args: string[], script?: (person: Person) => Promise<void>): Promise<TerminalRun>;
  /** Runs a command where there is no terminal. */
  runWithoutTerminal(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }>;
}

export async function keyInPort(settings: Partial<Settings> = {}): Promise<KeyInPort> {
  const temporary = tempFolder();
  const folder = temporary.path;
  const [socketPath, port] = [join(folder, "key.sock"), join(folder, "port")];
  const key = await startAuthenticator({ ...settings, socketPath });
  const env = {
    PATH: process.env["PATH"]!,
    HOME: folder,
    NO_COLOR: "1",
    VOUCH_RUNTIME_DIR: join(folder, "run"),
    VOUCH_SANDBOX_KEY: port,
  };
  const plug = (): void => {
    key.powerCycle();
    symlinkSync(socketPath, port);
  };
  plug();
  return {
    key,
    env,
    port,
    plug,
    pull() {
      rmSync(port);
      key.powerCycle();
    },
    run: (args, script = () => Promise.resolve()) => runInTerminal([sandboxExecutable, ...args], { env }, script),
    async runWithoutTerminal(...args) {
      // setsid takes the controlling terminal away.
      const child = Bun.spawn(["setsid", "-w", sandboxExecutable, ...args], {
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      return { stdout, stderr, exitCode: await child.exited };
    },
    async [Symbol.asyncDispose]() {
      await key.stop();
      temporary[Symbol.dispose]();
    },
  };
}

/** Types a new PIN, and once more. */
export async function typeNewPin({ see, type }: Person, pin: string): Promise<void> {
  await see(/New PIN \(at least \d+ characters; letters are allowed\): /);
  type(`${pin}\r`);
  await see("The same PIN again: ");
  type(`${pin}\r`);
}
