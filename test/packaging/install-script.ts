/** The install script at work, in an empty home folder, against a release on loopback. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { host, releaseHost, version } from "../build/release.ts";
import { type ReleaseServer, serveRelease, trust } from "./release-server.ts";
import { tempFolder } from "../temp-folder.ts";

export const script = readFileSync(join(import.meta.dir, "../../packaging/install.sh"), "utf8");

/** What the script uses of every system. */
export const tools = "awk cat chmod cp cut grep gzip ls mkdir mktemp mv rm sed tar uname".split(" ");

export interface Installer {
  /** A folder for what a test makes. */
  work: string;
  server: ReleaseServer;
  install: (options?: InstallOptions) => Promise<Installation>;
  /** A folder for PATH with links to these programs alone, and shell scripts of these names and texts. */
  pathWith: (programs: string[], own?: Record<string, string>) => string;
  stop: () => void;
}

export interface Installation {
  home: string;
  exitCode: number;
  stdout: string;
  stderr: string;
  /** What is in the folder for executables afterwards. */
  bin: string[];
}

export interface InstallOptions {
  shell?: string[];
  env?: Record<string, string>;
  home?: string;
  /** The script's text, where it is not the one of the project. */
  text?: string;
}

/** Serves a release in which a few bytes stand in for the executable: what is tried is the script. */
export async function startInstaller(): Promise<Installer> {
  const temporary = tempFolder();
  const work = temporary.path;
  const standIn = join(work, "stand-in");
  writeFileSync(standIn, `#!/bin/sh\necho "vouch ${version}"\n`);
  await releaseHost(join(work, "release"), standIn);
  const server = serveRelease(join(work, "release"));
  let count = 0;

  /** Runs the script from stdin, as `curl … | sh` does, in an empty home folder. */
  async function install({
    shell = ["sh"],
    env = {},
    home = join(work, `home-${++count}`),
    text,
  }: InstallOptions = {}): Promise<Installation> {
    mkdirSync(home, { recursive: true });
    const child = Bun.spawn(shell, {
      cwd: home,
      stdin: new TextEncoder().encode(text ?? script),
      stdout: "pipe",
      stderr: "pipe",
      env: {
        ...trust,
        PATH: process.env["PATH"],
        HOME: home,
        VOUCH_DOWNLOAD_URL: server.url,
        VOUCH_TARGET: host.name,
        ...env,
      },
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const bin = join(home, ".local/bin");
    return { home, exitCode, stdout, stderr, bin: existsSync(bin) ? readdirSync(bin) : [] };
  }

  function pathWith(programs: string[], own: Record<string, string> = {}): string {
    const folder = join(work, `bin-${++count}`);
    mkdirSync(folder);
    for (const program of programs) {
      const real = Bun.which(program);
      if (real !== null) symlinkSync(real, join(folder, program));
    }
    for (const [name, body] of Object.entries(own)) {
      rmSync(join(folder, name), { force: true });
      writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    return folder;
  }

  function stop(): void {
    server.stop();
    temporary[Symbol.dispose]();
  }

  return { work, server, install, pathWith, stop };
}
