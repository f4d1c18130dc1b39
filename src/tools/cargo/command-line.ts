/**
 * Which folders' configuration Cargo reads, besides those of the current one: `cargo install --path DIR` reads that of
 * DIR (and of the current folder), a script's command that of the script. A credential provider is not told, so the
 * command lines of its parents are read.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { VouchError } from "../../base/errors.ts";

interface Process {
  /** Its arguments, the program's name first. */
  words: string[];
  /** Whether a word may be a part of an argument, since blanks in arguments and between them look the same. */
  isSplit: boolean;
  parent: number;
}

/** Further up than this a wrapper's own parents are of no interest. */
const maxAncestors = 8;

/**
 * The arguments of Cargo: those of the parent, and, where that is not Cargo but a wrapper, of each process up to it.
 * Throws `project_untrusted` when they cannot be read: then nobody can say which files Cargo has merged.
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

/** proc_pid_cmdline(5), and proc_pid_stat(5), whose second field is a name in parentheses that may hold anything. */
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

/** More words than this are joined with none but their neighbours. */
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
 * Every folder that the words may name: the word, what follows a `=`, what follows a short option, and the parts of a
 * quoted list. Each is given as written and resolved; the folder of a file stands for the file.
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
      // Nothing that Cargo could read either.
    }
  }
  return [...folders];
}
