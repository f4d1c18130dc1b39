import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { type ArchivedFiles, tarGz } from "../../build/archive.ts";
import { writeRelease } from "../../build/release.ts";
import { targetNamed } from "../../build/targets.ts";
import { host, metafile, releaseHost, source, version } from "../build/release.ts";
import { requires, requiresDownloader } from "../requires.ts";
import { script, startInstaller, tools } from "./install-script.ts";
import { serveRelease } from "./release-server.ts";

const { work, server, install, pathWith, stop } = await startInstaller();
afterAll(stop);

const archive = `vouch-${version}-${host.name}.tar.gz`;
const nothing = { exitCode: 1, bin: [] };

const fetching = test.skipIf(!requiresDownloader());
const shells = [["dash"], ["bash"], ["busybox", "ash"]].filter(([program]) => requires(program!));
describe.each(shells.map((words) => [words.join(" "), words] as const))("in %s the install script", (_, words) => {
  fetching("installs one that runs, for the user alone", async () => {
    const { exitCode, stdout, stderr, bin, home } = await install({ shell: words });
    expect({ exitCode, stderr, bin }).toEqual({ exitCode: 0, stderr: "", bin: ["vouch"] });
    const vouch = join(home, ".local/bin/vouch");
    expect(stdout).toContain(`Installed vouch ${version} as ${vouch}.`);
    expect(stdout).toContain(`export PATH="${home}/.local/bin:$PATH"`);
    expect(Bun.spawnSync([vouch, "--version"]).stdout.toString()).toBe(`vouch ${version}\n`);
  });

  fetching("installs nothing, and leaves nothing, where the archive is not what SHA256SUMS says", async () => {
    server.corrupt(archive);
    const { stderr, ...rest } = await install({ shell: words });
    expect(rest).toMatchObject(nothing);
    expect(stderr).toContain(`${archive} is not what SHA256SUMS says`);
  });

  fetching("removes what a killed run has left, and nothing else", async () => {
    const programs = [...tools, "sh", "curl", "wget", "sha256sum"];
    const killing = { PATH: pathWith(programs, { tar: "kill -9 $PPID" }) };
    const first = await install({ shell: ["/bin/sh"], env: killing });
    expect(first.exitCode).toBe(137);
    expect(first.bin).toEqual([expect.stringMatching(/^\.vouch-install\.\d+\.\w{6}$/)]);
    const { home } = first;
    const bin = join(home, ".local/bin");
    const kept = [`.vouch-install.${process.pid}.abcdef`, ".vouch-install.abcdef", ".vouch-installer"];
    for (const name of kept) mkdirSync(join(bin, name));
    symlinkSync(work, join(bin, first.bin[0]!.replace(/\w{6}$/, "link12")));
    const second = await install({ shell: words, home });
    expect(second).toMatchObject({ exitCode: 0, stderr: "" });
    expect(second.bin.toSorted()).toEqual([...kept, first.bin[0]!.replace(/\w{6}$/, "link12"), "vouch"].toSorted());
    const old = new Date(Date.now() - 49 * 60 * 60 * 1000);
    for (const name of kept) utimesSync(join(bin, name), old, old);
    const third = await install({ shell: words, home });
    expect(kept.filter((name) => third.bin.includes(name))).toEqual([".vouch-installer"]);
    expect(existsSync(join(work, "release"))).toBe(true);
  });

  fetching("names an archive that is missing", async () => {
    server.hide(archive);
    const { stderr, ...rest } = await install({ shell: words });
    expect(rest).toMatchObject(nothing);
    expect(stderr).toContain(`Cannot fetch ${server.url}/${archive}.`);
  });
});

fetching(
  "the install script brings this machine's executable, which runs",
  async () => {
    await releaseHost(join(work, "real"));
    const real = serveRelease(join(work, "real"));
    const { exitCode, home } = await install({ env: { VOUCH_DOWNLOAD_URL: real.url } });
    real.stop();
    expect(exitCode).toBe(0);
    const { stdout } = Bun.spawnSync([join(home, ".local/bin/vouch"), "agent", "status"], {
      env: { VOUCH_RUNTIME_DIR: join(home, "run") },
    });
    expect(stdout.toString()).toContain("No agent is running.");
  },
  60_000,
);

describe("an executable that does not run is not installed", () => {
  const broken = join(work, "broken");
  writeFileSync(broken, "#!/bin/sh\necho 'Error loading shared library' >&2\necho 'and more' >&2\nexit 127\n");

  fetching.each([
    ["linux-x64-musl", "vouch does not run here. Install what it needs with `apk add libstdc++` and run this again."],
    ["linux-x64", "vouch for linux-x64 does not run here."],
  ])("and the reason is given for %s", async (name, message) => {
    await writeRelease(join(work, name), source, [{ target: targetNamed(name), executable: broken, metafile }]);
    const other = serveRelease(join(work, name));
    const { stderr, ...rest } = await install({ env: { VOUCH_DOWNLOAD_URL: other.url, VOUCH_TARGET: name } });
    other.stop();
    expect(rest).toMatchObject(nothing);
    expect(stderr).toBe(`Error loading shared library\ninstall.sh: ${message}\n`);
  });
});

test("a script that was cut off anywhere changes nothing", async () => {
  for (let length = 1; length < script.length - 12; length += 97) {
    const { stdout, bin, home } = await install({ text: script.slice(0, length), home: join(work, "partial") });
    expect({ stdout, bin, home: readdirSync(home) }).toEqual({ stdout: "", bin: [], home: [] });
  }
});

