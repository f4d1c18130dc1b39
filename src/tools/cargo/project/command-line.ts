/**
 * Additional folders whose configuration Cargo reads: `cargo install --path DIR` reads that of DIR (and of the current
 * folder), a script's command that of the script. A credential provider does not receive them, so its parents' command
 * lines are read.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { VouchError } from "../../../base/errors.ts";

interface Process {
  /** Its arguments, the program's name first. */
  words: string[];
  /** Whether words may be parts of an argument, because blanks inside and between arguments look the same. */
  isSplit: boolean;
  parent: number;
}

/** Maximum number of parent processes to look at. */
const maxAncestors = 8;

/**
 * Cargo's arguments: the parent's and, if that is a wrapper, those of each process up to Cargo. Throws
 * `project_untrusted` if they cannot be read, because the merged files are then unknown.
 */
export function cargoArguments(parent: number, platform: NodeJS.Platform = process.platform): string[] {
  const words: string[] = [];
  let pid = parent;
  // In a container Cargo may be process 1.
  for (let count = 0; count < maxAncestors && pid > 0; count++) {
    let found: Process;
    try {
      found = platform === "linux" ? fromProc(pid) : fromPs(pid);
    } catch (error) {
      throw new VouchError("project_untrusted", "Vouch cannot read the command line of Cargo, which started it.", {
        hint: "Without it nobody knows whose configuration decides about the network. On Linux it needs /proc.",
        cause: error,
      });
    }
    words.push(...(found.isSplit ? joinedWords(found.words) : found.words));
    if (/(^|\/)cargo(-[^/]*)?$/.test(found.words[0] ?? "")) break;
    pid = found.parent;
  }
  return words;
}

/** proc_pid_cmdline(5), and proc_pid_stat(5), whose second field is a name in parentheses with arbitrary content. */
function fromProc(pid: number): Process {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0$/, "").split("\0");
  if (words[0] === "") throw new Error("the process has none");
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  return { words, isSplit: false, parent };
}

/** POSIX ps; `-ww` for the whole line. */
function fromPs(pid: number): Process {
  const { stdout, success } = Bun.spawnSync(["/bin/ps", "-ww", "-o", "ppid=", "-o", "args=", "-p", String(pid)], {
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    timeout: 10_000,
  });
  const match = /^\s*([0-9]+) (.*)\n$/s.exec(stdout.toString("utf8"));
  if (!success || !match) throw new Error("ps does not know the process");
  return { words: match[2]!.split(" "), isSplit: true, parent: Number(match[1]) };
}

/** Limit on words that are joined in every combination; beyond it only neighbours are joined. */
const maxJoined = 100;

function joinedWords(words: string[]): string[] {
  const reach = words.length > maxJoined ? 2 : words.length;
  return words.flatMap((_, from) =>
    Array.from({ length: Math.min(reach, words.length - from) }, (__, count) =>
      words.slice(from, from + count + 1).join(" "),
    ),
  );
}

/**
 * Every folder that the words may name: the word, the part after a `=`, the part after a short option, and the parts of
 * a quoted list, each as written and resolved; for a file, its folder.
 */
export function namedFolders(words: string[], cwd: string): string[] {
  const parts = words.flatMap((word) => [
    word,
    word.slice(word.indexOf("=") + 1),
    ...(/^-[A-Za-z]./.test(word) ? [word.slice(2)] : []),
    ...word.split(/[\s"'=,[\]]+/),
  ]);
  const folders = new Set<string>();
  for (const part of new Set(parts)) {
    if (part === "" || part.includes("\0")) continue;
    const path = part.startsWith("/") ? part : `${cwd.replace(/\/$/, "")}/${part}`;
    try {
      const folder = statSync(path).isDirectory() ? path : dirname(path);
      folders.add(folder);
      folders.add(realpathSync(folder));
    } catch {
      // Cargo could not read it either.
    }
  }
  return [...folders];
}
