/** The first file system of the machine: busybox, the kernel's modules, and an init that runs one command. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The command's output leaves by the second serial port, the kernel's words by the first. */
const OUTPUT = "/dev/ttyS1";

export interface InitrdOptions {
  /** An empty folder to build in. */
  folder: string;
  busybox: string;
  /** The paths of the modules, in the order in which they are loaded. */
  modules: string[];
  command: string[];
  cwd: string;
  env: Record<string, string>;
}

/**
 * Builds the initrd and gives its path. Its init makes this machine's file system, under an overlay in memory, the root,
 * runs the command there, leaves the exit status in /run/out/status and turns the machine off.
 */
export function buildInitrd({ folder, busybox, modules, command, cwd, env }: InitrdOptions): string {
  const tree = join(folder, "initrd.d");
  for (const name of ["bin", "modules", "dev", "proc", "sys", "lower", "upper", "root"]) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  copyFileSync(busybox, join(tree, "bin/busybox"));
  chmodSync(join(tree, "bin/busybox"), 0o755);
  for (const path of modules) copyFileSync(path, join(tree, "modules", basename(path)));
  writeFileSync(join(tree, "command"), commandScript(command, cwd, env));
  writeFileSync(join(tree, "init"), initScript(modules.map((path) => basename(path))), { mode: 0o755 });
  const names = readdirSync(tree, { recursive: true, encoding: "utf8" });
  const archive = Bun.spawnSync([busybox, "cpio", "-o", "-H", "newc"], {
    cwd: tree,
    stdin: new TextEncoder().encode(names.join("\n")),
  });
  if (!archive.success) throw new Error(`busybox cpio failed: ${archive.stderr.toString()}`);
  const path = join(folder, "initrd");
  writeFileSync(path, archive.stdout);
  return path;
}

function commandScript(command: string[], cwd: string, env: Record<string, string>): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
  return [
    `cd ${quoted(cwd)} || exit 125`,
    `env -i ${variables.join(" ")} ${command.map(quoted).join(" ")} 2>&1 </dev/null | cat >${OUTPUT}`,
    "echo ${PIPESTATUS[0]} >/run/out/status",
    "",
  ].join("\n");
}

/** 9p wants `multidevs=remap` on the other side, or Bun aborts: two files with one number. */
function initScript(modules: string[]): string {
  const ninep = "trans=virtio,version=9p2000.L,msize=524288";
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in ${modules.join(" ")}; do insmod /modules/$module; done
mount -t 9p -o ${ninep},ro,cache=loose host /lower
mount -t tmpfs upper /upper
mkdir /upper/upper /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work root /root
for name in dev proc sys; do mkdir -p /root/$name; mount --move /$name /root/$name; done
mkdir -p /root/run /root/dev/shm /root/dev/pts
mount -t tmpfs run /root/run
mount -t tmpfs shm /root/dev/shm
mount -t devpts -o ptmxmode=666 pts /root/dev/pts
mkdir -m 1777 /root/run/tmp
mkdir /root/run/home /root/run/out
mount -t 9p -o ${ninep} out /root/run/out
ifconfig lo 127.0.0.1 up
stty -F /root${OUTPUT} raw -echo
cp /command /root/run/command
chroot /root /bin/bash /run/command
sync
poweroff -f
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
