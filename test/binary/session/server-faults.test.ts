/** The executable as a server whose surroundings fail: nobody reads its log, the disk is full, the database is locked. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  truncateSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { SQL } from "bun";
import { executable } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

let folder: string;
let database: string;
let children: Bun.Subprocess[];
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  database = join(folder, "vouch.db");
  children = [];
  await vouch("init", "--url", "https://vouch.example.com");
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map(({ exited }) => exited));
});

const environment = () => ({ PATH: process.env["PATH"], HOME: folder, VOUCH_DATABASE: `sqlite:${database}` });

async function vouch(...args: string[]) {
  const child = Bun.spawn([executable, "server", ...args], { env: environment(), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

/** Runs the server by a shell command around it (`"$@"` is the server), and resolves when it listens. */
async function serve(around = 'exec "$@"', ...args: string[]) {
  const server = [executable, "server", "run", "--listen", "127.0.0.1:0", ...args];
  const child = Bun.spawn(["bash", "-c", around, "bash", ...server], {
    env: environment(),
    stdout: "pipe",
    stderr: "pipe",
  });
  children.push(child);
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the server ended: ${text}${await new Response(child.stderr).text()}`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return { child, address: /listening on (\S+)\n/.exec(text)?.[1] ?? "" };
}

async function login(address: string) {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  const response = await fetch(`${address}/v1/login/options`, init);
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

/** Asks until the answer has this status. */
async function until(url: string, status: number): Promise<void> {
  while ((await statusOf(url)) !== status) await Bun.sleep(20);
}

/** What the pipe holds now, once it holds anything. */
async function readSome(descriptor: number): Promise<string> {
  const bytes = Buffer.alloc(65_536);
  for (;;) {
    try {
      const count = readSync(descriptor, bytes);
      if (count > 0) return bytes.toString("utf8", 0, count);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    await Bun.sleep(10);
  }
}

describe("the server's log", () => {
  test("that nobody reads delays no request, and what was dropped is counted once somebody reads", async () => {
    // A named pipe: nothing of the runtime reads ahead in it.
    const pipe = join(folder, "log");
    expect(Bun.spawnSync(["mkfifo", pipe]).success).toBe(true);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const { address } = await serve(`exec "$@" 2>'${pipe}'`);
    const requests = 4000;
    for (let sent = 0; sent < requests; sent += 50) {
      const statuses = await Promise.all(Array.from({ length: 50 }, () => statusOf(`${address}/healthz`)));
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    let lines = 0;
    let dropped = 0;
    let text = "";
    while (lines + dropped < requests) {
      text += await readSome(reader);
      const whole = text.split("\n");
      text = whole.pop() ?? "";
      for (const line of whole) {
        const entry = JSON.parse(line);
        if (entry.event === "log_dropped") dropped += Number.parseInt(entry.detail, 10);
        else if (entry.event === undefined) lines += 1;
      }
    }
    closeSync(reader);
    expect(dropped).toBeGreaterThan(0);
    expect(lines + dropped).toBe(requests);
  });

  test.each([
    ["a full disk", 'exec "$@" 2>/dev/full'],
    ["a closed descriptor", 'exec "$@" 2>&-'],
    ["a pipe whose reader has gone", 'exec "$@" 2> >(exit 0)'],
  ])("may be %s", async (_name, around) => {
    const { child, address } = await serve(around);
    for (let sent = 0; sent < 20; sent++) expect(await statusOf(`${address}/healthz`)).toBe(200);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
});

test.each([
  [">/dev/full", "ENOSPC"],
  ["1>&-", "EBADF"],
])("a stdout that takes no line (%s) ends the server before it serves anything", async (redirection, code) => {
  const server = [executable, "server", "run", "--listen", "127.0.0.1:0"];
  const child = Bun.spawn(["bash", "-c", `exec "$@" ${redirection}`, "bash", ...server], {
    env: environment(),
    stdout: "ignore",
    stderr: "pipe",
  });
  children.push(child);
  const [stderr, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`The output cannot be written (${code}).`);
});

describe("the server's database", () => {
  test("that another process has locked makes requests fail soon with 503, while the process still answers", async () => {
    const { address } = await serve();
    const other = new SQL({ adapter: "sqlite", filename: database });
    // The server writes to its audit log by itself, too.
    await other.unsafe("PRAGMA busy_timeout = 60000");
    await other.unsafe("BEGIN IMMEDIATE");
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => login(address)),
      ...Array.from({ length: 20 }, () => statusOf(`${address}/healthz`)),
    ]);
    for (const answer of answers.slice(0, 20)) {
      expect(answer).toMatchObject({ status: 503, retryAfter: "5", body: { error: { code: "server_error" } } });
    }
    expect(new Set(answers.slice(20))).toEqual(new Set([200]));
    expect(await statusOf(`${address}/readyz`)).toBe(503);
    const invited = await vouch("invite", "dev@example.com");
    expect({ code: invited.code, stdout: invited.stdout }).toEqual({ code: 1, stdout: "" });
    expect(invited.stderr).toContain("another process holds its lock");
    expect(invited.stderr).not.toContain("fault in Vouch");
    await other.unsafe("ROLLBACK");
    await other.close();
    await until(`${address}/readyz`, 200);
    expect((await login(address)).status).toBe(200);
  });

  test.each([
    ["deleted", () => rmSync(database)],
    ["emptied", () => truncateSync(database)],
    [
      "replaced",
      () => {
        copyFileSync(database, `${database}.copy`);
        rmSync(database);
        copyFileSync(`${database}.copy`, database);
      },
    ],
  ])("that was %s is noticed, and there is no login on a file that nobody finds again", async (_name, harm) => {
    const { address } = await serve();
    expect((await login(address)).status).toBe(200);
    harm();
    expect((await login(address)).status).toBe(503);
    expect(await statusOf(`${address}/readyz`)).toBe(503);
    expect(await statusOf(`${address}/healthz`)).toBe(200);
  });

  test("on a full disk makes the server not ready and answer 503, and the process goes on", async () => {
    // A limit of file sizes, in units of 1024 bytes, stands for the full disk; the write-ahead log reaches it.
    const { child, address } = await serve('ulimit -f 200; exec "$@"');
    const statuses = new Set<number>();
    while (!statuses.has(503)) statuses.add((await login(address)).status);
    expect(statuses).toEqual(new Set([200, 503]));
    expect(await statusOf(`${address}/healthz`)).toBe(200);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
});

describe("vouch server backup", () => {
  test("copies a running server's database, mode 0600 whatever the umask, and the copy serves", async () => {
    const { address } = await serve();
    await vouch("invite", "dev@example.com");
    const keys = await (await fetch(`${address}/.well-known/jwks.json`)).json();
    const target = join(folder, "copy.db");
    const run = Bun.spawn(["bash", "-c", 'umask 000; exec "$@"', "bash", executable, "server", "backup", target], {
      env: environment(),
      stdout: "pipe",
    });
    expect(await new Response(run.stdout).text()).toContain("1 person, 0 security keys");
    expect(await run.exited).toBe(0);
    expect((statSync(target).mode & 0o777).toString(8)).toBe("600");
    expect(readdirSync(folder).filter((name) => name.startsWith(".copy"))).toEqual([]);

    const again = await vouch("backup", target);
    expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 1, stdout: "" });
    expect(again.stderr).toContain("exists");

    database = target;
    const restored = await serve();
    expect(await (await fetch(`${restored.address}/.well-known/jwks.json`)).json()).toEqual(keys);
    expect(JSON.parse((await vouch("users", "--json")).stdout)).toMatchObject([{ email: "dev@example.com" }]);
  });

  test("removes the copy of a backup that was killed half-way", async () => {
    await serve();
    const target = join(folder, "killed.db");
    const left = () => readdirSync(folder).filter((name) => name.startsWith(".killed"));
    // It can be through before the signal comes.
    for (let round = 0; round < 50 && left().length === 0; round++) {
      const command = [executable, "server", "backup", target];
      const child = Bun.spawn(command, { env: environment(), stdio: ["ignore", "ignore", "ignore"] });
      while (left().length === 0 && child.exitCode === null) await Bun.sleep(1);
      child.kill("SIGKILL");
      await child.exited;
      rmSync(target, { force: true });
    }
    expect(left()).toHaveLength(1);
    expect((await vouch("backup", target)).code).toBe(0);
    expect(left()).toEqual([]);
  });

  test("leaves nothing behind where it cannot write", async () => {
    const { code, stderr } = await vouch("backup", join(folder, "none", "copy.db"));
    expect(code).toBe(1);
    expect(stderr).toContain("cannot be written");
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});

describe("an address to listen on", () => {
  test.each(["[::1]:0", "[::]:0", "0.0.0.0:0", "localhost:0"])(
    "%s is printed as a URL that answers",
    async (listen) => {
      const { address } = await serve('exec "$@"', "--listen", listen);
      expect(await statusOf(`${address}/healthz`)).toBe(200);
    },
  );
});

describe("SIGHUP to the server", () => {
  function certificate(name: string): void {
    const made = Bun.spawnSync(
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=${name} -keyout key.pem -out cert.pem`.split(
        " ",
      ),
      { cwd: folder, stderr: "ignore" },
    );
    expect(made.exitCode).toBe(0);
  }

  /** The common name in the certificate that the server shows. */
  function shown(address: string): Promise<string> {
    const { hostname, port } = new URL(address);
    const shownName = Promise.withResolvers<string>();
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      shownName.resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
      socket.destroy();
    });
    socket.on("error", shownName.reject);
    return shownName.promise;
  }

  test("loads a new certificate and new audiences, keeps the old where the new is broken, and does not end it", async () => {
    certificate("first");
    const files = ["--tls-cert", join(folder, "cert.pem"), "--tls-key", join(folder, "key.pem")];
    const { child, address } = await serve('exec "$@"', ...files);
    expect(await shown(address)).toBe("CN=first");
    const events = logged(child.stderr, isEvent);

    certificate("second");
    child.kill("SIGHUP");
    expect((await events.next()).value).toMatchObject({ event: "reloaded" });
    expect(await shown(address)).toBe("CN=second");

    writeFileSync(join(folder, "cert.pem"), "no certificate");
    child.kill("SIGHUP");
    expect((await events.next()).value).toMatchObject({ event: "reload_failed" });
    expect(await shown(address)).toBe("CN=second");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("without TLS loads the configuration again", async () => {
    const { child, address } = await serve();
    const events = logged(child.stderr, isEvent);
    child.kill("SIGHUP");
    expect((await events.next()).value).toMatchObject({ event: "reloaded" });
    expect(await statusOf(`${address}/readyz`)).toBe(200);
  });
});