fetching("without a list of checksums nothing is installed", async () => {
  server.hide("SHA256SUMS");
  expect(await install()).toMatchObject({
    ...nothing,
    stderr: expect.stringContaining(`Cannot fetch ${server.url}/SHA256SUMS.`),
  });
});

fetching("a list of checksums without this system's archive is reported", async () => {
  const { stderr, ...rest } = await install({ env: { VOUCH_TARGET: "linux-sparc" } });
  expect(rest).toMatchObject(nothing);
  expect(stderr).toBe(`install.sh: ${server.url} has no vouch for linux-sparc.\n`);
});

fetching(
  "installing again replaces the executable in one step, and a failure leaves the one that was there",
  async () => {
    const { home } = await install();
    const vouch = join(home, ".local/bin/vouch");
    const before = statSync(vouch).ino;
    expect((await install({ home })).exitCode).toBe(0);
    expect(statSync(vouch).ino).not.toBe(before);
    server.corrupt(archive);
    const { exitCode, bin } = await install({ home });
    expect({ exitCode, bin }).toEqual({ exitCode: 1, bin: ["vouch"] });
    expect(Bun.spawnSync([vouch, "--version"]).exitCode).toBe(0);
  },
);

fetching("VOUCH_INSTALL_DIR says where to install, and a folder on PATH is not commented on", async () => {
  const { home } = await install({ home: join(work, "elsewhere") });
  const folder = join(work, "a folder/bin");
  const { stdout, exitCode } = await install({
    home,
    env: { VOUCH_INSTALL_DIR: folder, PATH: `${folder}:${process.env["PATH"]}` },
  });
  expect({ exitCode, there: readdirSync(folder) }).toEqual({ exitCode: 0, there: ["vouch"] });
  expect(stdout).not.toContain("export PATH");
});

describe("the manual page and the completions of the archive", () => {
  const folder = join(work, "with-documentation");
  const places = {
    "man/vouch.1": "man/man1/vouch.1",
    "completions/vouch.bash": "bash-completion/completions/vouch",
    "completions/_vouch": "zsh/site-functions/_vouch",
    "completions/vouch.fish": "fish/vendor_completions.d/vouch.fish",
  };
  const base = archive.replace(".tar.gz", "");
  const files: ArchivedFiles = { [`${base}/vouch`]: { data: Buffer.from("#!/bin/sh\n"), executable: true } };
  for (const name of Object.keys(places)) files[`${base}/${name}`] = { data: Buffer.from(name) };
  const data = tarGz(files, source.time);
  mkdirSync(folder);
  writeFileSync(join(folder, archive), data);
  const sum = new Bun.CryptoHasher("sha256").update(data).digest("hex");
  writeFileSync(join(folder, "SHA256SUMS"), `${sum}  ${archive}\n`);
  const documented = serveRelease(folder);
  afterAll(documented.stop);

  fetching("go where man and the shells look", async () => {
    const { exitCode, home } = await install({ env: { VOUCH_DOWNLOAD_URL: documented.url } });
    expect(exitCode).toBe(0);
    for (const [name, place] of Object.entries(places)) {
      expect(readFileSync(join(home, ".local/share", place), "utf8")).toBe(name);
    }
  });

  fetching("are left out where the folder is not called bin", async () => {
    const programs = join(work, "programs");
    const env = { VOUCH_DOWNLOAD_URL: documented.url, VOUCH_INSTALL_DIR: programs };
    const { exitCode, home } = await install({ env });
    expect({ exitCode, there: readdirSync(programs), home: readdirSync(home) }).toEqual({
      exitCode: 0,
      there: ["vouch"],
      home: [],
    });
  });

  fetching("are left out where they cannot be written, which is no failure", async () => {
    const home = join(work, "share-is-a-file");
    mkdirSync(join(home, ".local"), { recursive: true });
    writeFileSync(join(home, ".local/share"), "");
    const { exitCode, stdout, bin } = await install({ home, env: { VOUCH_DOWNLOAD_URL: documented.url } });
    expect({ exitCode, bin }).toEqual({ exitCode: 0, bin: ["vouch"] });
    expect(stdout).toContain(`Cannot write ${home}/.local/share/man/man1/vouch.1; vouch works without it.`);
  });
});

fetching("a place that the install script cannot write to is named", async () => {
  const home = join(work, "no-folder");
  mkdirSync(home);
  writeFileSync(join(home, ".local"), "a file");
  const { stderr, exitCode } = await install({ home });
  expect({ stderr, exitCode }).toEqual({
    stderr: `install.sh: Cannot make ${home}/.local/bin. Set VOUCH_INSTALL_DIR to a folder of yours.\n`,
    exitCode: 1,
  });
});

test.skipIf(process.getuid?.() !== 0 || !requires("setpriv"))(
  "a folder that is read-only is named, and the variable for another",
  async () => {
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
  },
);

test("the install script with neither HOME nor a folder names the variable that it needs", async () => {
  expect(await install({ env: { HOME: "" } })).toMatchObject({
    exitCode: 1,
    stderr: "install.sh: HOME is not set. Set VOUCH_INSTALL_DIR to the folder for the executable.\n",
  });
});

test("the install script fetches from the project's own repository", () => {
  const { url } = packageJson.repository;
  expect(script).toContain(`\nrepository=${url.replace(/^git\+|\.git$/g, "")}\n`);
});
