import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { host, version } from "../build/release.ts";
import { requires, requiresDownloader } from "../requires.ts";
import { startInstaller, tools } from "./install-script.ts";

const { work, server, install, pathWith, stop } = await startInstaller();
afterAll(stop);
const archive = `vouch-${version}-${host.name}.tar.gz`;
const sha256 = new Bun.CryptoHasher("sha256").update(readFileSync(join(work, "release", archive))).digest("hex");

describe("with the programs of a small system the install script", () => {
  test.each([
    ["wget and openssl", ["wget", "openssl"]],
    ["curl and shasum", ["curl", "shasum"]],
    ["curl and sha256sum", ["curl", "sha256sum"]],
  ])("works: %s", async (_, programs) => {
    if (!requires(...programs)) return;
    const { exitCode, stderr } = await install({
      shell: ["/bin/sh"],
      env: { PATH: pathWith([...tools, ...programs]) },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test.skipIf(!requires("busybox"))("works: BusyBox alone", async () => {
    const folder = join(work, "busybox");
    mkdirSync(folder);
    const busybox = Bun.which("busybox")!;
    for (const program of [...tools, "wget", "sha256sum", "sysctl"]) symlinkSync(busybox, join(folder, program));
    // Its wget does not verify who answers.
    const alone = { shell: [busybox, "ash"], env: { PATH: folder } };
    const refused = await install(alone);
    expect(refused).toMatchObject({ exitCode: 1, bin: [] });
    expect(refused.stderr).toBe(
      "install.sh: This wget does not verify who answers. Install curl, or set VOUCH_VERSION and VOUCH_SHA256.\n",
    );
    const pinned = { ...alone.env, VOUCH_VERSION: version, VOUCH_SHA256: sha256 };
    const { exitCode, stdout, bin } = await install({ ...alone, env: pinned });
    expect({ exitCode, bin }).toEqual({ exitCode: 0, bin: ["vouch"] });
    expect(stdout).toContain("Verified: its SHA-256 is the one in VOUCH_SHA256.");
  });

  test.each([
    ["neither curl nor wget", ["sha256sum"], "It needs curl or wget."],
    ["no program for checksums", ["curl"], "It needs sha256sum, shasum or openssl to verify what it fetches."],
  ])("says what it needs where there is %s", async (_, programs, message) => {
    const { exitCode, stderr, bin } = await install({
      shell: ["/bin/sh"],
      env: { PATH: pathWith([...tools, ...programs]) },
    });
    expect({ exitCode, bin }).toEqual({ exitCode: 1, bin: [] });
    expect(stderr).toStartWith(`install.sh: ${message}\n`);
  });
});

describe.skipIf(!requiresDownloader())("the install script finds out the system", () => {
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