/** An event, other than that of every server whose keys are in clear text. */
const isEvent = ({ event }: Record<string, unknown>) => event !== undefined && event !== "signing_keys_in_clear_text";

async function* logged(
  stream: ReadableStream<Uint8Array>,
  wanted: (entry: Record<string, unknown>) => boolean,
): AsyncGenerator<Record<string, unknown>> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const entry = JSON.parse(line);
      if (wanted(entry)) yield entry;
    }
  }
}

test("a login that fails says that the agent that it has started keeps running, and nothing of one before it", async () => {
  const env = { ...environment(), VOUCH_RUNTIME_DIR: join(folder, "run") };
  const run = async (...args: string[]) => {
    const child = Bun.spawn([executable, ...args], { env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const stderr = await new Response(child.stderr).text();
    return { code: await child.exited, stderr };
  };
  // Nothing listens on a port of the lowest number.
  const first = await run("login", "--server", "http://127.0.0.1:1");
  const second = await run("login", "--server", "http://127.0.0.1:1");
  const stopped = await run("agent", "stop");
  expect(first.stderr).toContain("The agent that was started keeps running; `vouch agent stop` ends it.\n");
  expect(first.stderr).toContain("error: ");
  expect(second.stderr).toContain("error: ");
  expect(second.stderr).not.toContain("keeps running");
  expect(stopped).toMatchObject({ code: 0, stderr: expect.stringContaining("has stopped.") });
});

test("a guided set-up that fails says that the agent that it has started keeps running", async () => {
  const env = { PATH: process.env["PATH"]!, HOME: folder, NO_COLOR: "1", VOUCH_RUNTIME_DIR: join(folder, "run") };
  const enroll = [executable, "enroll", "--server", "http://127.0.0.1:1"];
  const first = await runInTerminal(enroll, { cwd: folder, env }, async () => {});
  const second = await runInTerminal(enroll, { cwd: folder, env }, async () => {});
  const stopped = Bun.spawn([executable, "agent", "stop"], { env, stdio: ["ignore", "ignore", "ignore"] });
  expect(await stopped.exited).toBe(0);
  expect({ code: first.exitCode, screen: first.screen }).toEqual({
    code: 6,
    screen: expect.stringContaining("The agent that was started keeps running; `vouch agent stop` ends it."),
  });
  expect(second.screen).not.toContain("keeps running");
});
