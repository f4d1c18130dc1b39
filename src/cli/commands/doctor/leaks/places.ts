/** Where people and tools leave tokens behind, besides the files that the package managers' own tables name. */
import { dirname, join, sep } from "node:path";
import type { Machine } from "../../../../tools/checks/finding.ts";
import { allTools } from "../../../../tools/tools.ts";
import { agentLogPath } from "../../../../agent/wire/log-path.ts";
import { lstat } from "../../../../agent/wire/client.ts";
import { namesIn } from "../../../../base/system/folder-names.ts";

/** What kind of file it is: each kind is edited in its own way. */
export type PlaceKind = "settings" | "history" | "log";

export interface FilePlace {
  path: string;
  kind: PlaceKind;
}

/** A folder that is searched with everything below it. */
export interface FolderPlace extends FilePlace {
  depth: number;
}

export interface Places {
  files: FilePlace[];
  folders: FolderPlace[];
}

/** Relative to the home folder. */
const settingsInHome = [
  ".aws/config",
  ".aws/credentials",
  ".bash_profile",
  ".bashrc",
  ".bundle/config",
  ".cargo/config",
  ".cargo/config.toml",
  ".cargo/credentials",
  ".cargo/credentials.toml",
  ".config/containers/auth.json",
  ".config/fish/config.fish",
  ".config/fish/fish_variables",
  ".config/git/credentials",
  ".config/hatch/config.toml",
  ".config/pip/pip.conf",
  ".config/pnpm/rc",
  "Library/Preferences/pnpm/rc",
  ".condarc",
  ".curlrc",
  ".docker/config.json",
  ".env",
  ".envrc",
  ".gem/credentials",
  ".gemrc",
  ".git-credentials",
  ".gitconfig",
  ".gradle/gradle.properties",
  ".gradle/init.gradle",
  ".m2/settings.xml",
  ".mavenrc",
  ".netrc",
  ".npmrc",
  ".nuget/NuGet/NuGet.Config",
  ".pam_environment",
  ".pip/pip.conf",
  ".profile",
  ".pypirc",
  ".wgetrc",
  ".yarnrc",
  ".yarnrc.yml",
  ".zprofile",
  ".zshenv",
  ".zshrc",
  "Library/Application Support/hatch/config.toml",
  "Library/Application Support/pip/pip.conf",
];

const historiesInHome = [
  ".ash_history",
  ".bash_history",
  ".config/nushell/history.sqlite3",
  ".config/nushell/history.txt",
  ".history",
  ".ksh_history",
  ".lesshst",
  ".local/share/atuin/history.db",
  ".local/share/fish/fish_history",
  ".local/share/powershell/PSReadLine/ConsoleHost_history.txt",
  ".local/share/xonsh/xonsh-history.sqlite",
  ".mksh_history",
  ".node_repl_history",
  ".python_history",
  ".sh_history",
  ".tcsh_history",
  ".viminfo",
  ".zhistory",
  ".zsh_history",
];

/** Folders of a project whose files are searched, too. */
const foldersOfProject = ["", ".bundle", ".cargo", ".config", ".devcontainer", ".gradle", ".idea", ".mvn", ".vscode"];

/** Every place on the machine, whether it exists or not. */
export function leakPlaces(machine: Machine): Places {
  const { env, home, cwd } = machine;
  const inHome = (names: string[], kind: PlaceKind): FilePlace[] =>
    names.map((name) => ({ path: join(home, name), kind }));
  const named = (names: string[], kind: PlaceKind): FilePlace[] =>
    names.flatMap((name) => (env[name]?.startsWith("/") ? [{ path: env[name], kind }] : []));
  const config = absolute(env["XDG_CONFIG_HOME"], home, ".config");
  const cache = absolute(env["XDG_CACHE_HOME"], home, ".cache");
  const npmCache = absolute(npmSetting(env, "npm_config_cache"), home, ".npm");
  const agentLog = agentLogPath(lstat, env);
  const logs = [join(cache, "pip/log"), join(home, ".pip/pip.log"), join(home, "Library/Logs/pip.log")];
  if (agentLog !== undefined) logs.push(agentLog, `${agentLog}.1`);
  return {
    files: [
      ...allTools.flatMap((tool) => tool.tokenPlaces(machine)).map(({ path }) => ({ path, kind: "settings" as const })),
      ...inHome(settingsInHome, "settings"),
      { path: join(config, "hatch/config.toml"), kind: "settings" },
      ...namesIn(join(config, "environment.d")).map((name) => ({
        path: join(config, "environment.d", name),
        kind: "settings" as const,
      })),
      ...(env["XDG_RUNTIME_DIR"]?.startsWith("/")
        ? [{ path: join(env["XDG_RUNTIME_DIR"], "containers/auth.json"), kind: "settings" as const }]
        : []),
      ...named(["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "PIP_CONFIG_FILE", "NETRC"], "settings"),
      ...projectFolders(cwd, home).flatMap((folder) =>
        foldersOfProject.flatMap((below) =>
          namesIn(join(folder, below)).map((name) => ({
            path: join(folder, below, name),
            kind: name.endsWith(".log") ? ("log" as const) : ("settings" as const),
          })),
        ),
      ),
      ...inHome(historiesInHome, "history"),
      ...named(["HISTFILE"], "history"),
      ...logs.map((path) => ({ path, kind: "log" as const })),
      ...named(["PIP_LOG", "PIP_LOG_FILE"], "log"),
    ],
    folders: [
      { path: join(home, ".aws/cli/cache"), kind: "settings", depth: 1 },
      { path: join(home, ".aws/sso/cache"), kind: "settings", depth: 1 },
      { path: join(home, ".aws/boto/cache"), kind: "settings", depth: 1 },
      { path: join(home, ".zsh_sessions"), kind: "history", depth: 1 },
      { path: join(home, ".bash_sessions"), kind: "history", depth: 1 },
      { path: join(npmCache, "_logs"), kind: "log", depth: 1 },
      { path: join(npmCache, "_cacache/index-v5"), kind: "log", depth: 3 },
      { path: join(cache, "pip/http"), kind: "log", depth: 7 },
      { path: join(cache, "pip/http-v2"), kind: "log", depth: 7 },
      { path: join(cache, "pypoetry/cache"), kind: "log", depth: 6 },
      { path: join(cache, "pdm/http"), kind: "log", depth: 7 },
      { path: join(home, "Library/Caches/pip"), kind: "log", depth: 8 },
      { path: join(home, ".gradle/daemon"), kind: "log", depth: 2 },
    ],
  };
}

/**
 * The current folder and those around it, up to that of the repository or below the home folder; none for the home
 * folder itself, whose files are named one by one.
 */
function projectFolders(cwd: string, home: string): string[] {
  const folders: string[] = [];
  for (let folder = cwd; folder !== home && folder !== dirname(folder); folder = dirname(folder)) {
    // Above a folder of the home folder; not above /tmp, where other people's files are.
    if (folder !== cwd && !folder.startsWith(home + sep)) break;
    folders.push(folder);
    if (namesIn(folder).includes(".git")) break;
  }
  return folders;
}

/** npm reads its variables in any case. */
function npmSetting(env: Machine["env"], name: string): string | undefined {
  return Object.entries(env).find(([each]) => each.toLowerCase() === name)?.[1];
}

function absolute(value: string | undefined, home: string, otherwise: string): string {
  return value?.startsWith("/") ? value : join(home, otherwise);
}
