/**
 * A machine for one command: Debian's kernel with uhid and hidraw in QEMU, without hardware's help (TCG). Its root is
 * this machine's file system, read-only under an overlay in memory, so that a command finds there what it finds here.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildInitrd } from "./initrd.ts";
import type { Kernel } from "./kernel.ts";

export const machinePrograms = ["qemu-system-x86_64", "busybox", "setpriv", "timeout"];

/** Where the command finds the folder that outlives the machine. */
export const GUEST_OUT = "/run/out";

const MEMORY_MIB = 2048;

export interface MachineOptions {
  kernel: Kernel;
  cwd: string;
  /** The whole environment of the command but for PATH, HOME and TMPDIR. */
  env?: Record<string, string>;
  /** After this many seconds the machine is turned off, whatever it does. */
  limitSeconds: number;
  /** Called with the folder that was {@link GUEST_OUT}, before it is removed. */
  collect?: (folder: string) => void;
}

/**
 * Boots the machine and runs the command in it; what it prints goes to stdout while it runs. Gives its exit status;
 * throws, with what the kernel said, when the machine ended without one. SIGINT and SIGTERM turn the machine off.
 */
export async function runInMachine(command: string[], options: MachineOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "vouch-machine-"));
  try {
    const out = join(folder, "out");
    const consoleFile = join(folder, "console");
    mkdirSync(out);
    const initrd = buildInitrd({
      folder,
      busybox: Bun.which("busybox") ?? "busybox",
      modules: options.kernel.modules,
      command,
      cwd: options.cwd,
      env: { ...options.env, PATH: process.env["PATH"] ?? "", HOME: "/run/home", TMPDIR: "/run/tmp" },
    });
    const machine = qemu({ ...options, out, consoleFile, initrd });
    // Also a process that is killed and can turn nothing off leaves no machine behind.
    const guarded = ["setpriv", "--pdeathsig", "TERM", "timeout", "--kill-after=5", String(options.limitSeconds)];
    const child = Bun.spawn([...guarded, ...machine], { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
    const turnOff = () => child.kill("SIGTERM");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, turnOff);
    await child.exited;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, turnOff);
    options.collect?.(out);
    const status = join(out, "status");
    if (existsSync(status)) return Number(readFileSync(status, "utf8"));
    const said = existsSync(consoleFile) ? readFileSync(consoleFile, "utf8").slice(-4000) : "";
    const why =
      child.exitCode === 124 ? `did not end within ${options.limitSeconds} seconds` : "ended without a status";
    throw new Error(`The machine ${why}. Its kernel said:\n${said}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function qemu({
  kernel,
  initrd,
  consoleFile,
  out,
}: MachineOptions & { initrd: string; consoleFile: string; out: string }): string[] {
  // KVM may be there and yet not work; without a CPU of today Bun does not start.
  const options = [
    "-accel tcg -cpu max -smp 2",
    `-m ${MEMORY_MIB}`,
    "-display none -nodefaults -no-reboot -serial chardev:console -serial stdio",
  ];
  return [
    "qemu-system-x86_64",
    "-chardev",
    `file,id=console,path=${value(consoleFile)}`,
    ...options.flatMap((text) => text.split(" ")),
    ...shared("host", "/", ",readonly=on"),
    ...shared("out", out, ""),
    "-kernel",
    kernel.image,
    "-initrd",
    initrd,
    "-append",
    "console=ttyS0 quiet panic=-1 loglevel=3",
  ];
}

function shared(tag: string, path: string, more: string): string[] {
  const backend = `local,id=${tag},path=${value(path)},security_model=none,multidevs=remap${more}`;
  return ["-fsdev", backend, "-device", `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`];
}

/** A value in one of QEMU's option lists. */
function value(text: string): string {
  return text.replaceAll(",", ",,");
}
