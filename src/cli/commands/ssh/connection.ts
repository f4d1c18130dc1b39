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
/** How long ssh may take to end once it is told to, in milliseconds. */
const endLimitMs = 5_000;

/** Options after the user's own, which come first and win. */
const defaults = ["-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"];

export class Connection {
  readonly #ssh: string;
  readonly #host: string;
  readonly #words: SshWords;
  /** Short, whatever TMPDIR is: the path of a socket is. */
  readonly #folder = mkdtempSync("/tmp/vouch-ssh-");
  readonly #control = join(this.#folder, "control");
  #master: Bun.Subprocess<"pipe", "pipe", "inherit"> | undefined;
  #session: Bun.Subprocess | undefined;

  /** Throws `command_not_found` without an ssh. */
  constructor(host: string, words: SshWords) {
    const ssh = findOnPath("ssh", process.env);
    if (ssh === undefined) {
      rmSync(this.#folder, { recursive: true });
      throw new VouchError("command_not_found", "There is no ssh on PATH.", { hint: "Install OpenSSH's client." });
    }
    this.#ssh = ssh;
    this.#host = host;
    this.#words = words;
  }

  /** Connects, and makes the folder at the far side. Throws `network` if ssh fails, whose stderr has said why. */
  async open(): Promise<FarFolder> {
    const { options, forwardings } = this.#words;
    const own = ["-M", "-S", this.#control, "-T", "-o", "ControlPersist=no", "-o", "RemoteCommand=none"];
    const words = [...own, ...options, ...forwardings, ...defaults, "--", this.#host, holdFolder];
    this.#master = Bun.spawn([this.#ssh, ...words], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    let printed = "";
    for await (const chunk of this.#master.stdout) {
      printed += Buffer.from(chunk).toString();
      const folder = farFolder(printed);
      if (folder !== undefined) return folder;
      if (printed.length > maxPrinted) break;
    }
    throw new VouchError("network", `ssh has made no connection to ${this.#host} at which a folder could be made.`, {
      hint: `See whether \`ssh ${this.#host} true\` works, and prints nothing.`,
    });
  }

  /** Forwards the far folder's socket to the local one. Throws `access_denied` if the far side refuses. */
  async forward(folder: FarFolder, socket: string): Promise<void> {
    const words = ["-S", this.#control, "-O", "forward", "-R", `${folder.path}/agent.sock:${socket}`];
    const child = Bun.spawn([this.#ssh, ...words, "--", this.#host], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
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
      await master.stdin.end();
      const timer = setTimeout(() => master.kill(), endLimitMs);
      await master.exited;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
