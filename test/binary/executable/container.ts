/**
 * A container as a minimal image makes one: a root folder of its own, read-only, a foreign user without an entry in any
 * database, no HOME and no environment but what is given, no /dev, no /tmp.
 */
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Finished } from "../../laptop.ts";

/** A user and group that nobody is. */
const nobody = "64321:64321";

/** Copies the programs to the root of the folder, and what the loader needs for them to where it looks for it. */
export function makeRoot(root: string, programs: string[]): void {
  for (const folder of [root, join(root, "proc")]) mkdirSync(folder, { recursive: true });
  for (const program of programs) {
    const name = program.slice(program.lastIndexOf("/"));
    copyFileSync(program, root + name);
    chmodSync(root + name, 0o755);
    for (const library of librariesOf(program)) {
      mkdirSync(dirname(root + library), { recursive: true });
      copyFileSync(library, root + library);
    }
  }
  chmodSync(root, 0o755);
}

/** What `ldd` says that the program needs, the loader included. */
export function librariesOf(program: string): string[] {
  const { success, stdout, stderr } = Bun.spawnSync(["ldd", program]);
  if (!success) throw new Error(`ldd ${program}: ${stderr.toString()}`);
  return [...stdout.toString().matchAll(/\/\S+(?= \(0x)/g)].map(([path]) => path);
}

export interface ContainerOptions {
  env?: Record<string, string>;
  stdin?: string;
  /** Folders of this machine to be seen in the container, read-only. */
  shared?: string[];
  /** Folders of this machine that the container's user may write to. */
  writable?: string[];
  /** In place of all of /proc the one file that the runtime cannot do without: it finds its stack by it. */
  stackBoundsOnly?: boolean;
  /** UID:GID; nobody's without it. */
  user?: string;
  /** Shell commands that root runs in the root folder before it is closed: more mounts. */
  prepare?: string[];
}

/** Runs the command inside: with /proc, as every container has it, and nothing else that is not in the root. */
export async function runInContainer(
  root: string,
  command: string[],
  options: ContainerOptions = {},
): Promise<Finished> {
  const child = startInContainer(root, command, options);
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, stdout, stderr };
}

/** As `runInContainer`, without waiting for the end; the process is the command itself. */
export function startInContainer(
  root: string,
  command: string[],
  {
    env = {},
    stdin,
    shared = [],
    writable = [],
    prepare = [],
    stackBoundsOnly = false,
    user = nobody,
  }: ContainerOptions = {},
): Bun.Subprocess<"ignore" | Uint8Array, "pipe", "pipe"> {
  const bind = (path: string, mode: "ro" | "rw") => [
    `mkdir -p ${quote(root + path)}`,
    `mount --bind ${quote(path)} ${quote(root + path)}`,
    `mount -o remount,bind,${mode} ${quote(root + path)}`,
  ];
  const variables = Object.entries(env).map(([name, value]) => quote(`${name}=${value}`));
  const script = [
    "set -e",
    `mount --bind ${quote(root)} ${quote(root)}`,
    `cd ${quote(root)}`,
    // This shell becomes the command: the file goes on being the command's own.
    ...(stackBoundsOnly
      ? ["mkdir proc/self", "touch proc/self/maps", "mount --bind /proc/$$/maps proc/self/maps"]
      : ["mount -t proc -o ro,nosuid,nodev,noexec proc proc"]),
    ...prepare,
    ...shared.flatMap((path) => bind(path, "ro")),
    ...writable.flatMap((path) => bind(path, "rw")),
    `mount -o remount,bind,ro ${quote(root)}`,
    `exec env -i ${variables.join(" ")} "$(command -v chroot)" --userspec=${user} ${quote(root)} "$@"`,
  ].join("\n");
  return Bun.spawn(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "container", ...command], {
    env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
    stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 240_000,
  });
}

/** The text as one word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
