/** The shims folder on PATH: checks its position, and finds the shell's start file and the line to add. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import { homeFolder } from "../../../base/system/home.ts";
import { findIn, pathFolders } from "../../../base/system/path.ts";
import { hookCommand } from "../../../tools/shell/hook.ts";
import { dialectOf, pathLine } from "../../../tools/shell/dialects.ts";
import { startLines } from "../../../tools/shell/start-file.ts";

export interface ShellAdvice {
  /** The line to add, in the syntax of the user's shell: it gets the hook, or changes PATH. */
  line: string;
  /** The line to type in the shell that runs. */
  now: string;
  /** What `--path yes` writes. */
  lines: string[];
  /** The start file for the lines; undefined for an unsupported shell. */
  file: string | undefined;
}

/** Whether the folder precedes, on PATH, every other folder that has one of the programs. */
export function isFirstOnPath(folder: string, programs: string[], env: Environment): boolean {
  const folders = pathFolders(env);
  const place = folders.indexOf(folder);
  const other = folders.findIndex(
    (each) => each !== folder && programs.some((program) => findIn(each, program) !== undefined),
  );
  return place >= 0 && (other < 0 || place < other);
}

/** Returns the lines and the start file for the user's login shell (SHELL). */
export function shellAdvice(
  folder: string,
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): ShellAdvice {
  const shell = basename(env["SHELL"] ?? "");
  const line = hookCommand(shell) ?? pathLine(shell, folder);
  return {
    line,
    // Nushell takes the hook when it starts.
    now: dialectOf(shell) === "nu" ? pathLine(shell, folder) : line,
    lines: startLines(shell, folder),
    file: startFile(shell, env, platform),
  };
}

function startFile(shell: string, env: Environment, platform: NodeJS.Platform): string | undefined {
  const home = homeFolder(env);
  const config = env["XDG_CONFIG_HOME"] || join(home, ".config");
  switch (shell) {
    case "zsh":
      return join(env["ZDOTDIR"] || home, ".zshrc");
    case "bash": {
      if (platform !== "darwin") return join(home, ".bashrc");
      // Terminals on macOS start a login shell, which reads the first existing one of these.
      const names = [".bash_profile", ".bash_login", ".profile"].map((name) => join(home, name));
      return names.find((name) => existsSync(name)) ?? names[0];
    }
    case "fish":
      return join(config, "fish/conf.d/vouch.fish");
    case "nu":
    case "nushell":
      // https://www.nushell.sh/book/configuration.html
      return platform === "darwin" && !env["XDG_CONFIG_HOME"]
        ? join(home, "Library/Application Support/nushell/config.nu")
        : join(config, "nushell/config.nu");
    case "pwsh":
      // PowerShell profile "current user, all hosts" (about_Profiles).
      return join(config, "powershell/profile.ps1");
    case "tcsh":
      // tcsh reads ~/.cshrc only if there is no ~/.tcshrc.
      return existsSync(join(home, ".tcshrc")) ? join(home, ".tcshrc") : join(home, ".cshrc");
    case "csh":
      return join(home, ".cshrc");
    case "elvish":
      return join(config, "elvish/rc.elv");
    case "xonsh":
      return join(home, ".xonshrc");
    case "sh":
    case "dash":
    case "ksh":
      return join(home, ".profile");
    default:
      return undefined;
  }
}

/** Returns all start files that may contain our line. */
export function startFiles(env: Environment): string[] {
  const shells = ["zsh", "bash", "fish", "nu", "pwsh", "tcsh", "csh", "elvish", "xonsh", "sh"];
  const files = shells.flatMap((shell) => [startFile(shell, env, "linux"), startFile(shell, env, "darwin")]);
  return [...new Set(files.filter((file) => file !== undefined))];
}
