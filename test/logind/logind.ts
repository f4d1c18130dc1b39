/** A system bus of its own, with the rules of the real one, and a stand-in for logind on it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../requires.ts";
import { tempFolder } from "../temp-folder.ts";

const python = "/usr/bin/python3";

/** Whether the machine has what they need; names what is missing. */
export const hasLogind = requires("dbus-daemon", "busctl", "systemd-inhibit", "dbus-send") && hasPythonDbus();

function hasPythonDbus(): boolean {
  if (Bun.spawnSync([python, "-c", "import dbus, gi"], { stdout: "ignore", stderr: "ignore" }).success) return true;
  if (process.env["CI"] === "true") throw new Error("In CI every test runs, but python3-dbus or python3-gi is missing");
  console.warn("SKIPPED: needs python3-dbus and python3-gi, not installed on this machine");
  return false;
}

/** As /usr/share/dbus-1/system.conf: everybody may send signals, and only this user owns logind's name. */
const rules = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow own="org.freedesktop.login1"/>
    <allow send_destination="org.freedesktop.login1"/>
  </policy>
</busconfig>
`;

export interface SystemBus extends AsyncDisposable {
  /** The variables by which programs find it. */
  env: { DBUS_SYSTEM_BUS_ADDRESS: string };
  /**
   * Starts the stand-in; resolves when it owns its name. It ends when it is disposed of, or with the bus. It waits a minute
   * for delay locks, in place of the usual five seconds: for slow machines.
   */
  startLogind(): Promise<Logind>;
  /** Runs a program of systemd on it; returns what it prints. Throws if it fails. */
  run(...command: string[]): Promise<string>;
}

export interface Logind extends AsyncDisposable {
  /** The next line that it writes. */
  line(): Promise<string>;
}

/** How `busctl` names a session's object: that of this user, and that of another one. */
export const ownSession = "/org/freedesktop/login1/session/_31";
export const othersSession = "/org/freedesktop/login1/session/_32";

/** A session bus with a screen saver of that name. */
export async function startScreenSaver(name: string): Promise<AsyncDisposable & { env: Record<string, string> }> {
  const stop = new AsyncDisposableStack();
  const path = { PATH: process.env["PATH"]! };
  const daemon = start(stop, ["dbus-daemon", "--session", "--nofork", "--print-address"], path);
  const env = { DBUS_SESSION_BUS_ADDRESS: await daemon.next() };
  await start(stop, [python, join(import.meta.dir, "screen-saver.py"), name], { ...path, ...env }).next();
  return { env, [Symbol.asyncDispose]: () => stop.disposeAsync() };
}

export async function startSystemBus(): Promise<SystemBus> {
  const folder = tempFolder("/tmp");
  const configuration = join(folder.path, "system.conf");
  writeFileSync(configuration, rules);
  const stop = new AsyncDisposableStack();
  stop.defer(() => folder[Symbol.dispose]());
  const path = { PATH: process.env["PATH"]! };
  const daemon = start(stop, ["dbus-daemon", `--config-file=${configuration}`, "--nofork", "--print-address"], path);
  const env = { DBUS_SYSTEM_BUS_ADDRESS: await daemon.next() };
  return {
    env,
    async startLogind() {
      const child = start(stop, [python, join(import.meta.dir, "logind.py")], { ...path, ...env });
      await child.next();
      return { line: child.next, [Symbol.asyncDispose]: child.end };
    },
    async run(...command) {
      const child = Bun.spawn(command, { env: { ...path, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
      return stdout;
    },
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** Starts a program that ends with the stack; `next` is its next line, each time. */
function start(stop: AsyncDisposableStack, command: string[], env: Record<string, string>) {
  const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const end = async () => {
    child.kill();
    await child.exited;
  };
  stop.defer(end);
  return { next: lines(child.stdout), end };
}

/** The next line, each time. */
function lines(stream: ReadableStream<Uint8Array>): () => Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return async () => {
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`Expected another line, got the end after ${JSON.stringify(text)}`);
      text += decoder.decode(value, { stream: true });
    }
    const [line, ...rest] = text.split("\n");
    text = rest.join("\n");
    return line!;
  };
}
