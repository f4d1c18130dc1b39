/**
 * A developer's laptop for end-to-end tests, measurements and the demo: an empty home folder, a software security key,
 * the sandbox's AWS and registries, and a Vouch server, with the compiled executables at work on them.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type RunningAuthenticator, startAuthenticator } from "./authenticator/start.ts";
import { type Person, runInTerminal, type TerminalRun } from "./pty.ts";
import { trustPolicy } from "../src/server/command/aws-account/aws-trust.ts";
import type { Account } from "./sandbox/aws/account.ts";
import { createDeveloperAccount } from "./sandbox/aws/developer-account.ts";
import type { Route } from "./sandbox/front.ts";
import { parsePolicy } from "./sandbox/iam/document.ts";
import { names, type Sandbox, type SandboxOptions, startSandbox } from "./sandbox/main.ts";
import { toolchainEnvironment } from "./toolchains/toolchains.ts";

const root = join(import.meta.dir, "..");

/** The release executable, and the one whose security key is a Unix socket. */
export const executable = join(root, "dist/vouch");
export const sandboxExecutable = join(root, "dist/sandbox/vouch");

export const person = { email: "dev@example.com", pin: "246813" } as const;
export const registryName = "my-codeartifact-registry";
export const serverUrl = `https://${names.vouchHost}`;

export const cargoIndex = `sparse+https://${names.packageHost}/cargo/${names.repository}/`;

/** The line by which Cargo asks its credential provider for the token of an index. */
export function cargoGet(indexUrl: string = cargoIndex): string {
  return `${JSON.stringify({ v: 1, registry: { "index-url": indexUrl }, kind: "get", operation: "read" })}\n`;
}

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  stdin?: string;
  /** The limit on the run, in milliseconds. */
  timeoutMs?: number;
}

export interface LaptopOptions {
  /** Where everything is made; without it a temporary folder, removed at the end. */
  folder?: string;
  /** What `vouch server run --session-duration` gets. */
  sessionDuration?: string;
  touchDelayMs?: number;
  /** The repositories of the sandbox's domain beside the one in `names`. */
  repositories?: string[];
  /** Further AWS accounts of the sandbox. */
  others?: SandboxOptions["others"];
  /** Changes the developer's account before anything asks it. */
  account?: (account: Account) => void;
  /** Hosts of the sandbox besides those of AWS and the Vouch server. */
  routes?: Route[];
  /** The executable that is `vouch` on PATH; the release without it. */
  executable?: string;
  /** The executable that `atTerminal` runs; without it the sandbox's, whose security key is the laptop's socket. */
  terminalExecutable?: string;
}

export interface Laptop {
  folder: string;
  home: string;
  /** Where commands are run: the home folder, until a test puts another one here. */
  cwd: string;
  /** The environment of the developer's shell: the shims folder first on PATH, the sandbox behind the proxy. */
  env: Record<string, string>;
  shims: string;
  sandbox: Sandbox;
  key: RunningAuthenticator;
  /** Runs a command to its end, with nothing on the terminal. */
  run(command: string[], options?: RunOptions): Promise<Finished>;
  /**
   * Runs a command to its end on a terminal where nobody types, with the security key plugged in; stderr is the screen.
   * Helpers find the key if `executable` is the sandbox's.
   */
  runOnTerminal(command: string[], options?: RunOptions): Promise<Finished>;
  /** Runs the executable that is `vouch` on PATH. */
  vouch(...args: string[]): Promise<Finished>;
  /** Runs the sandbox executable (or `terminalExecutable`) on a terminal, with a person in front of it. */
  atTerminal(args: string[], script: (person: Person) => Promise<void>): Promise<TerminalRun>;
  /** What `vouch server invite` gives: a one-time enrolment code. */
  invite(): Promise<string>;
  /** `vouch enroll --key-only` and `vouch login` with code and PIN typed; each throws with the screen when it does not end with 0. */
  enroll(): Promise<TerminalRun>;
  login(): Promise<TerminalRun>;
  /**
   * `vouch setup aws` and `vouch setup codeartifact` for the sandbox's role and repository, and for all package
   * managers, installed or not, when the flags name none. Each throws when it fails.
   */
  setUpAws(): Promise<void>;
  setUpRepository(...flags: string[]): Promise<void>;
  /** All of it: the agent started, enrolled, logged in, and only then the repository set up with these flags. */
  getReady(...flags: string[]): Promise<void>;
  /** `vouch server run`, with these flags after its own. */
  startServer(...flags: string[]): Promise<void>;
  stopServer(): Promise<void>;
  /** The process of the server that runs. */
  serverPid(): number;
  /** Starts the release's agent in the foreground of its own process, when none runs. */
  startAgent(): Promise<Bun.Subprocess>;
  stop(): Promise<void>;
}

