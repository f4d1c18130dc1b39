/** Edits a shell's start file so that the shims folder is first on PATH. */
import { shellQuoted } from "../base/shell-word.ts";
import { removeCommand } from "../editing/edited.ts";
import { insertBlocks, removeBlocks, splitLines } from "../editing/block.ts";

const id = "shims";

/** For each shell: the line that puts a folder first on PATH, and its quoting. */
const dialects: Record<string, { line: (folder: string) => string; quoted: (path: string) => string }> = {
  sh: { line: (folder) => `export PATH=${folder}:"$PATH"`, quoted: shellQuoted },
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
  },
};
const sameDialect: Record<string, string> = { csh: "tcsh", powershell: "pwsh", nushell: "nu" };

/** Any of the lines above. */
const ownLine =
  /^(export PATH=|set -gx PATH |\$env\.PATH = \(|\$env:PATH = |setenv PATH |set paths = \[|\$PATH\.insert\(0, )/;

/** The line that puts a folder first on PATH, in the shell's syntax; POSIX syntax for an unknown shell. */
export function pathLine(shell: string, folder: string): string {
  const name = sameDialect[shell] ?? shell;
  const { line, quoted } = Object.hasOwn(dialects, name) ? dialects[name]! : dialects["sh"]!;
  // PowerShell and xonsh have an expression there, in which a plain word would be a name.
  const isWord = /^[\w./-]+$/.test(folder) && name !== "pwsh" && name !== "xonsh";
  return line(isWord ? folder : quoted(folder));
}

/** Appends the line. `text` is undefined if there is no file; `file` is its path for messages. */
export function addShimsToPath(text: string | undefined, line: string, file: string): string {
  const before = text === undefined ? undefined : removeShimsFromPath(text, file);
  const end = splitLines(before ?? "").length;
  return insertBlocks(before, id, [{ from: end, to: end, lines: [line] }], { file, undo: removeCommand });
}

/** Removes the line. Returns undefined if the file is to be deleted. Throws `edit_conflict`. */
export function removeShimsFromPath(text: string, file: string): string | undefined {
  return removeBlocks(text, id, { file, isOwn: (line) => ownLine.test(line) });
}
