/**
 * The arguments of processes for the record, masked: they may hold passwords, tokens and URLs with either. Nothing that is
 * not known to be harmless passes: names of programs and their subcommands from a list, and names of flags without
 * their values.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** Limits: bytes that are read, and words that are kept. */
const maxBytes = 4_096;
const maxWords = 24;

export const masked = "***";

/** Programs that ask, or have such below them, and those that start them. */
const programs =
  "ant aws bash bazel bazelisk brew bun bundle bundler bunx cargo cargo-clippy cargo-nextest clippy-driver cmake code composer conda corepack dash deno dotnet env fish gem gh git go gradle gradlew hatch hg java jenkins jest just keyring ksh make mamba maven mise mvn mvnw nextest ninja node nox npm npx nu nuget nvim pdm pip pipenv pipx pnpm pnpx poetry publish pwsh py pytest python rake rspec ruby rustc rustup rye sbt setup.py sh ssh sudo swift swiftc systemd task timeout tmux tox tsc turbo twine unittest uv uvx vim virtualenv vite vitest vouch watch webpack xargs xonsh yarn zsh venv ensurepip";
/** Words after them that say what they do. */
const subcommands =
  "access add agent approve archive assemble audit autoclean b bench bin bootstrap build c cache check ci clean clippy codeartifact compile completions config configure create credential d dedupe default deploy deprecate develop dev diff dist dist-tag dlx doc doctor download edit enroll env exec export fetch fix fmt format freeze generate-lockfile get global graph help hook i import info init inspect install install-test it keys ld link lint list ll local lock log login logout ls metadata migrate miri new outdated owner owners pack package ping plugin prefetch prefix prune pull push query read rebuild release remove repo report reset resolve restart restore rm root run run-script rustdoc script search self serve server sessions set setup shell show size spec star start stats status stop store switch sync t test tool tree trust types un uninstall unlink unpublish unstage unyank up update upgrade upload validate vendor verify verify-project version versions view wheel which whoami why workspace workspaces yank";

const knownPrograms = new Set(programs.split(" "));
const knownWords = new Set([...programs.split(" "), ...subcommands.split(" ")]);
/** Flags before a word that is none of their value, or whose value is the name of a program. */
const plainFlags = new Set(
  "-g -m -q -s -v -y --all --dev --frozen --frozen-lockfile --global --locked --no-dev --offline --quiet --release --silent --verbose --workspace --yes".split(
    " ",
  ),
);

/** The masked arguments of the process; undefined where the system does not say. */
export function argumentsOf(pid: number): string[] | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${pid}/cmdline`, "r");
    const bytes = Buffer.alloc(maxBytes);
    const size = readSync(fd, bytes, 0, maxBytes, 0);
    // The last one may be cut off, which its mask hides.
    const words = bytes.toString("utf8", 0, size).replace(/\0+$/, "").split("\0");
    return size === 0 ? undefined : maskArguments(words);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The arguments, the program's name first, each masked that is not known to be harmless. */
export function maskArguments([program = "", ...words]: readonly string[]): string[] {
  // A program may have written a title of its own there, as npm does: one text with blanks.
  const [title = "", ...titleWords] = program.split(/\s+/);
  const shown = [programName(title), ...masking([...titleWords, ...words])];
  return shown.length <= maxWords ? shown : [...shown.slice(0, maxWords), "…"];
}

/** Of a path the last part: folders are named by people. */
function programName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // python3.12, and the dash of a login shell.
  const plain = name.replace(/^-/, "").replace(/(?:-?\d{1,2}(?:\.\d{1,2})?)$/, "");
  return knownPrograms.has(plain) ? name : masked;
}

function masking(words: readonly string[]): string[] {
  let isValue = false;
  return words.map((word) => {
    const isFlag = isFlagName(word);
    const shown = isFlag ? word : flagWithValue(word);
    const isPlain = shown === undefined && !isValue && knownWords.has(word);
    // What follows a flag may be its value, unless the flag is known to have none.
    isValue = isFlag && word !== "--" && !plainFlags.has(word);
    return shown ?? (isPlain ? word : masked);
  });
}

/** A letter, or up to four short words in small letters. */
function isFlagName(word: string): boolean {
  return /^(?:-[A-Za-z]|--|--[a-z]{1,12}(?:-[a-z]{1,12}){0,3})$/.test(word);
}

/** `--flag=value`, whose value is masked. */
function flagWithValue(word: string): string | undefined {
  const end = word.indexOf("=");
  const name = word.slice(0, end);
  return end > 0 && name !== "--" && isFlagName(name) ? `${name}=${masked}` : undefined;
}
