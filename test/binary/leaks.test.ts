/** `vouch doctor --leaks` as the executable does it, in a home folder with tokens that were left behind. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { lookAlikes, makeToken, tokenPlaces } from "../cli/commands/doctor/leaks/tokens.ts";
import { firstLine, type Laptop, startLaptop } from "../laptop.ts";

let laptop: Laptop;

beforeAll(async () => {
  laptop = await startLaptop();
});
afterAll(() => laptop.stop());

interface Report {
  ok: boolean;
  leaks: {
    place: string;
    path?: string;
    line?: number;
    pid?: number;
    name?: string;
    variable?: string;
    mayBeGood: boolean;
    expiration?: number;
    expirationBy: string;
  }[];
  searched: { files: number; processes: number };
}

/** The leaks of the laptop; other programs of the machine that runs the tests may have some, too. */
async function leaksIn(cwd = laptop.home): Promise<{ exitCode: number; report: Report; stdout: string }> {
  const { exitCode, stdout, stderr } = await laptop.run(["vouch", "doctor", "--leaks", "--json"], { cwd });
  expect(stderr).toBe("");
  return { exitCode, report: JSON.parse(stdout) as Report, stdout };
}

function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(laptop.home, path)), { recursive: true });
    writeFileSync(join(laptop.home, path), text);
  }
}

const token = makeToken();

test("the doctor names file and line of tokens in settings, histories, logs and projects, and shows none", async () => {
  plant({
    ".netrc": `machine example.com login aws password ${token}\n`,
    ".bash_history": `ls\nexport CODEARTIFACT_AUTH_TOKEN=${token}\n`,
    ".npm/_logs/a-debug-0.log": `verbose\nverbose\nverbose ${token}\n`,
    "project/.env": `TOKEN=${token}\n`,
    ".zsh_history": lookAlikes.map(([, text]) => text).join("\n"),
  });
  // By what npm takes for a token of that host.
  plant({ ".npmrc": "//d-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/r/:_authToken=SECRET\n" });
  const { exitCode, report, stdout } = await leaksIn(join(laptop.home, "project"));
  expect(exitCode).toBe(1);
  expect(report.ok).toBe(false);
  const found = report.leaks.filter(({ place }) => place === "file");
  expect(found.map(({ path, line }) => `${path!.slice(laptop.home.length + 1)}:${line}`).toSorted()).toEqual([
    ".bash_history:2",
    ".netrc:1",
    ".npm/_logs/a-debug-0.log:3",
    ".npmrc:1",
    "project/.env:1",
  ]);
  const text = await laptop.run(["vouch", "doctor", "--leaks"], { cwd: join(laptop.home, "project") });
  expect(text.exitCode).toBe(1);
  expect(text.stdout).toContain(".bash_history:2: a token, good until");
  expect(text.stdout).not.toContain("\x1b");
  expect(text.stderr).toBe("");
  expect(text.stdout + stdout).not.toMatch(/eyJ|SECRET/);
  rmSync(join(laptop.home, ".npmrc"));
});

test("the doctor finds a token in each place where one is left behind, and nothing in what looks like one", async () => {
  const home = join(laptop.folder, "other-home");
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const other = lookAlikes.map(([, text]) => `${text}\n`).join("");
  const line = lookAlikes.length + 1;
  for (const path of tokenPlaces) write(path, `${other}${token}\n`);
  for (const path of [".profile", "project/notes.txt", ".node_repl_history"]) write(path, other);
  // Other variables of the laptop name places in its own home folder.
  const env = Object.fromEntries(Object.keys(laptop.env).map((name) => [name, undefined]));
  const { PATH, VOUCH_RUNTIME_DIR } = laptop.env;
  const { stdout } = await laptop.run(["vouch", "doctor", "--leaks", "--json"], {
    cwd: join(home, "project"),
    env: { ...env, PATH, VOUCH_RUNTIME_DIR, HOME: home },
  });
  const found = (JSON.parse(stdout) as Report).leaks.flatMap(({ path, line: its }) =>
    path === undefined ? [] : `${path.slice(home.length + 1)}:${its}`,
  );
  expect(found.toSorted()).toEqual(tokenPlaces.map((path) => `${path}:${line}`).toSorted());
});

