/** Finds the real command behind a shim and replaces the process by it. */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { findAllOnPath } from "../base/system/path.ts";
import { complain } from "./output.ts";
import { trace } from "../base/trace.ts";
import { mayHaveLostBytes } from "./raw-bytes.ts";

/**
 * The programs that this process has been so far, `PID:PATH:PATH…`: a loop guard. The process id survives execve, so
 * that a program that leads back to a shim (of a version manager, or another Vouch) is skipped the second time. Child
 * processes have another id.
 */
const trail = "VOUCH_SHIM_TRAIL";

/** The first executable of that name on PATH that is neither Vouch nor in the trail. */
export function findRealCommand(name: string, env: Environment = process.env): string | undefined {
  const own = identity(process.execPath);
  const been = trailOf(env);
  return findAllOnPath(name, env).find((found) => !been.includes(found) && identity(found) !== own);
}

/**
 * Replaces this process by the command at `file`. Arguments and variables keep their bytes where the system shows them
 * (Linux with /proc); otherwise a warning says that bytes were lost. Returns only by throwing `command_not_executable`.
 */
export async function become(file: string, args: string[], env: Environment = process.env): Promise<never> {
  const next = { ...env, [trail]: [process.pid, ...trailOf(env), file].join(":") } as Record<string, string>;
  trace("program", `becomes ${file}, ${args.length} arguments`);
  await (await import("./execve.ts")).execveWithBytes(file, args, next);
  if (process.platform === "linux" && mayHaveLostBytes([file, ...args], next)) {
    complain(new VouchError("internal_error", "An argument or variable that is not UTF-8 is passed on changed."));
  }
  let cause: unknown;
  try {
    process.execve!(file, [file, ...args], next);
  } catch (error) {
    cause = error;
  }
  // Same fallback as shells and execvp(3) have for a script without an interpreter line (pnpm 12 before its install
  // script).
  if ((cause as { code?: unknown }).code === "ENOEXEC") process.execve!("/bin/sh", ["/bin/sh", file, ...args], next);
  if ((cause as { code?: unknown }).code === "ENOENT" && !(await Bun.file(file).exists())) {
    throw new VouchError("command_not_found", `There is no ${file}.`, { cause });
  }
  const why = cause instanceof Error ? cause.message : "the system refused";
  throw new VouchError("command_not_executable", `${file} cannot be started: ${why}.`, { cause });
}

/**
 * Replaces this process by the real command behind a shim: `file`, as findRealCommand has found it. Throws
 * `command_not_found`, `command_not_executable`.
 */
export async function becomeRealCommand(
  name: string,
  file: string | undefined,
  args: string[],
  env: Environment = process.env,
): Promise<never> {
  if (file !== undefined) await become(file, args, env);
  throw new VouchError("command_not_found", `No other ${name} stands on PATH behind Vouch's.`, {
    hint: `Install ${name}, or run \`vouch doctor\` to see what stands on PATH.`,
  });
}

/** Whether Vouch was this process before, and has become what led here: `vouch exec`, or a shim. */
export function wasVouch(env: Environment): boolean {
  return trailOf(env).length > 0;
}

function trailOf(env: Environment): string[] {
  const [pid, ...paths] = (env[trail] ?? "").split(":");
  return pid === `${process.pid}` ? paths : [];
}

/**
 * What tells Vouch's own executable from other programs: size and time of the file, links followed. Of two copies either
 * is Vouch too. Bun asks the system for both at once; device and inode it gives only by a thread, which takes longer to
 * start than all else here.
 */
function identity(path: string): string {
  const { size, lastModified } = Bun.file(path);
  return `${size}:${lastModified}`;
}
