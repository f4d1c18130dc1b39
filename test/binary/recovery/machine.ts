/**
 * A machine that runs the Vouch server as docs/recovery.md has it: its paths below a folder, a `systemctl` that starts and
 * stops the compiled executable, and the page's blocks typed into a shell there.
 */
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blocksOf } from "../../docs/blocks.ts";
import { executable } from "../../laptop.ts";

const page = "docs/recovery.md";

/** The folders of the page that are below the machine's. */
const folders = ["/etc/vouch", "/var/lib/vouch-server", "/usr/local/bin"];

export interface Machine {
  /** Stands for the file system's root. */
  root: string;
  /** Where commands are typed. */
  home: string;
  /** Where the running server listens. Throws if none runs. */
  base(): string;
  /** Types a command; throws with what it printed if it ends otherwise than by `exit`. Returns its stdout. */
  type(command: string, exit?: number): Promise<string>;
  /** Types the blocks under a heading of the page, in their order, or only the one with this number (from 0); as `type`. */
  follow(heading: string, only?: number, exit?: number): Promise<string>;
  /** Writes the configuration: where it listens, its database, and these lines. */
  configure(settings: string): void;
  /** Ends the server as a power failure does. */
  crash(): Promise<void>;
  remove(): Promise<void>;
}

export interface MachineOptions {
  /** Without it the machine's SQLite file. */
  database?: string;
  /** Lines for the configuration file. */
  settings?: string;
  /** The environment besides. */
  env?: Record<string, string>;
  /** Is told where a server listens that was started. */
  listening?: (base: string) => void;
}

/** What is typed under a heading of the page: its blocks in their order, or the one with this number (from 0). */
export function typedUnder(heading: string, only?: number): string[] {
  const blocks = blocksOf(page).filter(
    (block) => block.heading === heading && block.language === "sh" && !block.elsewhere,
  );
  const chosen = only === undefined ? blocks : blocks.slice(only, only + 1);
  if (chosen.length === 0) throw new Error(`${page} has no such block under "${heading}"`);
  return chosen.map(({ text }) => text);
}

/** Makes a machine below `root`, with a configuration and no database. */
export function makeMachine(root: string, options: MachineOptions = {}): Machine {
  const { settings = "", listening } = options;
  const inRoot = (path: string) => join(root, path);
  const home = inRoot("root");
  for (const folder of [...folders.map(inRoot), home, inRoot("stubs")]) mkdirSync(folder, { recursive: true });
  const database = options.database ?? `sqlite:${inRoot("/var/lib/vouch-server/server.db")}`;
  const configure = (lines: string) =>
    writeFileSync(
      inRoot("/etc/vouch/server.toml"),
      `database = "${database}"\nlisten = "127.0.0.1:0"\ntrust-proxy = true\n${lines}`,
      { mode: 0o600 },
    );
  configure(settings);
  symlinkSync(executable, inRoot("/usr/local/bin/vouch"));
  let running: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  let base: string | undefined;
  let log = "";
  const env: Record<string, string | undefined> = {
    PATH: [inRoot("/usr/local/bin"), inRoot("stubs"), process.env["PATH"]].join(":"),
    HOME: home,
    VOUCH_SERVER_CONFIG: inRoot("/etc/vouch/server.toml"),
    CREDENTIALS_DIRECTORY: inRoot("/etc/vouch"),
    ...options.env,
  };

  async function stop(signal: NodeJS.Signals): Promise<void> {
    running?.kill(signal);
    await running?.exited;
    [running, base] = [undefined, undefined];
  }
  /** Resolves when it listens, or has ended. */
  async function start(): Promise<boolean> {
    if (running !== undefined) return true;
    const child = Bun.spawn([inRoot("/usr/local/bin/vouch"), "server", "run"], {
      cwd: home,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    log = "";
    void (async () => {
      for await (const chunk of child.stderr) log += new TextDecoder().decode(chunk);
    })();
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      base = /listening on (\S+)\n/.exec(text)?.[1];
      if (base !== undefined) break;
    }
    if (base === undefined) {
      await child.exited;
      return false;
    }
    running = child;
    listening?.(base);
    return true;
  }
  const service = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const words = (await request.text()).split(" ");
      if (words.at(-1) !== "vouch-server") return new Response(null, { status: 400 });
      if (words[0] === "stop" || words[0] === "disable") await stop("SIGTERM");
      else if (!(await start())) return new Response(log, { status: 500 });
      return new Response();
    },
  });
  const systemctl = inRoot("stubs/systemctl");
  const ask = `const answer = await fetch("${service.url.href}", { method: "POST", body: process.argv.slice(1).join(" ") });
console.error(await answer.text());
process.exit(answer.ok ? 0 : 1);`;
  writeFileSync(inRoot("stubs/ask.js"), ask);
  writeFileSync(systemctl, `#!/bin/sh\nexec '${process.execPath}' -e "$(cat '${inRoot("stubs/ask.js")}')" "$@"\n`);
  chmodSync(systemctl, 0o755);

  const machine: Machine = {
    root,
    home,
    base() {
      if (base === undefined) throw new Error(`no server runs: ${log}`);
      return base;
    },
    async type(command, exit = 0) {
      const here = folders.reduce((text, folder) => text.replaceAll(folder, inRoot(folder)), command);
      const child = Bun.spawn(["bash", "-eu", "-o", "pipefail", "-c", here], {
        cwd: home,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      const code = await child.exited;
      if (code !== exit) throw new Error(`Expected exit code ${exit}, got ${code}: ${command}\n${out}${err}`);
      return exit === 0 ? out : out + err;
    },
    async follow(heading, only, exit) {
      let said = "";
      for (const text of typedUnder(heading, only)) said += await machine.type(text, exit);
      return said;
    },
    configure,
    crash: () => stop("SIGKILL"),
    async remove() {
      await stop("SIGKILL");
      await service.stop(true);
    },
  };
  return machine;
}

/** Replaces the link to the executable by a file of the machine's own, as `install` makes it. */
export function installExecutable(machine: Machine, as: string): void {
  copyFileSync(executable, join(machine.root, as));
  chmodSync(join(machine.root, as), 0o755);
}
