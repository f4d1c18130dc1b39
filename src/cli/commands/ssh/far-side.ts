/** What runs on the other machine: the making and removing of a folder for the socket, and the person's command. */
import { guestMark } from "../../../agent/wire/socket.ts";

const mark = "vouch-ssh-folder";

/**
 * A new folder for each connection, for its user alone: no socket of an earlier one is in the way, and none of a stranger.
 * It is there until stdin ends, which it does also when this side is killed or the network goes.
 */
const script = [
  "umask 077",
  // Lengths in bytes.
  "LC_ALL=C",
  // A path with other characters could not be named to ssh and in the command.
  'others() { printf %s "$1" | LC_ALL=C tr -d "A-Za-z0-9_./@+,-" | wc -c; }',
  'fits() { case "$1" in /*) [ $(others "$1") -eq 0 ] && [ ${#1} -le 72 ] && [ -d "$1" ] && [ -w "$1" ];; *) false;; esac; }',
  'd="$XDG_RUNTIME_DIR"',
  'fits "$d" || d="/run/user/$(id -u)"',
  'fits "$d" || { d="$HOME/.local/state/vouch"; mkdir -p "$d" 2>/dev/null; }',
  'fits "$d" || d=/tmp',
  'd="$(mktemp -d "$d/vouch-ssh.XXXXXXXX")" || exit 1',
  `trap "rm -f \\"$d/agent.sock\\" \\"$d/${guestMark}\\"; rmdir \\"$d\\"" EXIT`,
  'trap "exit 1" HUP INT TERM',
  // Programs there leave their own files elsewhere.
  `: >"$d/${guestMark}"`,
  // A login shell may print a greeting, too.
  'v="$({ command -v vouch || "${SHELL:-sh}" -lc "command -v vouch" </dev/null 2>/dev/null; } | grep "^/" | tail -n 1)"',
  '[ -x "$v" ] && v=found || v=',
  `printf "\\n${mark} %s %s\\n" "$v" "$d"`,
  "cat >/dev/null",
].join("; ");

/** The words for the first connection, for any login shell. */
export const holdFolder = throughLoginShell("", script);

export interface FarFolder {
  path: string;
  hasVouch: boolean;
}

/** What the script has printed, behind what the shell's own start files print; undefined while it is not whole. */
export function farFolder(printed: string): FarFolder | undefined {
  const [, found, path] = new RegExp(`^${mark} (found)? ?(/[\\w./@+,-]{1,90})\\r?$`, "m").exec(printed) ?? [];
  return path === undefined ? undefined : { path, hasVouch: found !== undefined };
}

/** The words for the second connection: a shell, or the command as ssh would run it, with the variable. */
export function withVariable({ path }: FarFolder, command: readonly string[]): string {
  return throughLoginShell(
    `env VOUCH_RUNTIME_DIR=${path} `,
    command.length === 0 ? loginShell : `exec "$SHELL" -c "$(printf %b "${octal(command.join(" "))}")"`,
  );
}

/** elvish has no login shells. */
const loginShell = 'case "$SHELL" in */elvish) exec "$SHELL";; esac; exec "$SHELL" -l';

/**
 * A line that every login shell reads as `sh -c` and the script. In single quotes csh still expands `!`, fish takes `\\`
 * for one backslash, and elvish has another way to write a quote: the script has none of these, and no line ends.
 */
function throughLoginShell(before: string, posixScript: string): string {
  return `exec ${before}sh -c '${posixScript}'`;
}

/** The text for printf's `%b` in double quotes: other characters than these as octal escapes of their bytes. */
function octal(text: string): string {
  return Buffer.from(text)
    .toString("latin1")
    .replaceAll(/[^\w ./:=@+,-]/g, (byte) => `\\0${byte.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