test.skipIf(process.platform !== "linux")(
  "the doctor names the process and the variable that has a token",
  async () => {
    const child = Bun.spawn(["sh", "-c", "echo ready; read line"], {
      env: { ...laptop.env, PLANTED_TOKEN: token },
      stdio: ["pipe", "pipe", "ignore"],
    });
    try {
      await firstLine(child.stdout);
      const { exitCode, report } = await leaksIn();
      expect(exitCode).toBe(1);
      expect(report.leaks.find(({ pid }) => pid === child.pid)).toMatchObject({
        place: "process",
        name: "sh",
        variable: "PLANTED_TOKEN",
        mayBeGood: true,
        expirationBy: "nothing",
      });
    } finally {
      child.kill();
      await child.exited;
    }
  },
);

test("looking changes no file", async () => {
  const before = readFileSync(join(laptop.home, ".netrc"), "utf8");
  await leaksIn();
  expect(readFileSync(join(laptop.home, ".netrc"), "utf8")).toBe(before);
});

test("--fix shows every line and asks, --undo gives the lines back without the token", async () => {
  const npmrc = `\ufeffa=b\r\n//example.com/:_authToken=${token}\r\nlast=é`;
  const history = `ls\nexport A=${token}\ncurl -H 'Bearer ${token}'\n`;
  plant({ "real/npmrc": npmrc, ".zsh_history": history });
  for (const path of [".netrc", ".bash_history", ".npm", "project"])
    rmSync(join(laptop.home, path), { recursive: true });
  symlinkSync("real/npmrc", join(laptop.home, ".npmrc"));
  chmodSync(join(laptop.home, "real/npmrc"), 0o640);
  const { screen } = await laptop.atTerminal(["doctor", "--leaks", "--fix"], async ({ see, type }) => {
    await see("Remove this token? [y/N]");
    type("y\r");
    await see("export A=***");
    type("\r");
    await see("curl -H 'Bearer ***'");
    type("y\r");
  });
  expect(screen).not.toContain("eyJ");
  expect(screen).toContain("Removed is not ended");
  const read = (path: string): string => readFileSync(join(laptop.home, path), "utf8");
  const line = "//example.com/:_authToken=removed-by-vouch";
  const undone = `\ufeffa=b\r\n${line}\r\nlast=é`;
  expect(read("real/npmrc")).toBe(undone.replace(line, `# vouch removed a token: ${line}`));
  expect(read(".zsh_history")).toBe(`ls\nexport A=${token}\ncurl -H 'Bearer removed-by-vouch'\n`);
  await laptop.atTerminal(["doctor", "--leaks", "--undo"], async ({ see, type }) => {
    await see("Put this line in force again? [y/N]");
    type("y\r");
  });
  expect(read("real/npmrc")).toBe(undone);
  expect(readlinkSync(join(laptop.home, ".npmrc"))).toBe("real/npmrc");
  expect(statSync(join(laptop.home, "real/npmrc")).mode & 0o777).toBe(0o640);
  rmSync(join(laptop.home, ".zsh_history"));
});

test.skipIf(process.platform !== "linux")(
  "--fix without a terminal changes nothing, and flags that do not go together are refused",
  async () => {
    plant({ ".netrc": `machine example.com login aws password ${token}\n` });
    const before = readFileSync(join(laptop.home, ".netrc"), "utf8");
    const { exitCode } = await laptop.run(["setsid", "vouch", "doctor", "--leaks", "--fix"]);
    expect(exitCode).toBe(2);
    expect(readFileSync(join(laptop.home, ".netrc"), "utf8")).toBe(before);
    for (const flags of [["--leaks", "--fix", "--json"], ["--leaks", "--fix", "--undo"], ["--undo"]])
      expect((await laptop.vouch("doctor", ...flags)).exitCode).toBe(2);
    rmSync(join(laptop.home, ".netrc"));
  },
);

test("the agent says of a token that it has given out when it ends, after logout, too", async () => {
  await laptop.getReady();
  const { stdout } = await laptop.vouch("credential", "codeartifact", "--json");
  const given = (JSON.parse(stdout) as { token: string }).token;
  expect(given).toContain("vouch-sandbox-token");
  plant({ ".pypirc": `[other]\nrepository = https://example.com/\npassword = ${given}\n` });
  const inPypirc = ({ report }: Awaited<ReturnType<typeof leaksIn>>): Report["leaks"][number] | undefined =>
    report.leaks.find(({ path }) => path === join(laptop.home, ".pypirc"));
  const found = inPypirc(await leaksIn());
  expect(found).toMatchObject({ line: 3, mayBeGood: true, expirationBy: "agent" });
  expect((await laptop.vouch("logout")).exitCode).toBe(0);
  expect(inPypirc(await leaksIn())).toEqual(found);
});
