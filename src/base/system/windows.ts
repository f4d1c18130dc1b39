/**
 * Windows: the agent stands on what Unix has (sockets that belong to a user, flock, execve, /dev/tty), so that only what
 * needs no agent and no terminal works there. Everything else says so before it starts.
 */
import { VouchError } from "../errors.ts";

const working = new Set(["server", "completions", "help", "--help", "-h", "--version", "-V"]);

/** What to say instead of running the command line on Windows; undefined when it works there. */
export function refusalOnWindows(args: readonly string[]): VouchError | undefined {
  const [first] = args;
  if (first === undefined || working.has(first) || args.includes("--help")) return undefined;
  return new VouchError(
    "platform_unsupported",
    "Of Vouch only `vouch server`, `vouch --help` and `vouch --version` work on Windows itself.",
    { hint: "Use the Linux version inside WSL 2 (`wsl --install`): docs/install.md, section Windows." },
  );
}
