/** The key of `gem push`: in a pipe that is empty for whatever gem loads or starts, and in no environment. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ended, type Laptop, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { names } from "../../sandbox/main.ts";
import { filesContaining } from "../disk.ts";
import { type HostileListener, holdsToken, startHostileListener } from "../hostile/listener.ts";
import { gemProject } from "../projects.ts";

const host = `https://${names.packageHost}/ruby/${names.repository}`;

describe.skipIf(!requires("gem"))("gem push", () => {
  let laptop: Laptop;
  let listener: HostileListener;
  let env: Record<string, string>;
  let seen: string;
  let plugin: string;
  let count = 0;

  const push = async (more: string[] = [], variables: Record<string, string> = {}, to = host) => {
    const name = `pushed-${++count}`;
    const cwd = gemProject(join(laptop.home, name), name, "", {});
    await ended(laptop.run(["gem", "build", `${name}.gemspec`], { cwd, env }));
    const command = ["gem", "push", "--host", to, ...more, `${name}-1.0.0.gem`];
    return laptop.run(command, { cwd, env: { ...env, ...variables } });
  };

  beforeAll(async () => {
    laptop = await startLaptop();
    await laptop.getReady();
    await laptop.setUpRepository("--tool", "ruby");
    const folder = join(laptop.folder, "listener");
    mkdirSync(folder);
    listener = await startHostileListener({ folder, host: names.packageHost });
    env = { GEM_HOME: join(laptop.home, "gems"), REAL_GEM: Bun.which("gem")! };
    seen = join(laptop.folder, "seen");
    // Where a gem's own plugin is put when it is installed.
    plugin = join(laptop.home, "gems/plugins/spy_plugin.rb");
    mkdirSync(dirname(plugin), { recursive: true });
  });
  afterAll(async () => {
    await listener?.stop();
    await laptop?.stop();
  });

  test.skipIf(process.platform !== "linux")(
    "what gem loads and starts finds no token, and another gem cannot push by what it has inherited",
    async () => {
      writeFileSync(
        plugin,
        `unless ENV["SPY"]
  ENV["SPY"] = "1"
  read = lambda { |path| File.open(path, File::RDONLY | File::NONBLOCK) { |f| f.read } rescue "" }
  found = read.call("/proc/self/environ") + read.call("/proc/self/cmdline")
  found += \`cat /proc/self/environ /proc/#{$$}/environ\`
  found = found.tr("\\0", "\\n")
  Dir["/proc/self/fd/*"].each { |fd| found += read.call(fd) if File.pipe?(fd) && fd =~ /2\\d\\d$/ }
  found += read.call(ENV["VOUCH_GEM"].to_s.split(" ").last.to_s)
  nested = IO.popen([ENV["REAL_GEM"], *ARGV], err: [:child, :out]) { |io| io.read }
  File.write(${JSON.stringify(seen)}, found + "nested: #{$?.exitstatus} " + nested)
end
`,
      );
      try {
        const { exitCode, stdout, stderr } = await push();
        expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      } finally {
        rmSync(plugin);
      }
      const text = readFileSync(seen, "utf8");
      expect(text.match(/^VOUCH_GEM=https:\S+ \/proc\/self\/fd\/2\d\d$/gm)).toHaveLength(3);
      expect(text).not.toContain("vouch-sandbox-token");
      expect(text).toMatch(/nested: 1 .*vouch: the key to push with can be read once/s);
      expect(filesContaining(laptop.folder, /vouch-sandbox-token/)).toEqual([]);
    },
    60_000,
  );

  test("goes by Vouch's key beside an empty one, and beside keys of the person's own", async () => {
    const file = join(laptop.home, ".gem/credentials");
    mkdirSync(dirname(file), { recursive: true });
    // A mode that gem refuses to read: this push needs none of it.
    writeFileSync(file, `---\n:rubygems_api_key: mine\n:other: mine\n"${host}": mine\n`, { mode: 0o644 });
    chmodSync(file, 0o644);
    try {
      for (const [more, variables] of [
        [[], {}],
        [["--key", "other"], {}],
        [[], { GEM_HOST_API_KEY: "", RUBYLIB: "/nowhere" }],
      ] as [string[], Record<string, string>][]) {
        const { exitCode, stdout, stderr } = await push(more, variables);
        expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
      }
    } finally {
      rmSync(file);
    }
  });

  test("gets no key where another option names another host", async () => {
    const elsewhere = `${listener.url}/ruby/my-repo`;
    await push(["--host", elsewhere]);
    expect(listener.requests).not.toEqual([]);
    expect(listener.requests.filter(holdsToken)).toEqual([]);
  });
});
