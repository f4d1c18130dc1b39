/**
 * Dispatches by the executable's name (argv[0]) and the first arguments. Every role is imported when it is needed, so that
 * a helper loads nothing that it does not use. On Linux the first stage (src/first-stage) has answered the plain cases of
 * Cargo's provider, `keyring get`, `vouch exec` and `vouch status --prompt` before this runtime starts.
 */
import type { Attempt } from "./helper/attempt.ts";

const name = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
/** The names of shims whose arguments all belong to the real program. */
const isPackageManager = /^(?:np[mx]|pn(?:pm|px|x)?|pip[0-9.]*)$/.test(name);

/** `--first-stage DESCRIPTOR`, which the first stage puts before all other arguments if it has done a part of the work. */
const isContinued =
  process.argv[2] === "--first-stage" && process.argv.length > 3 && (name === "vouch" || name === "keyring");
const args = process.argv.slice(isContinued ? 4 : 2);
/**
 * The arguments without the flag of `vouch --debug COMMAND`; after the command, its own parser reads the flag. Arguments
 * of shims belong to the real program.
 */
const words = args[0] === "--debug" ? args.slice(args.findIndex((word) => word !== "--debug")) : args;

interface Role {
  /** The arguments belong to another program. */
  isShim?: true;
  /** Resolves with the exit code; `left` is what the first stage has done. */
  start: (left: Attempt | undefined) => Promise<number>;
}

const role = roleOf() ?? (await roleByTable());
process.exitCode = await run();

/** A ladder of conditions, because building and searching a table costs a cold process 0.1 ms more. */
function roleOf(): Role | undefined {
  if (args[0] === "--cargo-plugin") {
    return {
      start: async (left) => (await import("./tools/cargo/credential-provider.ts")).runCargoProvider(left),
    };
  }
  if (name === "keyring") {
    return {
      isShim: true,
      start: async (left) => (await import("./tools/python/keyring.ts")).runKeyring(args, left),
    };
  }
  if (name === "npm" || name === "npx") {
    return { isShim: true, start: async () => (await import("./tools/npm/shim.ts")).runNpmShim(name, args) };
  }
  if (isPackageManager && name.startsWith("pn")) {
    return { isShim: true, start: async () => (await import("./tools/pnpm/shim.ts")).runPnpmShim(name, args) };
  }
  if (isPackageManager) {
    return { isShim: true, start: async () => (await import("./tools/pip/shim.ts")).runPipShim(name, args) };
  }
  return name === "vouch" ? roleOfCommand() : undefined;
}

function roleOfCommand(): Role {
  if (words[0] === "exec" && !asksForHelp()) {
    return {
      start: async (left) => (await import("./exec/exec.ts")).runExec(words.slice(1), left),
    };
  }
  if (words[0] === "credential" && !asksForHelp()) {
    return { start: async () => (await import("./exec/credential.ts")).runCredential(words.slice(1)) };
  }
  if (words[0] === "status" && words[1] === "--prompt" && words.length === 2) {
    return { start: async (left) => (await import("./helper/status-prompt.ts")).runStatusPrompt(left) };
  }
  return { start: runCli };
}

/**
 * The shims of other package managers stand in the table of tools, and `exec` behind one is its own; under any other name
 * this is the command line.
 */
async function roleByTable(): Promise<Role> {
  const { runnerOf } = await import("./tools/tools.ts");
  const runner = runnerOf(name, process.env);
  return runner === undefined ? roleOfCommand() : { isShim: true, start: async () => runner(name, args) };
}

async function run(): Promise<number> {
  (await import("./agent/process/hardening.ts")).closeMemory();
  if (process.platform === "win32") {
    const refusal = (await import("./base/system/windows.ts")).refusalOnWindows(words);
    if (refusal !== undefined) (await import("./helper/output.ts")).exitWith(refusal);
  }
  const index = process.env["CARGO_REGISTRY_INDEX_URL"];
  if (
    index !== undefined &&
    args[0] !== "--cargo-plugin" &&
    (name !== "vouch" || /^(exec|credential)$/.test(words[0] ?? ""))
  ) {
    const { tokenFromStdout } = await import("./exec/token-from-stdout.ts");
    (await import("./helper/output.ts")).exitWith(tokenFromStdout(index));
  }
  if (words !== args && !role.isShim) process.env["VOUCH_DEBUG"] = "1";
  return role.start(await attempt());
}

async function attempt(): Promise<Attempt | undefined> {
  if (!isContinued) return undefined;
  const { readAttempt } = await import("./helper/attempt.ts");
  try {
    return readAttempt(process.argv[3]!);
  } catch (error) {
    return (await import("./helper/output.ts")).exitWith(error);
  }
}

async function runCli(): Promise<number> {
  return (await import("./cli/main.ts")).runCli(words, {
    agent: () => import("./agent/process/daemon.ts"),
    server: () => import("./server/command/command.ts"),
  });
}

/** Whether the arguments before `--` ask for help or are missing: the command line then prints the help. */
function asksForHelp(): boolean {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  return words.length === 1 || own.includes("--help") || own.includes("-h");
}
