/**
 * Which programs and privileges a test needs. Where one is missing the test is skipped by name; in CI, where the
 * project installs everything, a missing program is a failure.
 */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { hasCompiler } from "../build/first-stage.ts";
import { hostTarget } from "../build/targets.ts";
import { pipVersion } from "../src/tools/pip/version.ts";
import { tempFolder } from "./temp-folder.ts";

/** Whether every program is on PATH. In CI a missing one throws, so that nothing is passed over there unseen. */
export function requires(...programs: string[]): boolean {
  const missing = programs.filter((program) => Bun.which(program) === null);
  if (missing.length === 0) return true;
  if (process.env["CI"] === "true") throw new Error(`In CI every test runs, but not installed: ${missing.join(", ")}`);
  console.warn(`SKIPPED: needs ${missing.join(", ")}, not installed on this machine`);
  return false;
}

/** Whether the first stage can be compiled for this machine: Linux with a C compiler. In CI one is there, or it throws. */
export function requiresCompiler(): boolean {
  if (process.platform !== "linux") return false;
  if (hasCompiler(hostTarget().arch)) return true;
  if (process.env["CI"] === "true") throw new Error("In CI every test runs, but no C compiler is on PATH");
  console.warn("SKIPPED: needs a C compiler (cc, gcc or clang), not installed on this machine");
  return false;
}

/** The compilers (gcc, clang) on PATH that make programs with AddressSanitizer. In CI one is there, or it throws. */
export function sanitizingCompilers(): string[] {
  if (process.platform !== "linux") return [];
  using folder = tempFolder();
  const found = ["gcc", "clang"].filter((compiler) => {
    if (Bun.which(compiler) === null) return false;
    const command = [compiler, "-x", "c", "-fsanitize=address,undefined", "-o", join(folder.path, compiler), "-"];
    const stdin = Buffer.from("int main(void) { return 0; }");
    return Bun.spawnSync(command, { stdin, stdout: "ignore", stderr: "ignore" }).success;
  });
  if (found.length > 0) return found;
  if (process.env["CI"] === "true")
    throw new Error("In CI every test runs, but neither gcc nor clang has AddressSanitizer");
  console.warn("SKIPPED: needs gcc or clang with AddressSanitizer, not installed on this machine");
  return found;
}

/** Whether an AWS CLI is on PATH that runs. One that does not is named. In CI one is there, or it throws. */
export function requiresAwsCli(): boolean {
  if (awsClis().length > 0) return true;
  if (process.env["CI"] === "true") throw new Error("In CI every test runs, but no AWS CLI on PATH runs");
  console.warn("SKIPPED: needs the AWS CLI, not installed on this machine, or none that runs with another HOME");
  return false;
}

let foundAwsClis: string[] | undefined;

/**
 * Every AWS CLI on PATH that runs where HOME is another folder: a shim of pyenv may not find what it stands for there.
 * One that does not run is named on stderr and left out.
 */
export function awsClis(): string[] {
  if (foundAwsClis) return foundAwsClis;
  const paths = (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, "aws"));
  const found = [...new Set(paths.filter((path) => existsSync(path)).map((path) => realpathSync(path)))];
  foundAwsClis = found.filter((path) => {
    const env = { PATH: process.env["PATH"], HOME: "/nonexistent" };
    const { success } = Bun.spawnSync([path, "--version"], {
      env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    if (!success) console.warn(`passed over: ${path} does not run where HOME is another folder`);
    return success;
  });
  return foundAwsClis;
}

/** Whether a file or folder is there that a command makes. In CI a missing one throws. */
export function requiresPath(path: string, command: string): boolean {
  if (existsSync(path)) return true;
  if (process.env["CI"] === "true") throw new Error(`In CI every test runs, but ${path} is missing: ${command}`);
  console.warn(`SKIPPED: needs ${path}, made by ${command}`);
  return false;
}

/** Whether something is on PATH that the install script can fetch with. In CI both are there, or it throws. */
export function requiresDownloader(): boolean {
  return process.env["CI"] !== "true" && Bun.which("wget") !== null ? true : requires("curl");
}

/** Whether the pip of this environment asks keyring programs. An older one is named, in CI too: the machine's pip is the machine's. */
export function requiresKeyringPip(env: Record<string, string | undefined>): boolean {
  const pip = pipVersion(env);
  if (pip?.asksKeyring) return true;
  console.warn(`SKIPPED: needs pip 23.1 or later, got ${pip?.version ?? "none"}`);
  return false;
}

/** Whether this user may make a mount namespace and chroot into a folder (root may). In CI it throws where that is not so. */
export function requiresMountNamespace(): boolean {
  return (
    requires("unshare", "mount", "chroot") && allowed("unshare mounts", ["unshare", "--mount", "chroot", "/", "true"])
  );
}

/** Whether this user may make a network namespace and give it addresses (root may). In CI it throws where that is not so. */
export function requiresNetworkNamespace(): boolean {
  return (
    requires("unshare", "ip") && allowed("unshare the network", ["unshare", "--net", "ip", "link", "set", "lo", "up"])
  );
}

/** Runs what follows in a process id namespace: for root one of the machine's, else as root of a user namespace. */
export const inProcessNamespace: readonly string[] = [
  "unshare",
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  "--pid",
  "--fork",
  "--mount-proc",
];

/** Whether this user may make one. In CI it throws where that is not so. */
export function requiresProcessNamespace(): boolean {
  return requires("unshare") && allowed("unshare process ids", [...inProcessNamespace, "true"]);
}

/** systemd-nspawn with the root of an empty machine: this one's programs, and nothing in its /etc and /var. */
export const emptyMachine: readonly string[] = [
  "systemd-nspawn",
  "--quiet",
  "--directory=/",
  "--volatile=yes",
  "--register=no",
  // Without a service manager here there is nobody to ask for a scope.
  ...(existsSync("/run/systemd/system") ? [] : ["--keep-unit"]),
];

/** Whether this user may boot an empty machine with systemd (root may). In CI it throws where that is not so. */
export function requiresEmptyMachine(): boolean {
  return (
    process.platform === "linux" &&
    requires("systemd-nspawn", "nsenter", "setpriv") &&
    allowed("run systemd-nspawn", [...emptyMachine, "--pipe", "true"])
  );
}

function allowed(what: string, command: string[]): boolean {
  if (Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success) return true;
  if (process.env["CI"] === "true") throw new Error(`In CI every test runs, but this user may not ${what}`);
  console.warn(`SKIPPED: needs the right to ${what} (root)`);
  return false;
}
