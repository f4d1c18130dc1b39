/** What runs on the other machine: the making and removing of a folder for the socket, and the person's command. */
import { shellQuoted } from "../../../base/shell-word.ts";

const mark = "vouch-ssh-folder";

/**
 * A new folder for each connection, for its user alone: no socket of an earlier one is in the way, and none of a stranger.
 * It is there until stdin ends, which it does also when this side is killed or the network goes.
 */
const script = [
  "umask 077",
  'd="$XDG_RUNTIME_DIR"',
  '[ -n "$d" ] && [ -d "$d" ] && [ -w "$d" ] || d="/run/user/$(id -u)"',
  '[ -d "$d" ] && [ -w "$d" ] || { d="$HOME/.local/state/vouch"; mkdir -p "$d"; }',
  '[ "$(printf %s "$d" | wc -c)" -le 72 ] || d=/tmp',
  'd="$(mktemp -d "$d/vouch-ssh.XXXXXXXX")" || exit 1',
  'trap "rm -f \\"$d/agent.sock\\"; rmdir \\"$d\\"" EXIT',
  'trap "exit 1" HUP INT TERM',
  'v="$(command -v vouch || "${SHELL:-sh}" -lc "command -v vouch" 2>/dev/null)"',
  `printf "\\n${mark} %s %s\\n" "\${v:+found}" "$d"`,
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
  const [, found, path] = new RegExp(`^${mark} (found)? ?(/[\\w./@:+,-]{1,90})\\r?$`, "m").exec(printed) ?? [];
  return path === undefined ? undefined : { path, hasVouch: found !== undefined };
}

/** The words for the second connection: a shell, or the command as ssh would run it, with the variable. */
export function withVariable({ path }: FarFolder, command: readonly string[]): string {
  const shell = command.length === 0 ? '"$SHELL" -l' : `"$SHELL" -c ${shellQuoted(command.join(" "))}`;
  return `exec env VOUCH_RUNTIME_DIR=${path} ${shell}`;
}
