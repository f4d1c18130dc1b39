/**
 * Hands a text to a program as a file that can be read once: the reading end of a pipe that holds all of it and has no
 * writer any more. It is on no disk, in no environment and in no argument, and whoever opens it later reads nothing.
 */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { openLibc } from "../base/system/libc.ts";
import { become } from "./real-command.ts";

/** What a pipe takes without a reader: pipe(7), and the smallest buffer of macOS. */
const maxBytes = process.platform === "linux" ? 65_536 : 16_384;

/** Above the descriptors that shells and build tools use. */
const firstDescriptor = 100;

/** Signals of a terminal reach the program, too; this process then waits for its end. */
const signals = ["SIGINT", "SIGQUIT", "SIGTSTP"] as const;

/**
 * Replaces this process by the program; where a process cannot pass descriptors on by that (anywhere but on Linux), the
 * program is a child, and its exit code is returned. `envOf` gives the environment for the path of the file. Throws
 * `file_error` if the text is too long, and as `become`.
 */
export async function becomeWithText(
  file: string,
  args: string[],
  text: string,
  envOf: (path: string) => Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<number> {
  const descriptor = pipeOf(text);
  if (platform === "linux") return become(file, args, envOf(`/dev/fd/${descriptor}`));
  for (const signal of signals) process.on(signal, () => {});
  const child = Bun.spawn([file, ...args], {
    env: envOf("/dev/fd/3"),
    stdio: ["inherit", "inherit", "inherit", descriptor],
  });
  return child.exited;
}

/** A descriptor that a program inherits, with the text to be read once. */
function pipeOf(text: string): number {
  const bytes = Buffer.from(text);
  const { pipe, dup2, write, close, access } = openLibc({
    pipe: { args: ["ptr"], returns: "i32" },
    dup2: { args: ["i32", "i32"], returns: "i32" },
    write: { args: ["i32", "ptr", "usize"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
    access: { args: ["ptr", "i32"], returns: "i32" },
  });
  const isOpen = (at: number): boolean => access(Buffer.from(`/dev/fd/${at}\0`), 0) === 0;
  let descriptor = firstDescriptor;
  while (isOpen(descriptor)) descriptor++;
  const ends = new Int32Array(2);
  if (bytes.length > maxBytes || pipe(ends) !== 0) throw failed();
  const [reading, writing] = [ends[0]!, ends[1]!];
  // A copy, because that one stays open in the program: dup2(2) sets no FD_CLOEXEC.
  const isWritten = Number(write(writing, bytes, bytes.length)) === bytes.length;
  const isCopied = dup2(reading, descriptor) === descriptor;
  bytes.fill(0);
  close(writing);
  close(reading);
  if (isWritten && isCopied) return descriptor;
  throw failed();
}

function failed(): VouchError {
  return new VouchError("file_error", "The configuration with the token cannot be handed on by a pipe.", {
    hint: "Shorten the tool's own configuration file, or close some of this shell's files.",
  });
}
