/**
 * Windows support: the agent depends on Unix features (sockets that belong to a user, flock, execve, /dev/tty), so only
 * commands without agent and terminal work. All others are refused before they start.
 */
import { documentationUrl } from "../words/documentation.ts";
import { VouchError } from "../errors.ts";

const working = new Set(["server", "completions", "help", "--help", "-h", "--version", "-V"]);

/** The error for a command that does not work on Windows; undefined if it works. */
export function refusalOnWindows(args: readonly string[]): VouchError | undefined {
  const [first] = args;
  if (first === undefined || working.has(first) || args.includes("--help")) return undefined;
  return new VouchError(
    "platform_unsupported",
    "Of Vouch only `vouch server`, `vouch --help` and `vouch --version` work on Windows itself.",
    { hint: `Use the Linux version inside WSL 2 (\`wsl --install\`): ${documentationUrl("install.md")}#windows` },
  );
}
