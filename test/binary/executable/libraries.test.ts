/** What the executable needs of a system, and that nothing else has to be there. */
import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { neededLibraries } from "../../../build/needed-libraries.ts";
import { hostTarget } from "../../../build/targets.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { executable } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const linux = process.platform === "linux";
const musl = linux && hostTarget().name.includes("musl");

/** glibc's parts, and those of musl with the C++ library that docs/install.md names. */
const libraries = musl
  ? /^(libc\.musl-.*\.so\.1|libstdc\+\+\.so\.6|libgcc_s\.so\.1)$/
  : /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|ld-linux-.*\.so\.\d)$/;

test.skipIf(!linux)("the executable needs only the documented libraries", () => {
  const needed = neededLibraries(new Uint8Array(readFileSync(executable)));
  expect(needed.filter((library) => !libraries.test(library))).toEqual([]);
  expect(needed.length).toBeGreaterThan(0);
});

// glibc finds the stack's bounds in /proc/self/maps, so that /proc must be mounted, as in every container.
const mounts = linux && requires("chroot", "ldd", "unshare") && Bun.spawnSync(["unshare", "--mount", "true"]).success;
if (linux && !mounts) console.warn("SKIPPED: a bare chroot needs the right to mount /proc");

test.skipIf(!mounts)("the executable runs in a chroot with nothing but its libraries and /proc", async () => {
  mkdirSync(join(root, "proc"));
  for (const file of filesOf(executable)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
  copyFileSync(executable, join(root, "vouch"));
  expect(await inside("/vouch", "--version")).toEqual({
    exitCode: 0,
    stdout: `vouch ${packageJson.version}\n`,
    stderr: "",
  });
  expect(await inside("/vouch", "--help")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await inside("/vouch", "exec", "--", "/vouch", "--version")).toMatchObject({ exitCode: 4, stdout: "" });
  const agent = Bun.spawn([...enter, "/vouch", "agent", "run"], { env, stdio: ["ignore", "ignore", "inherit"] });
  while ((await inside("/vouch", "agent", "status")).exitCode !== 0) expect(agent.exitCode).toBeNull();
  expect(await inside("/vouch", "agent", "stop")).toMatchObject({ exitCode: 0 });
  expect(await agent.exited).toBe(0);
});

const env = { PATH: process.env["PATH"], HOME: "/", VOUCH_RUNTIME_DIR: "/run/vouch" };
const root = tempFolderUntil(afterAll);
/** The words before a command that is run inside. The mount ends with the process. */
const chroot = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
const enter = ["unshare", "--mount", "--propagation", "private", "--wd", "/", "sh", "-c", chroot, root];

/** The libraries and the loader that the file is started with here. */
function filesOf(file: string): string[] {
  const { stdout } = Bun.spawnSync(["ldd", file]);
  return stdout
    .toString()
    .split("\n")
    .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

async function inside(...command: string[]) {
  const child = Bun.spawn([...enter, ...command], { env, stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}
