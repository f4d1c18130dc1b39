/** A real PostgreSQL in a folder of its own, for one test file; and how a test looks into a database of it. */
import { chownSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { SQL } from "bun";
import { requires, requiresPath } from "../requires.ts";
import { tempFolder } from "../temp-folder.ts";

/** Debian keeps the server's programs off PATH, one folder a version. */
const debianFolder = "/usr/lib/postgresql";

/** The folder of `initdb` and `postgres`: the newest version of Debian's, else that on PATH. */
function programs(): string | undefined {
  const versions = existsSync(debianFolder) ? readdirSync(debianFolder).map(Number) : [];
  const newest = join(debianFolder, `${Math.max(...versions)}`, "bin");
  if (existsSync(join(newest, "postgres"))) return newest;
  const found = Bun.which("postgres");
  return found === null ? undefined : join(found, "..");
}

/** PostgreSQL refuses to run as root: then it is nobody's. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** Whether PostgreSQL can be started. In CI it can, or it throws. */
export function requiresPostgres(): boolean {
  if (programs() === undefined) return requiresPath(debianFolder, "apt-get install postgresql");
  return !isRoot || requires("setpriv");
}

export interface Postgres {
  port: number;
  /** Holds its certificate, key and configuration; what a test writes there must be `own`. */
  folder: string;
  /** A new, empty database; returns its URL. */
  database(): Promise<string>;
  /** Ends it at once, as a crash does, or after its clients' transactions. */
  stop(how?: "SIGQUIT" | "SIGINT"): Promise<void>;
  start(settings?: Record<string, string>): Promise<void>;
  /** Its process; undefined while it is stopped. */
  readonly pid: number | undefined;
  /** Stops it and deletes everything. */
  remove(): Promise<void>;
}

/**
 * Makes and starts one on a free port, and a Unix socket in its folder; the superuser, like all others, needs no password.
 * `first` are the settings of its first start.
 */
export async function startPostgres(first: Record<string, string> = {}, superuser = "vouch"): Promise<Postgres> {
  const temporary = tempFolder("/tmp");
  const folder = temporary.path;
  if (isRoot) chownSync(folder, nobody, nobody);
  const bin = programs()!;
  const data = join(folder, "data");
  const made = Bun.spawnSync(
    asUser([join(bin, "initdb"), "-D", data, "-U", superuser, "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"]),
    { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  if (!made.success) throw new Error(`initdb: ${made.stderr.toString()}`);
  const port = await freePort();
  let running: Bun.Subprocess | undefined;
  let databases = 0;
  const postgres: Postgres = {
    port,
    folder,
    get pid() {
      return running?.pid;
    },
    async database() {
      const name = `test_${++databases}`;
      const sql = lookInto(`postgres://${superuser}@127.0.0.1:${port}/postgres`);
      await sql.unsafe(`CREATE DATABASE ${name}`);
      await sql.close();
      return `postgres://vouch@127.0.0.1:${port}/${name}`;
    },
    async start(settings = {}) {
      // A process that is killed loses nothing without fsync; only a machine does.
      const all = { listen_addresses: "127.0.0.1", fsync: "off", max_connections: "200", ...settings };
      const options = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      running = Bun.spawn(asUser([join(bin, "postgres"), "-D", data, "-k", folder, "-p", `${port}`, ...options]), {
        cwd: folder,
        stdin: "ignore",
        stdout: "ignore",
        stderr: Bun.file(logFile),
      });
      await untilItAnswers(`postgres://${superuser}@127.0.0.1:${port}/postgres`, running, logFile);
    },
    async stop(how = "SIGINT") {
      running?.kill(how);
      await running?.exited;
      running = undefined;
    },
    async remove() {
      await postgres.stop("SIGQUIT");
      temporary[Symbol.dispose]();
    },
  };
  const logFile = join(folder, "log");
  await postgres.start(first);
  return postgres;
}

/** Runs statements of a test's own, with no settings of Vouch's. */
export function lookInto(url: string): SQL {
  const { hostname, port, username, pathname } = new URL(url);
  return new SQL({
    adapter: "postgres",
    hostname,
    port: Number(port),
    username,
    password: "",
    database: pathname.slice(1),
    tls: "disable",
    max: 2,
  });
}

/** Writes a file that PostgreSQL reads as its user, and nobody else. */
export function writeOwn(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (isRoot) chownSync(path, nobody, nobody);
}

function asUser(command: string[]): string[] {
  return isRoot ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", ...command] : command;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilItAnswers(url: string, running: Bun.Subprocess, logFile: string): Promise<void> {
  for (;;) {
    const sql = lookInto(url);
    try {
      await sql`SELECT 1`;
      return;
    } catch (error) {
      if (running.exitCode !== null) throw new Error(await Bun.file(logFile).text(), { cause: error });
    } finally {
      await sql.close();
    }
    await Bun.sleep(20);
  }
}
