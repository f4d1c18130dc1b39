/**
 * One ssh connection with three users (ControlMaster): what holds the folder at the far side, the forwarding into it, and
 * the person's session. A person who is asked for a password or a touch is asked once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VouchError } from "../../../base/errors.ts";
import { findOnPath } from "../../../base/system/path.ts";
import { type FarFolder, farFolder, holdFolder, withVariable } from "./far-side.ts";
import type { SshWords } from "./words.ts";

/** The limit on what a far side prints before the folder is there, in bytes. */
const maxPrinted = 1 << 20;
/** How long connecting may take, in milliseconds: more than sshd gives a person for a password (`LoginGraceTime`). */
const openLimitMs = 180_000;
/** How long ssh may take to end once it is told to, in milliseconds. */
const endLimitMs = 5_000;

/** Options after the user's own, which come first and win. */
const defaults = ["-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"];

export class Connection {
  readonly #ssh: string;
  readonly #host: string;
  readonly #words: SshWords;
  readonly #limitMs: number;
  /** Short, whatever TMPDIR is: the path of a socket is. */
  readonly #folder = mkdtempSync("/tmp/vouch-ssh-");
  readonly #control = join(this.#folder, "control");
  #master: Bun.Subprocess<"pipe", "pipe", "inherit"> | undefined;
  #session: Bun.Subprocess | undefined;

  /** Throws `command_not_found` without an ssh. */
  constructor(host: string, words: SshWords, limitMs = openLimitMs) {
    const ssh = findOnPath("ssh", process.env);
    if (ssh === undefined) {
      rmSync(this.#folder, { recursive: true });
      throw new VouchError("command_not_found", "There is no ssh on PATH.", { hint: "Install OpenSSH's client." });
    }
    this.#ssh = ssh;
    this.#host = host;
    this.#words = words;
    this.#limitMs = limitMs;
  }

  /**
   * Connects, and makes the folder at the far side; `stop` ends ssh. Throws `network` if ssh fails, whose stderr has said
   * why, and `timeout` after three minutes.
   */
  async open(stop: AbortSignal): Promise<FarFolder> {
    const { options, forwardings } = this.#words;
    const own = ["-M", "-S", this.#control, "-T", "-o", "ControlPersist=no", "-o", "RemoteCommand=none"];
    const words = [...own, ...options, ...forwardings, ...defaults, "--", this.#host, holdFolder];
    const master = Bun.spawn([this.#ssh, ...words], { stdin: "pipe", stdout: "pipe", stderr: "inherit", signal: stop });
    this.#master = master;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#limitMs);
    const reader = master.stdout.getReader();
    const stopped = AbortSignal.any([stop, limit.signal]);
    // A process that ssh has started may hold the pipe open after it.
    stopped.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
    try {
      for (let printed = ""; printed.length <= maxPrinted && !stopped.aborted;) {
        const { done, value } = await reader.read();
        if (done) break;
        printed += Buffer.from(value).toString();
        const folder = farFolder(printed);
        if (folder !== undefined) return folder;
      }
    } finally {
      clearTimeout(timer);
    }
    const hint = `See whether \`ssh ${this.#host} true\` works, and prints nothing.`;
    if (limit.signal.aborted) {
      const within = `${Math.round(this.#limitMs / 1000)} seconds`;
      throw new VouchError("timeout", `No folder could be made at ${this.#host} within ${within}.`, { hint });
    }
    throw new VouchError("network", `ssh has made no connection to ${this.#host} at which a folder could be made.`, {
      hint,
    });
  }

  /** Forwards the far folder's socket to the local one; `stop` gives up. Throws `access_denied` if the far side refuses. */
  async forward(folder: FarFolder, socket: string, stop: AbortSignal): Promise<void> {
    const words = ["-S", this.#control, "-O", "forward", "-R", `${folder.path}/agent.sock:${socket}`];
    const child = Bun.spawn([this.#ssh, ...words, "--", this.#host], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      signal: stop,
    });
    const said = await child.stderr.text();
    if ((await child.exited) === 0) return;
    throw new VouchError("access_denied", `${this.#host} does not forward the socket. ${said.trim()}`.slice(0, 1000), {
      hint: "Its sshd must allow it: `AllowStreamLocalForwarding yes` (or remote), and not `DisableForwarding yes`.",
    });
  }

  /** A shell there, or the command; resolves with its exit code. */
  async run(folder: FarFolder): Promise<number> {
    const { options, session, command } = this.#words;
    const terminal = command.length === 0 && process.stdin.isTTY && !session.includes("-T") ? ["-t"] : [];
    const own = ["-S", this.#control, "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none"];
    const words = [...own, ...terminal, ...session, ...options, "--", this.#host, withVariable(folder, command)];
    this.#session = Bun.spawn([this.#ssh, ...words], { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    const code = await this.#session.exited;
    return this.#session.signalCode === null ? code : 255;
  }

  /** Ends the session; `run` then resolves. */
  interrupt(): void {
    this.#session?.kill("SIGHUP");
  }

  /** Ends the connection: the far side removes socket and folder when its stdin ends. */
  async close(): Promise<void> {
    const master = this.#master;
    if (master !== undefined) {
      // Fails where ssh has ended.
      await Promise.resolve(master.stdin.end()).catch(() => {});
      // By SIGTERM ssh gives the terminal its echo back.
      const timers = (["SIGTERM", "SIGKILL"] as const).map((signal, index) =>
        setTimeout(() => master.kill(signal), (index + 1) * endLimitMs),
      );
      await master.exited;
      for (const timer of timers) clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
