/** How each shell quotes a word and puts a folder first on PATH. */
import { shellQuoted } from "../../base/words/shell-word.ts";

interface Dialect {
  /** The line that puts a folder, as a word of the shell, first on PATH. */
  line: (folder: string) => string;
  quoted: (path: string) => string;
  /** Where a plain word would be a name: PowerShell and xonsh have an expression there. */
  always?: true;
}

const dialects = {
  sh: { line: (folder) => `export PATH=${folder}:"$PATH"`, quoted: shellQuoted },
  bash: { line: (folder) => `export PATH=${folder}:"$PATH"`, quoted: shellQuoted },
  zsh: { line: (folder) => `export PATH=${folder}:"$PATH"`, quoted: shellQuoted },
  fish: {
    line: (folder) => `set -gx PATH ${folder} $PATH`,
    quoted: (path) => `'${path.replaceAll(/[\\']/g, "\\$&")}'`,
  },
  nu: {
    line: (folder) => `$env.PATH = ($env.PATH | split row (char esep) | prepend ${folder})`,
    quoted: (path) => `"${path.replaceAll(/[\\"]/g, "\\$&")}"`,
  },
  pwsh: {
    line: (folder) => `$env:PATH = ${folder} + [IO.Path]::PathSeparator + $env:PATH`,
    quoted: (path) => `'${path.replaceAll("'", "''")}'`,
    always: true,
  },
  tcsh: {
    line: (folder) => `setenv PATH ${folder}:"$PATH"`,
    // History expansion works inside quotes, too.
    quoted: (path) => shellQuoted(path).replaceAll("!", "\\!"),
  },
  elvish: {
    line: (folder) => `set paths = [${folder} $@paths]`,
    quoted: (path) => `'${path.replaceAll("'", "''")}'`,
  },
  xonsh: {
    line: (folder) => `$PATH.insert(0, ${folder})`,
    quoted: (path) => `'${path.replaceAll(/[\\']/g, "\\$&")}'`,
    always: true,
  },
} satisfies Record<string, Dialect>;

export type DialectName = keyof typeof dialects;

const sameDialect: Record<string, DialectName> = { csh: "tcsh", powershell: "pwsh", nushell: "nu" };

/** Any line that `pathLine` gives. */
const anyPathLine =
  /^(export PATH=|set -gx PATH |\$env\.PATH = \(|\$env:PATH = |setenv PATH |set paths = \[|\$PATH\.insert\(0, )/;

/** The dialect of a shell by the name of its program; POSIX syntax for an unknown shell. */
export function dialectOf(shell: string): DialectName {
  const name = sameDialect[shell] ?? shell;
  return Object.hasOwn(dialects, name) ? (name as DialectName) : "sh";
}

/** The path as one word of that shell, in quotes. */
export function quotedIn(name: DialectName, path: string): string {
  return dialects[name].quoted(path);
}

/** The line that puts a folder first on PATH, in the shell's syntax. */
export function pathLine(shell: string, folder: string): string {
  const name = dialectOf(shell);
  const { line, always }: Dialect = dialects[name];
  return line(/^[\w./-]+$/.test(folder) && !always ? folder : quotedIn(name, folder));
}

/** Whether the line is one that `pathLine` gives, for any shell. */
export function isPathLine(line: string): boolean {
  return anyPathLine.test(line);
}
