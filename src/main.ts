/**
 * Dispatches by the executable's name (argv[0]) and the first arguments. The helpers that are started most often try
 * their fast path first (helper/quick), which is part of the executable's first chunk; everything else is imported when
 * it is needed, so that a helper loads nothing that it does not use.
 */
import type { Attempt } from "./helper/attempt.ts";
import { answerCargo } from "./helper/quick/cargo.ts";
import { execCommand } from "./helper/quick/exec.ts";
import { answerKeyring } from "./helper/quick/keyring.ts";

const args = process.argv.slice(2);
const name = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
/**
 * The arguments without the flag of `vouch --debug COMMAND`; after the command, its own parser reads the flag. Arguments
 * of shims belong to the real program.
 */
const words = args[0] === "--debug" ? args.slice(args.findIndex((word) => word !== "--debug")) : args;

interface Role {
  /** The arguments belong to another program. */
  isShim?: true;
  /** The fast path: ends this process when it succeeds, else returns state for the fallback. */
  quick?: () => Attempt | undefined;
  /** The fallback, and all there is where there is no fast path. Resolves with the exit code. */
  careful: (left: Attempt | undefined) => Promise<number>;
}

const role = roleOf();
process.exitCode = await run(role.quick?.());

/** A ladder of conditions, because building and searching a table costs a cold process 0.1 ms more. */
function roleOf(): Role {
  if (args[0] === "--cargo-plugin") {
    return {
      quick: answerCargo,
      careful: async (left) => (await import("./tools/cargo/credential-provider.ts")).runCargoProvider(left),
    };
  }
  if (name === "keyring") {
    return {
      isShim: true,
      quick: () => answerKeyring(args),
      careful: async (left) => (await import("./tools/python/keyring.ts")).runKeyring(args, left),
    };
  }
  if (name === "npm" || name === "npx") {
    return { isShim: true, careful: async () => (await import("./tools/npm/shim.ts")).runNpmShim(name, args) };
  }
  if (/^pn(pm|px|x)?$/.test(name)) {
    return { isShim: true, careful: async () => (await import("./tools/pnpm/shim.ts")).runPnpmShim(name, args) };
  }
  if (/^pip[0-9.]*$/.test(name)) {
    return { isShim: true, careful: async () => (await import("./tools/pip/shim.ts")).runPipShim(name, args) };
  }
  if (words[0] === "exec" && !asksForHelp()) {
    return {
      quick: () => (words === args ? execCommand(args.slice(1)) : undefined),
      careful: async (left) => (await import("./exec/exec.ts")).runExec(words.slice(1), left),
    };
  }
  if (words[0] === "credential" && !asksForHelp()) {
    return { careful: async () => (await import("./exec/credential.ts")).runCredential(words.slice(1)) };
  }
  return { careful: runCli };
}

async function run(left: Attempt | undefined): Promise<number> {
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
  return role.careful(left);
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
