/** The real gem and bundle through their shims: push, install, and projects that want the token. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ended, type Laptop, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { filesContaining } from "../disk.ts";
import { gemProject } from "../projects.ts";
import { type HostileListener, holdsToken, startHostileListener } from "../hostile/listener.ts";

const endpoint = `https://${names.packageHost}/ruby/${names.repository}/`;
const host = endpoint.slice(0, -1);

function write(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe.skipIf(!requires("gem", "bundle"))("gem and bundle", () => {
  let laptop: Laptop;
  let listener: HostileListener;
  let env: Record<string, string>;
  let count = 0;

  const newFolder = (files: Record<string, string>) => write(join(laptop.home, `project-${count++}`), files);
  const run = (cwd: string, command: string[], more: Record<string, string | undefined> = {}) =>
    laptop.run(command, { cwd, env: { ...env, ...more } });

  /** Bundler takes the proxy for http for every URL. */
  const throughListener = () => ({
    ...Object.fromEntries(
      ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].map((name) => [name, listener.url]),
    ),
    NO_PROXY: "",
    no_proxy: "",
  });

  /** Builds a gem and returns its folder; the file is `NAME-1.0.0.gem`. */
  async function build(name: string, more = "", files: Record<string, string> = {}): Promise<string> {
    const folder = gemProject(join(laptop.home, `project-${count++}`), name, more, files);
    await ended(run(folder, ["gem", "build", `${name}.gemspec`]));
    return folder;
  }

  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    await laptop.setUpRepository("--tool", "ruby");
    const folder = write(join(laptop.folder, "listener"), { ".keep": "" });
    listener = await startHostileListener({ folder, host: names.packageHost });
    env = { GEM_HOME: join(laptop.home, "gems"), BUNDLE_PATH: join(laptop.home, "bundle") };
    const gem = await build("my-gem");
    await ended(run(gem, ["gem", "push", "--host", endpoint, "my-gem-1.0.0.gem"]));
  });
  afterAll(async () => {
    await listener?.stop();
    await laptop?.stop();
  });
  beforeEach(() => void (listener.requests.length = 0));

  test("the repository refuses the real gem without the shim", async () => {
    const { exitCode, stderr } = await run(laptop.home, ["/usr/bin/env", "gem", "install", "my-gem"], {
      PATH: laptop.env["PATH"]!.replace(`${laptop.shims}:`, ""),
    });
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/401|Unauth/);
  });

  test("a gem that was pushed cannot be pushed again", async () => {
    const folder = await build("twice");
    await ended(run(folder, ["gem", "push", `--host=${host}`, "twice-1.0.0.gem"]));
    const { exitCode, stdout } = await run(folder, ["gem", "push", "--host", host, "twice-1.0.0.gem"]);
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining("Repushing")]);
  });

  test.each([
    [["gem", "install", "my-gem"]],
    [["gem", "i", "my-gem", "-v", "1.0.0"]],
    [["gem", "install", "my-gem", "--clear-sources", "--source", host]],
    [["gem", "install", "my-gem", "-s", endpoint]],
  ])("%j installs from the repository alone", async (command) => {
    const folder = newFolder({ "app.rb": 'require "my-gem"\nputs HELLO\n' });
    const own = { GEM_HOME: join(folder, "gems") };
    await ended(run(folder, [...command, "--no-document"], own));
    expect(await ended(run(folder, ["ruby", "app.rb"], own))).toBe("hello from my-gem\n");
    expect(laptop.sandbox.refused).toEqual([]);
  });

  test("what gem runs while it installs finds no token in its environment, and the one-shot file is empty", async () => {
    const seen = join(laptop.home, "seen-by-extconf");
    const extension = `File.write(${JSON.stringify(seen)}, ENV.map { |n, v| n + "=" + v }.join("\\n") + "\\n" + (Dir["/proc/{self,#{Process.ppid}}/fd/*"].map { |f| File.pipe?(f) && f.end_with?("0") ? (File.open(f, File::RDONLY | File::NONBLOCK).read rescue "") : "" }.join))\nFile.write("Makefile", "all:\\ninstall:\\nclean:\\n")\n`;
    const folder = await build("with-extension", 's.extensions = ["ext/extconf.rb"]', { "ext/extconf.rb": extension });
    await ended(run(folder, ["gem", "push", "--host", host, "with-extension-1.0.0.gem"]));
    await ended(run(folder, ["gem", "install", "with-extension", "--no-document"]));
    const text = readFileSync(seen, "utf8");
    expect(text).toMatch(/^GEMRC=.*\/proc\/self\/fd\/2\d\d$/m);
    expect(text).not.toContain("vouch-sandbox-token");
  });

  test("bundle install installs what the Gemfile names, and its lock file holds no token", async () => {
    const folder = newFolder({
      Gemfile: `source "${host}"\ngem "my-gem"\n`,
      "app.rb": 'require "my-gem"\nputs HELLO\nputs ENV.keys.grep(/^BUNDLE_HTTPS/).size\n',
    });
    await ended(run(folder, ["bundle", "install"]));
    expect(readFileSync(join(folder, "Gemfile.lock"), "utf8")).toContain(`remote: ${endpoint}`);
    // No token for the project's own programs.
    expect(await ended(run(folder, ["bundle", "exec", "ruby", "app.rb"]))).toBe("hello from my-gem\n0\n");
    await ended(run(folder, ["bundle", "update", "--all"]));
  });

  test("a Gemfile whose source is in a variable is served, too", async () => {
    const folder = newFolder({ Gemfile: 'source ENV.fetch("GEM_SOURCE")\ngem "my-gem"\n' });
    await ended(run(folder, ["bundle", "install"], { GEM_SOURCE: host }));
  });

  test("a project that names no repository gets no token", async () => {
    const printing = 'puts ENV.keys.grep(/^BUNDLE_HTTPS/).inspect\nsource "http://127.0.0.1:1"\n';
    const folder = newFolder({ Gemfile: printing });
    expect(await ended(run(folder, ["bundle", "install"]))).toContain("[]");
  });

  test.each([
    ["checks no certificates", () => 'BUNDLE_SSL_VERIFY_MODE: "0"\n'],
    ["trusts another authority", () => `BUNDLE_SSL_CA_CERT: "${listener.caPath}"\n`],
  ])("a project whose settings say that Bundler %s gets no token", async (_, settings) => {
    const folder = newFolder({
      Gemfile: `source "${host}"\ngem "my-gem"\n`,
      ".bundle/config": `---\n${settings()}`,
    });
    const { exitCode, stderr } = await run(folder, ["bundle", "install"], throughListener());
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("vouch: bundle gets no token here");
    expect(listener.requests.filter((request) => request.startsWith("TLS"))).not.toEqual([]);
    expect(listener.requests.filter(holdsToken)).toEqual([]);
  });

  test("settings beside a Gemfile that the project's settings name are looked at", async () => {
    const folder = newFolder({
      "app/.bundle/config": '---\nBUNDLE_GEMFILE: "../other/Gemfile"\n',
      "app/Gemfile": `source "${host}"\n`,
      "other/Gemfile": `source "${host}"\ngem "my-gem"\n`,
      "other/.bundle/config": '---\nBUNDLE_SSL_VERIFY_MODE: "0"\n',
    });
    const { stderr } = await run(join(folder, "app"), ["bundle", "install"], throughListener());
    expect(stderr).toContain("other/.bundle/config: BUNDLE_SSL_VERIFY_MODE");
    expect(listener.requests.filter(holdsToken)).toEqual([]);
  });

  const lock = (remote: string) =>
    `GEM\n  remote: ${remote}\n  specs:\n    my-gem (1.0.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  my-gem\n\nBUNDLED WITH\n   2.3.15\n`;
  const plain = `http://${names.packageHost}/ruby/${names.repository}/`;

  // The credentials are bound to scheme, host and path: none of these gets them from the real Bundler.
  test.each<[what: string, files: () => Record<string, string>]>([
    ["a source by plain http", () => ({ Gemfile: `source "${plain}"\ngem "my-gem"\n` })],
    [
      "a source at the same path of another host",
      () => ({ Gemfile: `# ${endpoint}\nsource "${listener.url}/ruby/my-repo/"\ngem "my-gem"\n` }),
    ],
    [
      "a mirror of the repository at another host",
      () => ({
        Gemfile: `source "${host}"\ngem "my-gem"\n`,
        ".bundle/config": `---\nBUNDLE_MIRROR__${endpoint.replaceAll(".", "__").replaceAll("-", "___").toUpperCase()}: "${listener.url}"\n`,
      }),
    ],
    [
      "a mirror of everything by plain http",
      () => ({
        Gemfile: `source "${host}"\ngem "my-gem"\n`,
        ".bundle/config": `---\nBUNDLE_MIRROR__ALL: "${plain}"\n`,
      }),
    ],
  ])("%s is asked without the token", async (_, files) => {
    await run(newFolder(files()), ["bundle", "install", "--retry", "0"], throughListener());
    expect(listener.requests).not.toEqual([]);
    expect(listener.requests.filter(holdsToken)).toEqual([]);
  });

  test.each<[what: string, remote: () => string]>([
    ["by plain http", () => plain],
    ["at another host", () => listener.url],
  ])("a lock file with a source %s leads Bundler nowhere: the Gemfile's is asked", async (_, remote) => {
    const files = { Gemfile: `source "${host}"\ngem "my-gem"\n`, "Gemfile.lock": lock(remote()) };
    await run(newFolder(files), ["bundle", "install", "--retry", "0"], throughListener());
    expect(listener.requests).toEqual([]);
  });

  test.each([
    ["allowed_push_host", "gem push goes where the gem's metadata says"],
    ["default_gem_server", "gem push has a default in the gem's metadata"],
  ])("a gem with %s in its metadata is pushed there without the token", async (key) => {
    const folder = await build("hostile", `s.metadata["${key}"] = "${listener.url}"`);
    for (const more of [{}, { RUBYGEMS_HOST: host }]) {
      await run(folder, ["gem", "push", "hostile-1.0.0.gem"], more);
      expect(listener.requests.filter(holdsToken)).toEqual([]);
    }
    const { stderr } = await run(folder, ["gem", "push", "hostile-1.0.0.gem"]);
    expect(stderr).toContain("vouch: no token for `gem push` without --host");
    expect(stderr).toContain(`\`gem push --host ${host} hostile-1.0.0.gem\``);
    const { exitCode } = await run(folder, [
      "gem",
      "push",
      "--host",
      `${listener.url}/ruby/my-repo`,
      "hostile-1.0.0.gem",
    ]);
    expect(exitCode).not.toBe(0);
    expect(listener.requests.filter(holdsToken)).toEqual([]);
  });

  test.each<[string, string[], string]>([
    ["shortened", ["--ho"], "--ho is a part of --host"],
    ["shortened with its value", ["--hos=LISTENER"], "--hos is a part of --host"],
    ["behind a file that trusts anybody", ["--config-file", "c.yml"], ":ssl_verify_mode in c.yml"],
    ["behind such a file in one word", ["--config-file=c.yml"], ":ssl_verify_mode in c.yml"],
  ])("another host %s gets no token by gem push, in words", async (_, more, words) => {
    const folder = await build("hostile", "", { "c.yml": ":ssl_verify_mode: 0\n" });
    const options = more.map((word) => word.replace("LISTENER", listener.url));
    if (more[0] === "--ho") options.push(listener.url);
    const push = ["gem", "push", "--host", host, ...options, "hostile-1.0.0.gem"];
    const { stderr } = await run(folder, push, throughListener());
    expect(stderr).toContain(words);
    expect(listener.requests.filter(holdsToken)).toEqual([]);
  });

  test("the sources of gem survive a rewriting by gem itself, and the removal puts back what was there", async () => {
    const gemrc = join(laptop.home, ".gemrc");
    await ended(laptop.vouch("setup", "codeartifact", "--remove", "--tool", "ruby"));
    const before = "---\n# mine\n:sources:\n- https://rubygems.org/\ngem: --no-document\n";
    writeFileSync(gemrc, before);
    await laptop.setUpRepository("--tool", "ruby");
    expect(await ended(run(laptop.home, ["gem", "sources", "--list"]))).toContain(`\n${endpoint}\n`);
    await ended(laptop.vouch("setup", "codeartifact", "--remove", "--tool", "ruby"));
    expect(readFileSync(gemrc, "utf8")).toBe(before);
    await laptop.setUpRepository("--tool", "ruby");
    await ended(run(laptop.home, ["gem", "sources", "--remove", endpoint]));
    await laptop.setUpRepository("--tool", "ruby");
    expect(await ended(run(laptop.home, ["gem", "sources", "--list"]))).toContain(`\n${endpoint}\n`);
  });

  test("no file holds a token", () => {
    expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
  });
});