/** Starts a laptop with server and sandbox running; nothing is enrolled or set up on it yet. */
export async function startLaptop(options: LaptopOptions = {}): Promise<Laptop> {
  const terminalExecutable = options.terminalExecutable ?? sandboxExecutable;
  for (const file of [executable, terminalExecutable]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build -- --sandbox\``);
  }
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "vouch-"));
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const account = createDeveloperAccount({ repositories: [names.repository, ...(options.repositories ?? [])] });
  // Every login of a laptop is one under the trust policy that `vouch server init` prints.
  const trusted = { url: `https://${names.vouchHost}`, audiences: ["sts.amazonaws.com"], account: names.account };
  account.roles[0]!.trustPolicy = parsePolicy(structuredClone(trustPolicy({ ...trusted, partition: "aws" })), "trust");
  options.account?.(account);
  const { routes = [], others = [] } = options;
  const sandbox = await startSandbox({ folder: join(folder, "sandbox"), account, others, routes });
  const socket = join(folder, "security-key.sock");
  const key = await startAuthenticator({
    socketPath: socket,
    pin: person.pin,
    touchDelayMs: options.touchDelayMs ?? 0,
  });
  const toolchain = toolchainEnvironment(home);
  const shims = join(home, ".local/share/vouch/shims");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(options.executable ?? executable, join(bin, "vouch"));
  const env: Record<string, string> = {
    ...toolchain,
    ...sandbox.env,
    PATH: [shims, bin, toolchain["PATH"]].join(delimiter),
    TMPDIR: folder,
    VOUCH_RUNTIME_DIR: join(folder, "run"),
    VOUCH_SANDBOX_KEY: socket,
  };
  const database = `sqlite:${join(folder, "server.db")}`;
  let server: Bun.Subprocess | undefined;
  let agent: Bun.Subprocess | undefined;

  async function run(command: string[], { cwd, env: extra, stdin, timeoutMs }: RunOptions = {}): Promise<Finished> {
    const child = Bun.spawn(command, {
      cwd: cwd ?? laptop.cwd,
      env: { ...env, ...extra },
      stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
      stdout: "pipe",
      stderr: "pipe",
      timeout: timeoutMs ?? 240_000,
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { exitCode, stdout, stderr };
  }

  const laptop: Laptop = {
    folder,
    home,
    cwd: home,
    env,
    shims,
    sandbox,
    key,
    run,
    async runOnTerminal(command, { cwd, env: extra, stdin = "", timeoutMs = 240_000 } = {}) {
      const desk = mkdtempSync(join(folder, "desk-"));
      const [input, output] = [join(desk, "in"), join(desk, "out")];
      writeFileSync(input, stdin);
      const shell = ["sh", "-c", 'in=$1; shift; exec "$@" <"$in" >"$0"', output, input, ...command];
      const where = { cwd: cwd ?? laptop.cwd, env: { ...env, ...extra }, timeoutMs };
      const { exitCode, screen } = await runInTerminal(shell, where, async () => {});
      const stdout = readFileSync(output, "utf8");
      rmSync(desk, { recursive: true });
      return { exitCode: exitCode ?? -1, stdout, stderr: screen };
    },
    vouch: (...args) => run([options.executable ?? executable, ...args]),
    atTerminal: (args, script) => runInTerminal([terminalExecutable, ...args], { cwd: laptop.cwd, env }, script),
    async invite() {
      const invite = [executable, "server", "invite", person.email, "--database", database, "--json"];
      return (JSON.parse(await ended(run(invite))) as { code: string }).code;
    },
    async enroll() {
      const code = await laptop.invite();
      return succeeded(
        await laptop.atTerminal(["enroll", "--server", serverUrl, "--key-only"], async ({ see, type }) => {
          await see("Enrolment code");
          type(`${code}\r`);
          await see("PIN");
          type(`${person.pin}\r`);
        }),
      );
    },
    async login() {
      return succeeded(
        await laptop.atTerminal(["login"], async ({ see, type }) => {
          await see("PIN");
          type(`${person.pin}\r`);
        }),
      );
    },
    async setUpAws() {
      await ended(laptop.vouch("setup", "aws", "--role", names.roleArn, "--region", names.region));
    },
    async setUpRepository(...flags) {
      const repository = ["--domain", names.domain, "--repository", names.repository];
      const tools = flags.includes("--tool") ? [] : ["--tool", "cargo,pip,npm"];
      await ended(laptop.vouch("setup", "codeartifact", ...repository, ...tools, ...flags));
    },
    async getReady(...flags) {
      await laptop.startAgent();
      await laptop.enroll();
      await laptop.setUpAws();
      await laptop.login();
      await laptop.setUpRepository(...flags);
    },
    async startServer(...flags) {
      const command = [executable, "server", "run", "--database", database, "--listen", "127.0.0.1:0"];
      if (options.sessionDuration !== undefined) command.push("--session-duration", options.sessionDuration);
      command.push(...flags);
      server = Bun.spawn(command, {
        cwd: home,
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: openSync(join(folder, "server.log"), "a"),
      });
      const line = await firstLine(server.stdout as ReadableStream<Uint8Array>);
      const listening = /http:\/\/[\d.:]+/.exec(line)?.[0];
      if (listening === undefined) throw new Error(`vouch server run says: ${line}`);
      sandbox.setVouchServer(listening);
    },
    serverPid() {
      if (server === undefined) throw new Error("Expected a server that runs");
      return server.pid;
    },
    async stopServer() {
      server?.kill();
      await server?.exited;
      server = undefined;
    },
    async startAgent() {
      agent = Bun.spawn([executable, "agent", "run"], { cwd: "/", env, stdio: ["ignore", "ignore", "pipe"] });
      await firstLine(agent.stderr as ReadableStream<Uint8Array>);
      return agent;
    },
    async stop() {
      await laptop.vouch("agent", "stop");
      agent?.kill("SIGKILL");
      await laptop.stopServer();
      await key.stop();
      await sandbox.stop();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
      if (sandbox.assetRequests().some(({ authorization }) => authorization !== null)) {
        throw new Error("A package manager took its token along to the host that a download was redirected to");
      }
    },
  };
  await ended(run([executable, "server", "init", "--url", serverUrl, "--database", database]));
  await laptop.startServer();
  return laptop;
}

/** What a command said that ended with 0; throws with what it said otherwise. */
export async function ended(running: Promise<Finished>): Promise<string> {
  const { exitCode, stdout, stderr } = await running;
  if (exitCode !== 0) throw new Error(`Expected exit code 0, got ${exitCode}:\n${stdout}${stderr}`);
  return stdout;
}

function succeeded(run: TerminalRun): TerminalRun {
  if (run.exitCode !== 0) throw new Error(`Expected exit code 0, got ${run.exitCode}:\n${run.screen}`);
  return run;
}

/** The first line of a program's output; rejects when it ends before. The rest is read and dropped, so that it never blocks. */
export async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  void (async () => {
    let text = "";
    for await (const chunk of stream) {
      text += Buffer.from(chunk).toString("utf8");
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
      if (text.length > 10_000) text = "";
    }
    reject(new Error(`the program ended after saying: ${text}`));
  })();
  return promise;
}
