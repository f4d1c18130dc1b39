/**
 * Dispatches by the executable's name (argv[0]) and the first arguments. The helpers that are started most often try
 * their fast path first (helper/quick), which is part of the executable's first chunk; everything else is imported when
 * it is needed, so that a helper loads nothing that it does not use.
 */
import { answerCargo } from "./helper/quick/cargo.ts";
import { execCommand } from "./helper/quick/exec.ts";
import { answerKeyring } from "./helper/quick/keyring.ts";

const args = process.argv.slice(2);
const name = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);

/** State that the fast path hands to the fallback; a fast path that succeeds ends the process itself. */
const left =
  args[0] === "--cargo-plugin"
    ? answerCargo()
    : name === "keyring"
      ? answerKeyring(args)
      : args[0] === "exec"
        ? execCommand(args.slice(1))
        : undefined;

process.exitCode = await run();

async function run(): Promise<number> {
  // `vouch --debug COMMAND`: after the command, its own parser reads the flag. Arguments of shims belong to the real
  // program.
  const words = args.slice(args.findIndex((word) => word !== "--debug"));
  const [role] = words;
  (await import("./agent/process/hardening.ts")).closeMemory();
  if (process.platform === "win32") {
    const refusal = (await import("./base/system/windows.ts")).refusalOnWindows(words);
    if (refusal !== undefined) (await import("./helper/output.ts")).exitWith(refusal);
  }
  if (args[0] === "--cargo-plugin")
    return (await import("./tools/cargo/credential-provider.ts")).runCargoProvider(left);
  const index = process.env["CARGO_REGISTRY_INDEX_URL"];
  if (index !== undefined && (name !== "vouch" || role === "exec" || role === "credential")) {
    const { tokenFromStdout } = await import("./exec/token-from-stdout.ts");
    (await import("./helper/output.ts")).exitWith(tokenFromStdout(index));
  }
  if (name === "keyring") return (await import("./tools/python/keyring.ts")).runKeyring(args, left);
  if (name === "npm" || name === "npx") return (await import("./tools/npm/shim.ts")).runNpmShim(name, args);
  if (/^pn(pm|px|x)?$/.test(name)) return (await import("./tools/pnpm/shim.ts")).runPnpmShim(name, args);
  if (/^pip[0-9.]*$/.test(name)) return (await import("./tools/pip/shim.ts")).runPipShim(name, args);
  if (words.length < args.length) process.env["VOUCH_DEBUG"] = "1";
  if (role === "exec" && !asksForHelp(words)) {
    return (await import("./exec/exec.ts")).runExec(words.slice(1), left);
  }
  if (role === "credential" && !asksForHelp(words)) {
    return (await import("./exec/credential.ts")).runCredential(words.slice(1));
  }
  return (await import("./cli/main.ts")).runCli(words, {
    agent: () => import("./agent/process/daemon.ts"),
    server: () => import("./server/command/command.ts"),
  });
}

/** Whether the arguments before `--` ask for help or are missing: the command line then prints the help. */
function asksForHelp(words: string[]): boolean {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  return words.length === 1 || own.includes("--help") || own.includes("-h");
}
