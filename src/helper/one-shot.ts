/**
 * Hands a text to a program as a file that can be read once: the reading end of a pipe that holds all of it and has no
 * writer any more. It is on no disk, in no environment and in no argument, and whoever opens it later reads nothing.
 */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { inheritedDescriptor, inheritedPath } from "./inherited-file.ts";
import { become } from "./real-command.ts";

/** Signals of a terminal reach the program, too; this process then waits for its end. */
const ofTerminal = ["SIGINT", "SIGQUIT", "SIGTSTP"] as const;
/** Signals that are sent to this process alone, and meant for the program. */
const ofOthers = ["SIGTERM", "SIGHUP"] as const;

export interface OneShot {
  /** Where the program finds the text. */
  path: string;
  /**
   * Replaces this process by the program; where a process cannot pass descriptors on by that (anywhere but on Linux), the
   * program is a child, and its exit code is returned. Throws as `become`.
   */
  become: (file: string, args: string[], env: Environment) => Promise<number>;
}

/** The text as such a file; undefined if it is too long. To be used at once. */
export function oneShot(text: string, platform: NodeJS.Platform = process.platform): OneShot | undefined {
  const descriptor = inheritedDescriptor(text, "once");
  if (descriptor === undefined) return undefined;
  if (platform === "linux") return { path: inheritedPath(descriptor), become };
  return {
    path: "/dev/fd/3",
    become: (file, args, env) => {
      for (const signal of ofTerminal) process.on(signal, () => {});
      const child = Bun.spawn([file, ...args], { env, stdio: ["inherit", "inherit", "inherit", descriptor] });
      for (const signal of ofOthers) process.on(signal, () => child.kill(signal));
      return child.exited;
    },
  };
}

/**
 * Becomes the program with the text, as `OneShot.become`; `envOf` gives the environment for the path of the file, and
 * `args` may be given likewise. Throws `file_error` if the text is too long.
 */
export async function becomeWithText(
  file: string,
  args: string[] | ((path: string) => string[]),
  text: string,
  envOf: (path: string) => Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<number> {
  const shot = oneShot(text, platform);
  if (shot === undefined) throw failed();
  return shot.become(file, typeof args === "function" ? args(shot.path) : args, envOf(shot.path));
}

function failed(): VouchError {
  return new VouchError("file_error", "The configuration with the token cannot be handed on by a pipe.", {
    hint: "Shorten the tool's own configuration file, or close some of this shell's files.",
  });
}
