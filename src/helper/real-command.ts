/** Finds and becomes the command that a shim stands in front of. */
import { VouchError } from "../base/errors.ts";
import { findAllOnPath } from "../base/system/path.ts";
import { complain } from "./output.ts";
import { trace } from "../base/trace.ts";
import { mayHaveLostBytes } from "./raw-bytes.ts";

type Environment = Record<string, string | undefined>;

/**
 * What this process has become so far, `PID:PATH:PATH…`. The process id survives execve, so that a command that leads
 * back to a shim (another version manager's, another Vouch's) is passed over the second time. Children have another id.
 */
const trail = "VOUCH_SHIM_TRAIL";

/** The next executable of that name on PATH that is neither Vouch itself nor what this process has been already. */
export async function findRealCommand(name: string, env: Environment = process.env): Promise<string | undefined> {
  const own = await identity(process.execPath);
  const been = trailOf(env);
  for (const found of findAllOnPath(name, env)) {
    if (!been.includes(found) && (await identity(found)) !== own) return found;
  }
  return undefined;
}

/**
 * Replaces this process by the command (its path in `file`). Words and variables keep their bytes, also where they are
 * not UTF-8, as far as the system shows them (Linux with /proc); else a line says that they were changed. Returns only by
 * throwing `command_not_executable`.
 */
export async function become(file: string, args: string[], env: Environment = process.env): Promise<never> {
  const next = { ...env, [trail]: [process.pid, ...trailOf(env), file].join(":") } as Record<string, string>;
  trace("program", `becomes ${file}, ${args.length} arguments`);
  if (mayHaveLostBytes([file, ...args], next)) {
    await (await import("./execve.ts")).execveWithBytes(file, args, next);
    complain(new VouchError("internal_error", "An argument or variable that is not UTF-8 is passed on changed."));
  }
  let cause: unknown;
  try {
    process.execve!(file, [file, ...args], next);
  } catch (error) {
    cause = error;
  }
  // As a shell and execvp(3) do with a script that names no interpreter (that of pnpm 12 before its install script ran).
  if ((cause as { code?: unknown }).code === "ENOEXEC") process.execve!("/bin/sh", ["/bin/sh", file, ...args], next);
  const why = cause instanceof Error ? cause.message : "the system refused";
  throw new VouchError("command_not_executable", `${file} cannot be started: ${why}.`, { cause });
}

/** Becomes the real command behind a shim. Throws `command_not_found`, `command_not_executable`. */
export async function becomeRealCommand(name: string, args: string[], env: Environment = process.env): Promise<never> {
  const file = await findRealCommand(name, env);
  if (file !== undefined) await become(file, args, env);
  throw new VouchError("command_not_found", `No other ${name} stands on PATH behind Vouch's.`, {
    hint: `Install ${name}, or run \`vouch doctor\` to see what stands on PATH.`,
  });
}

function trailOf(env: Environment): string[] {
  const [pid, ...paths] = (env[trail] ?? "").split(":");
  return pid === `${process.pid}` ? paths : [];
}

/** Device and inode of the file, links followed: the same for two names of one file. */
async function identity(path: string): Promise<string> {
  const { dev, ino } = await Bun.file(path).stat();
  return `${dev}:${ino}`;
}
