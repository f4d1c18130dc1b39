/**
 * Hands a text to a program as a file that can be read once: the reading end of a pipe that holds all of it and has no
 * writer any more. It is on no disk, in no environment and in no argument, and whoever opens it later reads nothing.
 */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { inheritedDescriptor } from "./inherited-file.ts";
import { become } from "./real-command.ts";

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
  const descriptor = inheritedDescriptor(text, "once");
  if (descriptor === undefined) throw failed();
  if (platform === "linux") return become(file, args, envOf(`/dev/fd/${descriptor}`));
  for (const signal of signals) process.on(signal, () => {});
  const child = Bun.spawn([file, ...args], {
    env: envOf("/dev/fd/3"),
    stdio: ["inherit", "inherit", "inherit", descriptor],
  });
  return child.exited;
}

function failed(): VouchError {
  return new VouchError("file_error", "The configuration with the token cannot be handed on by a pipe.", {
    hint: "Shorten the tool's own configuration file, or close some of this shell's files.",
  });
}
