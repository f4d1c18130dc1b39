import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { writeRelease } from "../../build/release.ts";
import { targetNamed } from "../../build/targets.ts";
import { host, metafile, releaseHost, source, version } from "../build/release.ts";
import { requires } from "../requires.ts";
import { type ReleaseServer, serveRelease } from "./release-server.ts";

const script = join(import.meta.dir, "../../packaging/install.sh");
const work = mkdtempSync(join(tmpdir(), "vouch-install-"));
const archive = `vouch-${version}-${host.name}.tar.gz`;
const tools = [
  "awk",
  "cat",
  "chmod",
  "cp",
  "cut",
  "grep",
  "gzip",
  "ls",
  "mkdir",
  "mktemp",
  "mv",
  "rm",
  "sed",
  "tar",
  "uname",
];

let server: ReleaseServer;
beforeAll(async () => {
  // A few bytes in the place of the executable: what is tried here is the script.
  const standIn = join(work, "stand-in");
  writeFileSync(standIn, `#!/bin/sh\necho "vouch ${version}"\n`);
  await releaseHost(join(work, "release"), standIn);
  server = serveRelease(join(work, "release"));
});
afterAll(() => {
  server.stop();
  rmSync(work, { recursive: true });
});

let count = 0;

interface Installation {
  home: string;
  exitCode: number;
  stdout: string;
  stderr: string;
  /** What is in the folder for executables afterwards. */
  bin: string[];
}

interface Options {
  shell?: string[];
  env?: Record<string, string>;
  home?: string;
  /** The script's text, where it is not the one of the project. */
  text?: string;
}

