/** What runs on the other machine: the making and removing of a folder for the socket, and the person's command. */
import { guestMark } from "../../../agent/wire/socket.ts";
import { shellQuoted } from "../../../base/shell-word.ts";

const mark = "vouch-ssh-folder";

/**
 * A new folder for each connection, for its user alone: no socket of an earlier one is in the way, and none of a stranger.
 * It is there until stdin ends, which it does also when this side is killed or the network goes.
 */
const script = [
  "umask 077",
  // Ranges and lengths in bytes. A path with other characters could not be named to ssh and in the command.
  "LC_ALL=C",
  'fits() { case "$1" in *[!A-Za-z0-9_./@+,-]*) false;; /*) [ ${#1} -le 72 ] && [ -d "$1" ] && [ -w "$1" ];; *) false;; esac; }',
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

/** The words for the first connection. Quoted so that any login shell takes them as they are. */
export const holdFolder = `exec sh -c ${shellQuoted(script)}`;

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
  const shell = command.length === 0 ? '"$SHELL" -l' : `"$SHELL" -c ${shellQuoted(command.join(" "))}`;
  return `exec env VOUCH_RUNTIME_DIR=${path} ${shell}`;
}
