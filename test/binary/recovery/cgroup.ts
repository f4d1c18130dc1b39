/**
 * A cgroup of its own for a container. systemd-nspawn makes one where systemd runs; elsewhere its containers would share
 * one, and the systemd of each would take the services of all for its own.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** Where hierarchies of systemd and of cgroup v2 are mounted, with their names in /proc/self/cgroup (cgroups(7)). */
const hierarchies = [
  { name: "0::", mounted: "/sys/fs/cgroup" },
  { name: "0::", mounted: "/sys/fs/cgroup/unified" },
  { name: "name=systemd:", mounted: "/sys/fs/cgroup/systemd" },
];

export interface Cgroup {
  /** What to put before a command that shall run in it. */
  enter: string[];
  /** Deletes it; its processes have ended. */
  remove(): void;
}

export function makeCgroup(name: string): Cgroup {
  const lines = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  const folders = existsSync("/run/systemd/system")
    ? []
    : hierarchies.flatMap(({ name: hierarchy, mounted }) => {
        const line = lines.find((each) => each.includes(hierarchy));
        if (line === undefined || !existsSync(join(mounted, "cgroup.procs"))) return [];
        return join(mounted, line.slice(line.indexOf(hierarchy) + hierarchy.length), name);
      });
  for (const folder of folders) mkdirSync(folder);
  const script = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';
  return {
    enter: ["sh", "-euc", script, "sh", ...folders, "--"],
    remove() {
      for (const folder of folders) removeTree(folder);
    },
  };
}

/** The files of a cgroup go with its folder, and cannot be deleted before. */
function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}
