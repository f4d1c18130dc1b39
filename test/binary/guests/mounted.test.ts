/** A guest's folder that is mounted into a container: the user's own id there, another one, and mapped ones. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { GuestReply, RecordEntry } from "../../../src/agent/wire/reply-parts.ts";
import { shellQuoted } from "../../../src/base/words/shell-word.ts";
import { cargoGet, ended, executable, type Finished, type Laptop, startLaptop } from "../../laptop.ts";
import { requires, requiresMountNamespace } from "../../requires.ts";
import { makeRoot } from "../executable/container.ts";

const isRoot = process.getuid!() === 0;

function chroot(folder: string, uid?: number): string[] {
  const as = uid === undefined ? [] : [`--userspec=${uid}:${uid}`];
  return [Bun.which("chroot", { PATH: "/usr/sbin:/usr/bin:/sbin" })!, ...as, folder];
}

const shellLine = (words: string[]) => words.map(shellQuoted).join(" ");

describe.skipIf(!isRoot || !requiresMountNamespace() || !requires("ldd", "setpriv"))("a mounted guest's folder", () => {
  let laptop: Laptop;
  let root: string;
  let guest: GuestReply;
  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    guest = JSON.parse(await ended(laptop.vouch("guest", "add", "box", "--uid", "64321", "--json"))) as GuestReply;
    // Inside of the laptop's folder, which other users cannot enter: root mounts it elsewhere first.
    root = join(laptop.folder, "root");
    makeRoot(root, [executable]);
    for (const name of ["run", "run/vouch", "open"]) mkdirSync(join(root, name));
    chmodSync(join(root, "open"), 0o777);
  });
  afterAll(async () => laptop?.stop());

  /**
   * Runs the executable in a root file system with the folder mounted, as this user id of the machine. `mapped`: in a user
   * namespace, whose root it is; `at` is where the folder is mounted.
   */
  async function inContainer(
    uid: number,
    args: string[],
    { mapped = false, at = "/run/vouch", stdin = "" } = {},
  ): Promise<Finished> {
    const words = ["env", "-i", `VOUCH_RUNTIME_DIR=${at}`];
    const vouch = ["/vouch", ...args];
    const folder = shellQuoted(guest.folder);
    const plain = [
      `mkdir -p /mnt${at}`,
      `mount --bind ${folder} /mnt${at}`,
      "mount --rbind /proc /mnt/proc",
      `exec ${shellLine([...words, ...chroot("/mnt", uid), ...vouch])}`,
    ];
    // In the namespace the root file system must be its root's, too: a tmpfs that it makes.
    const inside = [
      "mkdir /tmp/c",
      "mount -t tmpfs none /tmp/c",
      "cp -r /mnt/. /tmp/c",
      `mkdir -p /tmp/c${at}`,
      `mount --bind /srv /tmp/c${at}`,
      "mount --rbind /proc /tmp/c/proc",
      `exec ${shellLine([...words, ...chroot("/tmp/c"), ...vouch])}`,
    ];
    const as = ["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
    const namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", inside.join("\n")];
    const script = [
      `mount --bind ${shellQuoted(root)} /mnt`,
      ...(mapped
        ? [
            `mount --bind ${folder} /srv`,
            "mount -t tmpfs -o mode=1777 none /tmp",
            `exec ${shellLine([...as, ...namespace])}`,
          ]
        : plain),
    ].join("\n");
    const child = Bun.spawn(["unshare", "--mount", "--propagation", "private", "sh", "-ec", script], {
      env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" },
      stdin: Buffer.from(stdin),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { exitCode, stdout, stderr };
  }

  test("serves a named user id that is not the agent's, by Cargo's provider, too", async () => {
    const { exitCode, stdout, stderr } = await inContainer(64321, ["credential", "codeartifact"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("vouch-sandbox-token");
    const cargo = await inContainer(64321, ["--cargo-plugin"], { stdin: cargoGet() });
    expect(cargo.stdout).toContain("vouch-sandbox-token");
    const lines = (await ended(laptop.vouch("log", "--json"))).trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as RecordEntry);
    expect(entries.at(-1)!.guest).toEqual({ name: "box", uid: 64321 });
  });

  test("tells a user id that is not named which one it is, and the agent's user how to allow it", async () => {
    const { exitCode, stdout, stderr } = await inContainer(64322, ["credential", "codeartifact"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(stderr).toContain("The agent's guest box is not for user id 64322.");
    expect(stderr).toContain("vouch guest add box --uid 64322");
    expect((await laptop.vouch("guest", "list")).stderr).toContain("box has refused user id 64322");
  });

  // Some systems let no user but root make a namespace.
  const namespace = ["unshare", "--user", "--map-root-user", "--mount", "true"];
  const canMap =
    isRoot &&
    Bun.which("setpriv") !== null &&
    Bun.spawnSync(["setpriv", "--reuid", "64321", "--clear-groups", ...namespace]).success;
  if (!canMap) console.warn("NOT TESTED: a guest in a user namespace, which this system does not allow");
  const inNamespace = canMap ? test : () => {};
  inNamespace("serves root of a user namespace, for whom the agent's user is not mapped", async () => {
    const { exitCode, stdout, stderr } = await inContainer(64321, ["credential", "codeartifact"], { mapped: true });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("vouch-sandbox-token");
    const other = await inContainer(64322, ["credential", "codeartifact"], { mapped: true });
    expect(other.stderr).toContain("is not for user id 64322");
  });

  test("is not asked where anybody could have put it", async () => {
    const { exitCode, stderr } = await inContainer(64321, ["credential", "codeartifact"], { at: "/open/vouch" });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("others than root and you decide what is at /open");
  });

  test("is another one than the agent's own folder, which is refused as before", async () => {
    const known = guest;
    guest = { ...known, folder: laptop.env["VOUCH_RUNTIME_DIR"]! };
    try {
      const { exitCode, stderr } = await inContainer(64321, ["credential", "codeartifact"]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("/run/vouch/agent.sock is not used");
    } finally {
      guest = known;
    }
  });
});
