/** The image of the server, built by buildah, and run with a read-only root as its own user. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runInContainer, startInContainer } from "../binary/executable/container.ts";
import { executable } from "../laptop.ts";
import { requires, requiresMountNamespace } from "../requires.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const packaging = join(import.meta.dir, "../../packaging/container");
const canBuild = process.platform === "linux" && process.getuid?.() === 0 && requires("buildah", "ldd");

describe.skipIf(!canBuild || !requiresMountNamespace())("the image", () => {
  const folder = tempFolderUntil(afterAll);
  let root: string;
  let config: Record<string, unknown>;

  function run(...command: string[]): string {
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: folder });
    if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
    return stdout.toString().trim();
  }
  const buildah = (command: string, ...args: string[]) =>
    run(
      "buildah",
      "--root",
      join(folder, "storage"),
      "--runroot",
      join(folder, "run"),
      "--storage-driver",
      "vfs",
      command,
      ...args,
    );

  beforeAll(() => {
    run("sh", join(packaging, "root.sh"), executable, join(folder, "context"));
    const file = join(packaging, "Containerfile");
    buildah("build", "--quiet", "--isolation", "chroot", "--tag", "vouch-server", "--file", file, "context");
    config = JSON.parse(buildah("inspect", "--type", "image", "vouch-server")).OCIv1.config;
    // With the storage driver vfs this is a folder, not a mount: it goes with the test's.
    root = buildah("mount", buildah("from", "vouch-server"));
  });

  const variables = () =>
    Object.fromEntries((config["Env"] as string[]).map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  const command = (...args: string[]) => [...(config["Entrypoint"] as string[]), ...args];
  /** As `podman run --read-only` with an empty volume. */
  const volume = {
    user: "65532:65532",
    prepare: ["mount -t tmpfs -o uid=65532,gid=65532,mode=0700 tmpfs var/lib/vouch-server"],
  };

  test("is run by a user that is not root, and ends by SIGTERM", () => {
    expect(config).toMatchObject({
      User: "65532:65532",
      Entrypoint: ["/usr/bin/vouch"],
      Cmd: ["server", "run"],
      StopSignal: "SIGTERM",
      Volumes: { "/var/lib/vouch-server": {} },
      ExposedPorts: { "8787/tcp": {} },
    });
  });

  test("holds one program, its libraries and nothing that its user may write but its data", () => {
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) =>
      join(entry.parentPath, entry.name),
    );
    const programs = files.filter((path) => lstatSync(path).isFile() && (statSync(path).mode & 0o111) !== 0);
    const names = programs
      .map((path) => path.slice(root.length))
      .filter((path) => !/\/(lib[a-z]+|ld-linux-[\w-]+)\.so\.\d+$/.test(path));
    expect(names).toEqual(["/usr/bin/vouch"]);
    expect(files.filter((path) => lstatSync(path).isSymbolicLink())).toEqual([]);
    const own = files.filter((path) => statSync(path).uid !== 0 || (statSync(path).mode & 0o022) !== 0);
    expect(own.map((path) => path.slice(root.length))).toEqual(["/var/lib/vouch-server"]);
  });

  test("serves with a read-only root, and with no more of /proc than what the runtime finds its stack by", async () => {
    const env = { ...variables(), VOUCH_SERVER_URL: "http://localhost:8787", VOUCH_SERVER_LISTEN: "127.0.0.1:0" };
    const child = startInContainer(root, command(...(config["Cmd"] as string[])), {
      ...volume,
      env,
      stackBoundsOnly: true,
    });
    const { value } = await child.stdout.getReader().read();
    const text = new TextDecoder().decode(value);
    const address = /listening on (\S+)\n/.exec(text)?.[1];
    if (address === undefined) throw new Error(`${text}${await child.stderr.text()}`);
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("says what is wrong where its data cannot be written", async () => {
    const env = { ...variables(), VOUCH_SERVER_URL: "http://localhost:8787", VOUCH_SERVER_LISTEN: "127.0.0.1:0" };
    const { exitCode, stderr } = await runInContainer(root, command("server", "run"), { user: volume.user, env });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("/var/lib/vouch-server/server.db cannot be opened");
  });
});
