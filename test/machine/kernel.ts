/** The Linux kernel of the machine: Debian's package, of which only what is needed is unpacked into `.tools/kernel`. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** In the order in which they are loaded. Without hid-generic there is no /dev/hidraw*. */
const moduleNames = [
  "hid",
  "hid-generic",
  "uhid",
  "virtio_ring",
  "virtio",
  "virtio_pci_modern_dev",
  "virtio_pci_legacy_dev",
  "virtio_pci",
  "netfs",
  "fscache",
  "9pnet",
  "9pnet_virtio",
  "9p",
  "overlay",
];

export interface Kernel {
  /** The path of the compressed kernel. */
  image: string;
  /** The paths of its modules, in the order in which they are loaded. */
  modules: string[];
}

/** The kernel, fetched by apt-get when it is not there. Throws an Error that says what to do. */
export function getKernel(root: string): Kernel {
  const folder = join(root, ".tools/kernel");
  if (!existsSync(folder)) fetchKernel(folder);
  const version = readdirSync(join(folder, "lib/modules"))[0] ?? "";
  const files = readdirSync(join(folder, "lib/modules", version), { recursive: true, encoding: "utf8" });
  return {
    image: join(folder, "boot", `vmlinuz-${version}`),
    modules: moduleNames.map((name) => {
      const file = files.find((path) => path.endsWith(`/${name}.ko`));
      if (file === undefined) throw new Error(`Expected the module ${name} in ${folder}: remove that folder.`);
      return join(folder, "lib/modules", version, file);
    }),
  };
}

function fetchKernel(folder: string): void {
  const dependencies = output(["apt-cache", "depends", "linux-image-amd64"]);
  const name = /^ *Depends: (linux-image-\S+)$/m.exec(dependencies)?.[1];
  if (name === undefined) {
    throw new Error("apt-cache knows no linux-image-amd64. On Debian run `apt-get update`.");
  }
  console.log(`Fetching ${name} into .tools/kernel (70 MB, once).`);
  mkdirSync(join(folder, ".."), { recursive: true });
  const work = mkdtempSync(join(folder, "../kernel-"));
  try {
    // The user that apt-get prefers to download as has no right to write here.
    output(["apt-get", "-o", "DPkg::Lock::Timeout=120", "-o", "APT::Sandbox::User=root", "download", name], work);
    const archive = readdirSync(work)[0] ?? "";
    const members = ["./boot/vmlinuz-*", ...moduleNames.map((module) => `./lib/modules/*/${module}.ko`)];
    mkdirSync(join(work, "kernel"));
    const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x -C kernel --wildcards "${@:2}"';
    output(["bash", "-o", "pipefail", "-c", script, "bash", archive, ...members], work);
    // Another run may have been quicker; its kernel is as good.
    if (!existsSync(folder)) renameSync(join(work, "kernel"), folder);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function output(command: string[], cwd?: string): string {
  const [program = ""] = command;
  if (Bun.which(program) === null) throw new Error(`${program} is not there to fetch a Debian kernel with.`);
  const run = Bun.spawnSync(command, { ...(cwd === undefined ? {} : { cwd }), stdin: "ignore" });
  if (run.success) return run.stdout.toString();
  throw new Error(`\`${command.slice(0, 2).join(" ")} …\` failed: ${run.stderr.toString().trim()}`);
}
