/**
 * An empty machine that is booted: systemd as its first process, this machine's /usr, the network of this machine, and a
 * root in memory that ends with it.
 */
import { cpSync, mkdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { executable } from "../../laptop.ts";
import { emptyMachine } from "../../requires.ts";
import { makeCgroup } from "./cgroup.ts";
import { type Machine, typedUnder } from "./machine.ts";

const packaging = join(import.meta.dir, "../../../packaging");

export interface BootedMachine extends Omit<Machine, "configure"> {
  /** The address that its server has for itself, without a port. */
  address: string;
  /** The environment of what is typed; may be added to. */
  env: Record<string, string>;
  /** Types a command again and again until its stdout is this. */
  until(command: string, stdout: string): Promise<void>;
}

/** Boots one. In /root are the executable and the unit, where the release's archive has them. */
export async function bootMachine(): Promise<BootedMachine> {
  // Every address of 127.0.0.0/8 is this machine's: on a random one every port is free.
  const address = `127.${crypto
    .getRandomValues(new Uint8Array(3))
    .map((byte) => 1 + (byte % 254))
    .join(".")}`;
  const name = `vouch-test-${address.replaceAll(".", "-")}`;
  const cgroup = makeCgroup(name);
  const container = Bun.spawn(
    [
      ...cgroup.enter,
      // Also a test that is killed leaves no machine behind.
      "setpriv",
      "--pdeathsig",
      "TERM",
      ...emptyMachine,
      `--machine=${name}`,
      "--tmpfs=/usr/local",
      "--console=pipe",
      "--boot",
      // Services of programs that are installed here are none of the machine's.
      "systemd.unit=basic.target",
      "systemd.condition-first-boot=no",
      "systemd.firstboot=no",
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let screen = "";
  for (const output of [container.stdout, container.stderr]) {
    void (async () => {
      for await (const chunk of output) screen += new TextDecoder().decode(chunk);
    })();
  }

  const env: Record<string, string> = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    HOME: "/root",
    LANG: "C.UTF-8",
    VOUCH_SERVER_CONFIG: "/etc/vouch/server.toml",
    CREDENTIALS_DIRECTORY: "/etc/vouch",
  };

  async function enter(command: string): Promise<{ code: number; out: string; err: string }> {
    const init = firstProcess(container.pid);
    if (init === undefined) return { code: 1, out: "", err: "The machine has no first process." };
    const shell = ["bash", "-eu", "-o", "pipefail", "-c", `cd /root\n${command}`];
    const child = Bun.spawn(["nsenter", "--all", `--target=${init}`, ...shell], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { code: await child.exited, out, err };
  }

  while (!/^(running|degraded)\n$/.test((await enter("systemctl is-system-running || true")).out)) {
    if (container.exitCode !== null) throw new Error(`The machine did not boot:\n${screen}`);
    await Bun.sleep(50);
  }
  const root = `/proc/${firstProcess(container.pid)}/root`;
  const home = join(root, "root");
  cpSync(executable, join(home, "vouch"));
  // The last two are of Debian's packages.
  for (const folder of [join(home, "systemd"), join(root, "usr/local/bin"), join(root, "etc/systemd/system")]) {
    mkdirSync(folder, { recursive: true });
  }
  cpSync(join(packaging, "systemd/vouch-server.service"), join(home, "systemd/vouch-server.service"));

  const machine: BootedMachine = {
    root,
    home,
    address,
    env,
    base: () => `http://${address}:8787`,
    async type(command, exit = 0) {
      const { code, out, err } = await enter(command);
      if (code === exit) return exit === 0 ? out : out + err;
      const { out: journal } = await enter("journalctl --unit vouch-server --no-pager --lines 20 || true");
      throw new Error(`Expected exit code ${exit}, got ${code}: ${command}\n${out}${err}\n${journal}`);
    },
    async follow(heading, only, exit) {
      let said = "";
      for (const text of typedUnder(heading, only)) said += await machine.type(text, exit);
      return said;
    },
    async until(command, stdout) {
      while ((await machine.type(command)) !== stdout) await Bun.sleep(50);
    },
    async crash() {
      await machine.type("systemctl kill --signal=KILL vouch-server");
    },
    async remove() {
      container.kill("SIGTERM");
      await container.exited;
      cgroup.remove();
    },
  };
  return machine;
}

/** The process that is the first of the container's, by its number here; undefined before it is in namespaces of its own. */
function firstProcess(container: number): number | undefined {
  try {
    const [child = ""] = readFileSync(`/proc/${container}/task/${container}/children`, "utf8").split(" ");
    if (child === "") return undefined;
    const isInside = readlinkSync(`/proc/${child}/ns/pid`) !== readlinkSync("/proc/self/ns/pid");
    return isInside ? Number(child) : undefined;
  } catch (error) {
    // Either has ended.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
