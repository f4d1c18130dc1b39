/** Interactive shells with a start file, on a terminal, in a home folder of their own. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInTerminal } from "../../pty.ts";
import { requires, requiresPath } from "../../requires.ts";

const nu = join(import.meta.dir, "../../../.tools/nushell/node_modules/.bin/nu");

/** Nushell asks the terminal at each prompt where the cursor is, and takes what was typed before for the answer. */
const asksForCursor = "\x1b[6n";

interface Shell {
  command: string[];
  /** The start file, below the home folder. */
  startFile: string;
  /** Sets PATH to a folder and what it was. */
  prepend: (folder: string) => string;
  /** Writes words, with variables of that shell in them, as a line of the file of answers. */
  answer: (words: string) => string;
}

const posix = {
  prepend: (folder: string) => `PATH=${folder}:$PATH`,
  answer: (words: string) => `printf '%s\\n' "${words}" >>"$ANSWERS"`,
};

export const shells: Record<string, Shell> = {
  bash: { ...posix, command: ["bash", "-i"], startFile: ".bashrc" },
  zsh: { ...posix, command: ["zsh", "-i"], startFile: ".zshrc" },
  fish: {
    command: ["fish", "-i"],
    startFile: ".config/fish/config.fish",
    prepend: (folder) => `set -gx PATH ${folder} $PATH`,
    answer: (words) => `printf '%s\\n' "${words}" >>$ANSWERS`,
  },
  nu: {
    command: [nu],
    startFile: ".config/nushell/config.nu",
    prepend: (folder) => `$env.PATH = ($env.PATH | prepend ${folder})`,
    answer: (words) => `$"${words.replaceAll(/\$(\w+)/g, "($env.$1 | str join ':')")}\\n" | save --append $env.ANSWERS`,
  },
};

/** Whether the shell is installed; a test without it is skipped by name. */
export function requiresShell(name: string): boolean {
  return name === "nu" ? requiresPath(nu, ".ci/tools nushell") : requires(name);
}

interface Session {
  /** The home folder. */
  home: string;
  /** The text of the start file; without it, the file is what is there. */
  startFile?: string;
  /** What the person types, line by line; the last is `exit`. */
  typed: string[];
  env?: Record<string, string>;
}

/** The lines of the file of answers after a session in the shell, and what the terminal has shown. */
export async function interactive(name: string, session: Session): Promise<{ answers: string[]; screen: string }> {
  const { home } = session;
  const { command, startFile } = shells[name]!;
  const answers = join(home, "answers");
  writeFileSync(answers, "");
  const path = join(home, startFile);
  mkdirSync(join(path, ".."), { recursive: true });
  if (session.startFile !== undefined) writeFileSync(path, session.startFile);
  chmodSync(home, 0o700);
  const env = {
    HOME: home,
    ZDOTDIR: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    PATH: "/usr/bin:/bin",
    LC_ALL: "C.UTF-8",
    ANSWERS: answers,
    ...session.env,
  };
  const { screen } = await runInTerminal(command, { cwd: home, env }, async ({ see, type }) => {
    for (const line of [...session.typed, "exit"]) {
      if (name === "nu") await see(asksForCursor);
      type(`${line}\r`);
    }
  });
  return { answers: readFileSync(answers, "utf8").split("\n").slice(0, -1), screen };
}
