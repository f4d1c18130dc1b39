/** A home folder for one test of `vouch setup`, with tools on PATH that do nothing, and the program run on it. */
import { beforeEach, expect, onTestFinished } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSettings, type Settings } from "../../../../src/settings/settings.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

export const command = [process.execPath, join(import.meta.dir, "../../../../src/main.ts"), "setup"];
export const role = "arn:aws:iam::123456789012:role/vouch-developer";
export const names = ["--domain", "my-domain", "--repository", "my-repo"];

/** The home folder and the environment of the test that runs. */
export let home: string;
export let env: Record<string, string>;

/** Gives each test of the file a home folder of its own. */
export function useHome(): void {
  beforeEach(() => {
    home = tempFolderUntil(onTestFinished);
    env = {
      PATH: join(home, "tools"),
      HOME: home,
      SHELL: "/bin/bash",
      NO_COLOR: "1",
      VOUCH_RUNTIME_DIR: join(home, "run"),
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
    };
    for (const tool of ["cargo", "pip", "npm"]) write(`tools/${tool}`, "#!/bin/sh\n", 0o755);
  });
}

export function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
  chmodSync(join(home, path), mode);
}

export const read = (path: string): string => readFileSync(join(home, path), "utf8");
export const settings = (): Settings => parseSettings(read(".config/vouch/config.json"), "config.json");

export const setup = (...args: string[]) => setupIn(home, ...args);

export async function setupIn(cwd: string, ...args: string[]) {
  const child = Bun.spawn([...command, ...args], { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, stdout, stderr };
}

export const codeartifact = (...args: string[]) => setup("codeartifact", ...names, ...args);

export async function setRole(region = "us-east-1"): Promise<void> {
  expect(await setup("aws", "--role", role, "--region", region)).toMatchObject({ exitCode: 0 });
}

/** Every file and link below the home folder with its content and mode, apart from Vouch's settings. */
export function snapshot(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || path.includes("/.config/vouch/")) continue;
    const content = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, "utf8");
    found[relative(home, path)] = `${entry.isSymbolicLink() ? "" : statSync(path).mode.toString(8)} ${content}`;
  }
  return found;
}
