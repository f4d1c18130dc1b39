/** What the executable finds around itself when it starts: outputs that take nothing, inputs that give nothing, limits. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { until } from "../../agent/harness.ts";
import { cargoGet, executable } from "../../laptop.ts";
import { requiresCompiler, requiresMountNamespace } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";

const onLinux = process.platform === "linux";
const temporary = tempFolder("/tmp");
const folder = temporary.path;
const home = join(folder, "home");
const settings = join(home, ".config/vouch/config.json");
const url = "https://d-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/r/simple/";
let agent: Bun.UnixSocketListener<undefined>;

/** How many of the agent's variables a process got: a shell passes none on whose name it could not have written. */
/** As an npm to come, which gets its token by variables. */
const saysVersion = "[ \"$1 $2\" = 'config get' ] && exec printf 'globalconfig=/nowhere\\nnpm-version=13.0.0\\n'\n";
const countVariables = "tr '\\0' '\\n' </proc/$$/environ | grep -c '^p*npm_config_//'";

/** Answers as an agent does, with a token that is as long as a real one. */
const token = "t".repeat(1200);
const replies: Record<string, object> = {
  "/v1/token": { token, expiration: 1_900_000_000, endpoint: url },
  "/v1/cargo": {
    Ok: { kind: "get", token, cache: "expires", expiration: 1_900_000_000, operation_independent: true },
  },
  "/v1/role-credentials": { accessKeyId: "A", secretAccessKey: "S" },
  "/v1/status": { version: "1", pid: 1, startedAt: 1, repositories: [] },
};

