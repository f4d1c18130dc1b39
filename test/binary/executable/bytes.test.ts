/** Words and variables that are not UTF-8: what vouch becomes gets the bytes that vouch was given. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, type Laptop, registryName, startLaptop } from "../../laptop.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";

let laptop: Laptop;
let programs: string;

/** Prints its words, then its variables, each ended by a zero byte; `cat` by its path, so that PATH may be anything. */
const reveal = "printf '%s\\0' \"$@\"\nexec /bin/cat /proc/self/environ\n";
/** As an npm to come, which gets its token by variables, says which one it is. */
const says = "[ \"$1 $2\" = 'config get' ] && exec printf 'globalconfig=/nowhere\\nnpm-version=13.0.0\\n'\n";

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady("--registry-name", registryName);
  programs = join(laptop.folder, "programs");
  mkdirSync(programs);
  writeFileSync(join(programs, "npm"), `#!/bin/sh\n${says}${reveal}`, { mode: 0o755 });
  writeFileSync(join(programs, "reveal"), `#!/bin/sh\n${reveal}`, { mode: 0o755 });
});
afterAll(async () => laptop?.stop());

/** A shell makes the bytes: a word that begins with 0xff, one with half a character, an empty one, and a variable. */
const words = `"$(printf '\\377a')" é "$(printf '\\342\\202')" -- ''`;
const expected = ["\xffa", "\xc3\xa9", "\xe2\x82", "--", ""];

async function entries(command: string): Promise<string[]> {
  const script = `ODD="$(printf 'v\\376')" GONE=x exec ${command} ${words}`;
  const child = Bun.spawn(["/bin/sh", "-c", script], {
    cwd: laptop.home,
    env: { ...laptop.env, PATH: laptop.env["PATH"]!.replace(laptop.shims, `${laptop.shims}:${programs}`) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = Buffer.from(await new Response(child.stdout).arrayBuffer()).toString("latin1");
  expect(await child.exited).toBe(0);
  return output.split("\0");
}

test.each([
  ["vouch exec, its quick side", "vouch exec -- reveal", []],
  ["vouch exec with a path", "vouch exec -- $(command -v reveal)", []],
  ["the shim npm without a token", "npm run", ["run"]],
  ["the shim npm with a token", "npm install", ["install"]],
  ["vouch exec of npm", "vouch exec -- npm install", ["install"]],
])("arguments and variables keep their bytes through %s", async (_, command, first) => {
  const found = await entries(command);
  expect(found.slice(0, first.length + expected.length)).toEqual([...first, ...expected]);
  expect(found).toContain("ODD=v\xfe");
  expect(found).toContain("GONE=x");
  // (This shell drops npm's variables, whose names it cannot have; ours of the random name are left.)
  expect(found.some((entry) => /^VOUCH_[0-9a-f]{32}_0=/.test(entry))).toBe(!command.includes("run"));
});

test("a program that names no interpreter is run as a script, as by a shell", async () => {
  writeFileSync(join(programs, "plain"), 'echo "plain $1"\n', { mode: 0o755 });
  const { stdout } = await laptop.run(["vouch", "exec", "--", join(programs, "plain"), "script"]);
  expect(stdout).toBe("plain script\n");
});

// As root every file in /proc can be read; an ordinary user's process that cannot be traced may not read all of its own.
test.skipIf(process.getuid!() !== 0 || !requires("setpriv"))("an ordinary user's bytes are passed on by a shim", () => {
  using folder = tempFolder("/tmp");
  chmodSync(folder.path, 0o755);
  for (const name of ["shims", "real"]) mkdirSync(join(folder.path, name));
  copyFileSync(executable, join(folder.path, "vouch"));
  symlinkSync("../vouch", join(folder.path, "shims/npm"));
  writeFileSync(join(folder.path, "real/npm"), `#!/bin/sh\n${reveal}`, { mode: 0o755 });
  const script = `ODD="$(printf 'v\\376')" exec setpriv --reuid 65534 --regid 65534 --clear-groups npm run ${words}`;
  const env = { PATH: `${folder.path}/shims:${folder.path}/real:/usr/bin:/bin`, HOME: folder.path };
  const { stdout, stderr } = Bun.spawnSync(["/bin/sh", "-c", script], { cwd: folder.path, env });
  const found = stdout.toString("latin1").split("\0");
  expect(stderr.toString()).toBe("");
  expect(found.slice(0, expected.length + 1)).toEqual(["run", ...expected]);
  expect(found).toContain("ODD=v\xfe");
});

test.each(["vouch exec", "vouch exec --", "PIP_INDEX_URL=https://x.example/ vouch exec --", "npm run"])(
  "%s ignores no signal for what it becomes",
  async (command) => {
    writeFileSync(join(programs, "npm"), "#!/bin/sh\nexec /bin/cat /proc/self/status\n", { mode: 0o755 });
    const shown = command.startsWith("npm") ? "" : "/bin/cat /proc/self/status";
    const { stdout } = await laptop.run(["/bin/sh", "-c", `${command} ${shown}`], {
      env: { PATH: laptop.env["PATH"]!.replace(laptop.shims, `${laptop.shims}:${programs}`) },
    });
    expect(stdout).toMatch(/^SigIgn:\s+0+$/m);
  },
);

test.each(["vouch exec", "vouch exec --"])("%s of a path that is not there ends with 127", async (command) => {
  const { exitCode, stderr } = await laptop.run([...command.split(" "), "/no/such/program"]);
  expect(exitCode).toBe(127);
  expect(stderr).toContain("There is no /no/such/program.");
});