/** Runs the script from stdin, as `curl … | sh` does, in an empty home folder. */
async function install({
  shell = ["sh"],
  env = {},
  home = join(work, `home-${++count}`),
  text,
}: Options = {}): Promise<Installation> {
  mkdirSync(home, { recursive: true });
  const child = Bun.spawn(shell, {
    cwd: home,
    stdin: new TextEncoder().encode(text ?? readFileSync(script, "utf8")),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"], HOME: home, VOUCH_DOWNLOAD_URL: server.url, VOUCH_TARGET: host.name, ...env },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const bin = join(home, ".local/bin");
  return { home, exitCode, stdout, stderr, bin: existsSync(bin) ? readdirSync(bin) : [] };
}

/** A folder on PATH with links to these programs alone. */
function pathWith(programs: string[], own: Record<string, string> = {}): string {
  const folder = join(work, `bin-${++count}`);
  mkdirSync(folder);
  for (const program of programs) {
    const real = Bun.which(program);
    if (real !== null) symlinkSync(real, join(folder, program));
  }
  for (const [name, body] of Object.entries(own)) {
    rmSync(join(folder, name), { force: true });
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

const nothing = { exitCode: 1, bin: [] };

const shells = [["dash"], ["bash"], ["busybox", "ash"]].filter(([program]) => requires(program!));
describe.each(shells.map((words) => [words.join(" "), words] as const))("%s", (_, words) => {
  test("installs an executable that runs, for the user alone", async () => {
    const { exitCode, stdout, stderr, bin, home } = await install({ shell: words });
    expect({ exitCode, stderr, bin }).toEqual({ exitCode: 0, stderr: "", bin: ["vouch"] });
    const vouch = join(home, ".local/bin/vouch");
    expect(stdout).toContain(`Installed vouch ${version} as ${vouch}.`);
    expect(stdout).toContain(`export PATH="${home}/.local/bin:$PATH"`);
    expect(Bun.spawnSync([vouch, "--version"]).stdout.toString()).toBe(`vouch ${version}\n`);
  });

  test("an archive that is not what SHA256SUMS says installs nothing, and leaves nothing", async () => {
    server.corrupt(archive);
    const { stderr, ...rest } = await install({ shell: words });
    expect(rest).toMatchObject(nothing);
    expect(stderr).toContain(`${archive} is not what SHA256SUMS says`);
  });

  test("a missing archive is named", async () => {
    server.hide(archive);
    const { stderr, ...rest } = await install({ shell: words });
    expect(rest).toMatchObject(nothing);
    expect(stderr).toContain(`Cannot fetch ${server.url}/${archive}.`);
  });
});

test("the executable itself arrives and runs", async () => {
  await releaseHost(join(work, "real"));
  const real = serveRelease(join(work, "real"));
  const { exitCode, home } = await install({ env: { VOUCH_DOWNLOAD_URL: real.url } });
  real.stop();
  expect(exitCode).toBe(0);
  const { stdout } = Bun.spawnSync([join(home, ".local/bin/vouch"), "agent", "status"], {
    env: { VOUCH_RUNTIME_DIR: join(home, "run") },
  });
  expect(stdout.toString()).toContain("No agent is running.");
}, 60_000);

describe("an executable that does not run is not installed", () => {
  const broken = join(work, "broken");
  writeFileSync(broken, "#!/bin/sh\necho 'Error loading shared library' >&2\necho 'and more' >&2\nexit 127\n");

  test.each([
    ["linux-x64-musl", "vouch does not run here. Install what it needs with `apk add libstdc++` and run this again."],
    ["linux-x64", "vouch for linux-x64 does not run here."],
  ])("%s", async (name, message) => {
    await writeRelease(join(work, name), source, [{ target: targetNamed(name), executable: broken, metafile }]);
    const other = serveRelease(join(work, name));
    const { stderr, ...rest } = await install({ env: { VOUCH_DOWNLOAD_URL: other.url, VOUCH_TARGET: name } });
    other.stop();
    expect(rest).toMatchObject(nothing);
    expect(stderr).toBe(`Error loading shared library\ninstall.sh: ${message}\n`);
  });
});

test("a part of the script does nothing", async () => {
  const text = readFileSync(script, "utf8");
  for (let length = 1; length < text.length - 12; length += 97) {
    const { stdout, bin, home } = await install({ text: text.slice(0, length), home: join(work, "partial") });
    expect({ stdout, bin, home: readdirSync(home) }).toEqual({ stdout: "", bin: [], home: [] });
  }
});

test("without a list of checksums nothing is installed", async () => {
  server.hide("SHA256SUMS");
  expect(await install()).toMatchObject({
    ...nothing,
    stderr: expect.stringContaining(`Cannot fetch ${server.url}/SHA256SUMS.`),
  });
});

test("a list without this system's archive says so", async () => {
  const { stderr, ...rest } = await install({ env: { VOUCH_TARGET: "linux-sparc" } });
  expect(rest).toMatchObject(nothing);
  expect(stderr).toBe(`install.sh: ${server.url} has no vouch for linux-sparc.\n`);
});

test("installing again replaces the executable in one step, and a failure leaves the one that was there", async () => {
  const { home } = await install();
  const vouch = join(home, ".local/bin/vouch");
  const before = statSync(vouch).ino;
  expect((await install({ home })).exitCode).toBe(0);
  expect(statSync(vouch).ino).not.toBe(before);
  server.corrupt(archive);
  const { exitCode, bin } = await install({ home });
  expect({ exitCode, bin }).toEqual({ exitCode: 1, bin: ["vouch"] });
  expect(Bun.spawnSync([vouch, "--version"]).exitCode).toBe(0);
});

test("VOUCH_INSTALL_DIR says where, and a folder on PATH needs no word about it", async () => {
  const { home } = await install({ home: join(work, "elsewhere") });
  const folder = join(work, "a folder/bin");
  const { stdout, exitCode } = await install({
    home,
    env: { VOUCH_INSTALL_DIR: folder, PATH: `${folder}:${process.env["PATH"]}` },
  });
  expect({ exitCode, there: readdirSync(folder) }).toEqual({ exitCode: 0, there: ["vouch"] });
  expect(stdout).not.toContain("export PATH");
});

test("a place that cannot be written to is named", async () => {
  const home = join(work, "no-folder");
  mkdirSync(home);
  writeFileSync(join(home, ".local"), "a file");
  const { stderr, exitCode } = await install({ home });
  expect({ stderr, exitCode }).toEqual({
    stderr: `install.sh: Cannot make ${home}/.local/bin. Set VOUCH_INSTALL_DIR to a folder of yours.\n`,
    exitCode: 1,
  });
});

test.skipIf(process.getuid?.() !== 0 || !requires("setpriv"))("a folder that is read-only too", async () => {
  const home = join(work, "read-only");
  mkdirSync(join(home, ".local/bin"), { recursive: true });
  chmodSync(work, 0o755);
  const { stderr, exitCode } = await install({
    home,
    shell: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh"],
  });
  expect({ stderr, exitCode }).toEqual({
    stderr: `install.sh: Cannot write to ${home}/.local/bin. Set VOUCH_INSTALL_DIR to a folder of yours.\n`,
    exitCode: 1,
  });
});

test("neither HOME nor a folder: an error that says which variable", async () => {
  expect(await install({ env: { HOME: "" } })).toMatchObject({
    exitCode: 1,
    stderr: "install.sh: HOME is not set. Set VOUCH_INSTALL_DIR to the folder for the executable.\n",
  });
});

describe("with the programs of a small system", () => {
  test.each([
    ["wget and openssl", ["wget", "openssl"]],
    ["curl and shasum", ["curl", "shasum"]],
    ["curl and sha256sum", ["curl", "sha256sum"]],
  ])("%s it works", async (_, programs) => {
    if (!requires(...programs)) return;
    const { exitCode, stderr } = await install({
      shell: ["/bin/sh"],
      env: { PATH: pathWith([...tools, ...programs]) },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test.skipIf(!requires("busybox"))("BusyBox alone it works", async () => {
    const folder = join(work, "busybox");
    mkdirSync(folder);
    const busybox = Bun.which("busybox")!;
    for (const program of [...tools, "wget", "sha256sum", "sysctl"]) symlinkSync(busybox, join(folder, program));
    const { exitCode, stderr } = await install({ shell: [busybox, "ash"], env: { PATH: folder } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test.each([
    ["neither curl nor wget", ["sha256sum"], "It needs curl or wget."],
    ["no program for checksums", ["curl"], "It needs sha256sum, shasum or openssl to verify what it fetches."],
  ])("%s it says what it needs", async (_, programs, message) => {
    const { exitCode, stderr, bin } = await install({
      shell: ["/bin/sh"],
      env: { PATH: pathWith([...tools, ...programs]) },
    });
    expect({ exitCode, bin }).toEqual({ exitCode: 1, bin: [] });
    expect(stderr).toStartWith(`install.sh: ${message}\n`);
  });
});

describe("the system is found out", () => {
  /** The target that the script asks for on a machine with these answers; the release has none of that name. */
  async function targetOn(uname: [system: string, machine: string], own: Record<string, string> = {}): Promise<string> {
    const [system, machine] = uname;
    const path = pathWith([...tools, "curl", "sha256sum"], {
      uname: `case $1 in -s) echo ${system} ;; -m) echo ${machine} ;; esac`,
      ...own,
    });
    server.replace("SHA256SUMS", "");
    const { stderr } = await install({ shell: ["/bin/sh"], env: { PATH: path, VOUCH_TARGET: "" } });
    return /^install.sh: (?:.* has no vouch for (.*)|(.*))\.$/m.exec(stderr)?.slice(1).find(Boolean) ?? stderr;
  }
  const glibc = { ldd: "echo 'ldd (GNU libc) 2.36'" };
  const musl = { ldd: "echo 'musl libc (x86_64)' >&2; exit 1" };
  const real = Bun.which("grep")!;
  /** A grep that looks into another processor's /proc/cpuinfo. */
  const cpu = (flags: string) => ({
    grep: `case "$*" in */proc/cpuinfo) echo "flags: ${flags}" | ${real} -q "$2" ;; *) exec ${real} "$@" ;; esac`,
  });
  const [modern, old] = [cpu("avx avx2"), cpu("avx sse4_2")];

  test.each([
    ["linux-x64", ["Linux", "x86_64"], { ...glibc, ...modern }],
    ["linux-x64-baseline", ["Linux", "x86_64"], { ...glibc, ...old }],
    ["linux-x64-musl", ["Linux", "x86_64"], { ...musl, ...modern }],
    ["linux-x64-musl-baseline", ["Linux", "amd64"], { ...musl, ...old }],
    ["linux-arm64", ["Linux", "aarch64"], glibc],
    ["linux-arm64-musl", ["Linux", "aarch64"], musl],
    ["darwin-arm64", ["Darwin", "arm64"], { sysctl: "echo 0" }],
    ["darwin-x64", ["Darwin", "x86_64"], { sysctl: "exit 1" }],
    ["darwin-arm64", ["Darwin", "x86_64"], { sysctl: 'test "$2" = sysctl.proc_translated && echo 1' }],
    ["There is no vouch for this processor (riscv64)", ["Linux", "riscv64"], glibc],
    [
      "There is no vouch for this system (MINGW64_NT-10.0). On Windows, run this inside WSL 2",
      ["MINGW64_NT-10.0", "x86_64"],
      {},
    ],
  ] as [string, [string, string], Record<string, string>][])("%s", async (expected, uname, own) => {
    expect(await targetOn(uname, own)).toBe(expected);
  });
});

test("an https address is not left for an http one", () => {
  expect(readFileSync(script, "utf8")).toContain("curl -fsSL --proto '=https'");
});

test("the repository is the project's", () => {
  const { url } = packageJson.repository;
  expect(readFileSync(script, "utf8")).toContain(`\nrepository=${url.replace(/^git\+|\.git$/g, "")}\n`);
});