beforeAll(() => {
  for (const name of ["run", "shims", "bin", "home/.config/vouch"]) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  }
  for (const name of ["keyring", "npm", "pnpm"]) symlinkSync(executable, join(folder, "shims", name));
  for (const name of ["npm", "pnpm"]) {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${saysVersion}${countVariables}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  }
  agent = Bun.listen({
    unix: join(folder, "run/agent.sock"),
    socket: {
      data(socket, request) {
        const body = JSON.stringify(replies[request.toString().split(" ")[1]!] ?? {}).replaceAll("\u001b", "\\u001b");
        socket.write(`HTTP/1.1 200 \r\nvouch-protocol: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        socket.end();
      },
    },
  });
});
afterAll(() => {
  agent.stop(true);
  temporary[Symbol.dispose]();
});

/** Runs a line of a shell, with `$V` for the executable. */
async function shell(line: string, env: Record<string, string> = {}) {
  const child = Bun.spawn(["/bin/bash", "-c", line], {
    cwd: folder,
    env: {
      PATH: `${join(folder, "shims")}:${join(folder, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: home,
      VOUCH_RUNTIME_DIR: join(folder, "run"),
      NO_COLOR: "1",
      V: executable,
      URL: url,
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

const ask = `printf '%s' '${cargoGet().trimEnd()}\n'`;

describe.skipIf(!onLinux)("a stdout that takes nothing ends a command with an error in one sentence", () => {
  const forPeople = [
    "$V --version",
    "$V --help",
    "$V status --json",
    "$V completions bash",
    "$V server invite x@example.com --database sqlite:/dev/null/none --help",
  ];
  const forPrograms = [
    "$V credential codeartifact",
    "$V credential codeartifact --json",
    "$V credential aws",
    "keyring get $URL aws",
    "keyring --mode=creds --output=json get $URL aws",
    "keyring get $URL --mode creds",
    "$V --cargo-plugin </dev/null",
  ];
  const commands = [...forPeople, ...forPrograms];
  // Both ends are opened, then the reading one is closed.
  const unread = async (command: string) => {
    const pipe = join(folder, `pipe-${Math.random()}`);
    return shell(`mkfifo ${pipe}; exec 3<>${pipe}; exec 4>${pipe}; exec 3<&-; ${command} >&4 4>&-`);
  };
  const outputs = [
    ["full", ">/dev/full", "ENOSPC"],
    ["closed", ">&-", "EBADF"],
  ] as const;
  for (const [name, direction, code] of outputs) {
    test.each(commands)(`${name}: %s`, async (command) => {
      const { exitCode, stderr } = await shell(`${command} ${direction}`);
      expect(stderr).toMatch(new RegExp(`^(vouch|error): [^\\n]* cannot be written[^\\n]* \\(${code}\\)\\.[^]*$`));
      expect(stderr.split("\n").length).toBeLessThanOrEqual(3);
      expect(exitCode).toBe(1);
    });
  }

  test.each(forPrograms)("when it is a pipe that nobody reads: %s", async (command) => {
    const { exitCode, stderr } = await unread(command);
    expect(stderr).toMatch(/^(vouch|error): [^\n]* cannot be written[^\n]* \(EPIPE\)\./);
    expect(exitCode).toBe(1);
  });

  test.each(forPeople)("but what is for people ends quietly when nobody reads it: %s", async (command) => {
    const { exitCode, stderr } = await unread(command);
    expect(stderr).toBe("");
    expect(exitCode).toBe((await shell(`${command} >/dev/null`)).exitCode);
  });

  test("but not when it is /dev/null, however it was opened", async () => {
    for (const how of [">/dev/null", "1<>/dev/null"]) {
      for (const command of commands.filter((line) => !line.includes("status")))
        expect(await shell(`${command} ${how}`)).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  test("and with 1 when it is Cargo's, greeting or not", async () => {
    const { exitCode, stderr } = await shell(`${ask} | $V --cargo-plugin >/dev/full`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("cannot be written");
  });

  test("but not when it is a non-blocking pipe that is full, which loses nothing", async () => {
    const { stdout } = await shell(
      `python3 -c '
import fcntl, os, subprocess, time
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
n = 0
try:
    while True: n += os.write(w, b"." * 4096)
except BlockingIOError: pass
children = [subprocess.Popen(c, stdout=w, shell=True) for c in ("keyring get $URL aws", "$V completions bash")]
os.close(w)
text = b""
while True:
    time.sleep(0.002)
    part = os.read(r, 512)
    if not part: break
    text += part
print(len(text) - n, [c.wait() for c in children])'`,
    );
    const script = (await shell("$V completions bash")).stdout;
    expect(stdout.trim()).toBe(`${token.length + 1 + script.length} [0, 0]`);
  });
});

describe.skipIf(!onLinux)("a stdin that cannot be read is reported in one sentence", () => {
  test.each([
    ["a folder", "</", 1, /^vouch: Stdin cannot be read \(EISDIR\)\. [^\n]+\n$/],
    ["not open for reading", `0>${folder}/written`, 1, /^vouch: Stdin cannot be read \(EBADF\)\. [^\n]+\n$/],
    // Nothing is asked: the runtime has put /dev/null in its place.
    ["closed", "<&-", 0, /^$/],
  ])("by Cargo's provider: %s", async (_, how, expected, words) => {
    const { exitCode, stdout, stderr } = await shell(`$V --cargo-plugin ${how}`);
    expect(stdout).toBe('{"v":[1]}\n');
    expect(stderr).toMatch(words);
    expect(exitCode).toBe(expected);
  });

  test.each([
    ["a folder", "</", 1, "error: Stdin cannot be read (EISDIR)."],
    ["closed", "<&-", 2, "error: No code came on stdin"],
  ])("by a command that reads an enrolment code: %s", async (_, how, expected, words) => {
    const { exitCode, stderr } = await shell(`$V enroll --server https://127.0.0.1:1 ${how}`);
    expect(stderr).toStartWith(words);
    expect(stderr).not.toContain("a fault in Vouch");
    expect(exitCode).toBe(expected);
  });
});

describe.skipIf(!onLinux)("a path that leads to no regular file is reported at once", () => {
  const commands = [
    ["status", "$V status"],
    [
      "setup",
      "$V setup codeartifact --dry-run --domain d-d --repository rr --region us-east-1 --domain-owner 123456789012",
    ],
  ] as const;
  test.each(commands)("when the settings are a named pipe: %s", async (_, command) => {
    const { exitCode, stderr } = await shell(`mkfifo ${settings}; ${command}; code=$?; rm ${settings}; exit $code`);
    expect(stderr).toContain(`${settings} cannot be read: it is not a regular file.`);
    expect(exitCode).toBe(1);
  });

  test.each([
    ["/dev/zero", "it is not a regular file"],
    ["/proc/self/mem", "EIO"],
    ["/", "it is (not a regular file|a folder)"],
  ])("when the settings are %s", async (path, why) => {
    const { exitCode, stderr } = await shell("$V status", { VOUCH_CONFIG: path });
    expect(stderr).toMatch(new RegExp(`^error: The settings ${path} cannot be read: ${why}\\.`));
    expect(exitCode).toBe(1);
  });

  test("when the CA bundle or the token file of a job is a named pipe", async () => {
    const pipe = join(folder, "pipe");
    await shell(`mkfifo ${pipe}`);
    const job = {
      VOUCH_IDENTITY: "web-identity-file",
      VOUCH_ROLE: "arn:aws:iam::123456789012:role/x",
      VOUCH_REGION: "us-east-1",
    };
    const named = await shell("$V credential aws", { ...job, AWS_WEB_IDENTITY_TOKEN_FILE: pipe });
    expect(named.stderr).toContain(
      `${pipe}, which AWS_WEB_IDENTITY_TOKEN_FILE names, cannot be read: it is not a regular`,
    );
    const bundle = await shell("$V enroll --server https://127.0.0.1:1", { SSL_CERT_FILE: pipe });
    expect(bundle.exitCode).not.toBe(0);
  });
});

describe.skipIf(!onLinux)("what ends the runtime before our code runs never looks like an answer", () => {
  const asks = [
    `${ask} | "$V" --cargo-plugin`,
    'keyring get "$URL" aws',
    "npm view x",
    '"$V" credential aws',
    '"$V" exec -- echo ran',
    '"$V" status --json',
    '"$V" login',
    '"$V" doctor',
  ];

  test.each(asks)("in a deleted current folder: %s", async (command) => {
    const { stderr } = await shell(`mkdir gone && cd gone && rmdir ../gone; ${command}`);
    expect(stderr).not.toMatch(/This is a fault in Vouch|uv_cwd|\n\s+at |undefined/);
  });

  test.skipIf(!requiresMountNamespace()).each(asks)("without /proc: %s", async (command) => {
    const inside = `mount -t tmpfs none /proc; ${command}`;
    const { exitCode, stdout } = await shell('unshare --mount bash -c "$INSIDE"', { INSIDE: inside });
    expect(stdout).toBe("");
    expect(exitCode).not.toBe(0);
  });

  test("while seven descriptors are enough for a helper", async () => {
    expect(await shell('ulimit -n 7; exec keyring get "$URL" aws')).toMatchObject({
      exitCode: 0,
      stdout: `${token}\n`,
    });
  });

  test.skipIf(!requiresCompiler())("and five for the first stage", async () => {
    expect(await shell('ulimit -n 5; exec keyring get "$URL" aws')).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test.each(['keyring set "$URL" aws', '"$V" exec -- true', '"$V" credential aws', '"$V" agent status'])(
    "and where five descriptors are too few, that is reported, not that no agent runs: %s",
    async (command) => {
      const { exitCode, stdout, stderr } = await shell(`ulimit -n 5; exec ${command}`);
      expect(stderr).toContain("this process has too many files open");
      expect(stderr).toContain("ulimit -n");
      expect(stdout).toBe("");
      expect(exitCode).toBe(1);
    },
  );
});

describe("the agent's words about a part that failed are printed clean and on one line", () => {
  test.each([
    ["exec", `$V exec -- sh -c "${countVariables.replaceAll("$", "\\$")}"`],
    ["npm", "npm install"],
    ["pnpm", "pnpm install"],
  ])("by %s", async (_, command) => {
    for (const [message, words] of [
      ["No connection to it.", "No connection to it."],
      ["No connection\u001b[31m\nto it.", "No connection\ufffd[31m to it."],
    ]) {
      replies["/v1/environment"] = {
        variables: { "npm_config_//good.example/npm/:_authToken": "token" },
        failed: [{ endpoint: url, error: { code: "network", message, hint: "Wait." } }],
      };
      const { exitCode, stdout, stderr } = await shell(command);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "1\n" });
      const [line, ...others] = stderr.trimEnd().split("\n");
      expect(line).toBe(`vouch: ${words} Wait.`);
      // Of a program that is none of those that Vouch knows, a line says who can read its token.
      expect(others.every((other) => other.startsWith("vouch: Install scripts of packages can read"))).toBe(true);
    }
  });
});

describe.skipIf(!onLinux)("an agent with 32 descriptors", () => {
  test("answers although silent connections take them all, and its log holds sentences", async () => {
    const run = join(folder, "limited");
    mkdirSync(run, { mode: 0o700 });
    const log = join(folder, "agent.log");
    const env = { VOUCH_RUNTIME_DIR: run };
    const running = shell(`ulimit -n 32; exec $V agent run 2>${log}`, env);
    await until(() => existsSync(join(run, "agent.sock")));
    const silent: Socket[] = [];
    for (let count = 0; count < 60; count++) {
      const socket = connect(join(run, "agent.sock"));
      socket.on("error", () => {});
      silent.push(socket);
    }
    // The silent ones are let go after their time: until then one that asks may find no place.
    let asked = await shell("$V agent status", env);
    for (let tries = 0; tries < 20 && asked.exitCode !== 0; tries++) asked = await shell("$V agent status", env);
    const { exitCode, stdout } = asked;
    expect(stdout).toStartWith("The agent ");
    expect(exitCode).toBe(0);
    for (const socket of silent) socket.destroy();
    await shell("$V agent stop", env);
    expect((await running).exitCode).toBe(0);
    expect(readFileSync(log, "utf8")).toMatch(/^(vouch agent: [^\n]+\n)+$/);
  });
});
