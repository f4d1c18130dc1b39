/** Runs another program for its output, with a limit on time and size. */
import type { Environment } from "../environment.ts";
import { VouchError } from "../errors.ts";
import { traced } from "../trace.ts";
import { withSafePath } from "./path.ts";

export interface ProgramResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  env: Environment;
  /** Timeout of the whole run, in milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Size limit of the output, in bytes. */
const maxBytes = 256 * 1024;

/**
 * Runs the program at the path `file` with empty stdin, and resolves when it has exited. Throws
 * `command_not_executable`, `timeout`, `cancelled` (by `signal`).
 */
export async function runProgram(file: string, args: string[], options: ProgramOptions): Promise<ProgramResult> {
  return traced(
    "program",
    () => `${file}, ${args.length} arguments`,
    () => run(file, args, options),
    ({ exitCode, stdout, stderr }) => `exit code ${exitCode}, ${stdout.length + stderr.length} characters`,
  );
}

async function run(file: string, args: string[], options: ProgramOptions): Promise<ProgramResult> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  const stopped = Promise.withResolvers<never>();
  // Handled here too: if the spawn fails, nothing else awaits the promise.
  stopped.promise.catch(() => undefined);
  signal.addEventListener("abort", () => stopped.reject(signal.reason), { once: true });
  let child: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  try {
    child = Bun.spawn([file, ...args], {
      env: withSafePath(options.env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      killSignal: "SIGKILL",
      maxBuffer: maxBytes,
    });
    const output = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    // Background children may keep the pipes open after the program's exit: the timeout covers that too.
    const [stdout, stderr, exitCode] = await Promise.race([output, stopped.promise]);
    return { exitCode, stdout, stderr };
  } catch (error) {
    if (options.signal?.aborted) throw new VouchError("cancelled", "Cancelled.", { cause: error });
    if (limit.aborted) {
      throw new VouchError("timeout", `${file} did not end within ${options.timeoutMs / 1000} seconds.`, {
        cause: error,
      });
    }
    throw new VouchError("command_not_executable", `${file} cannot be started: ${(error as Error).message}.`, {
      cause: error,
    });
  } finally {
    child?.kill();
  }
}
