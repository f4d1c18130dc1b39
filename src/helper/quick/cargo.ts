/**
 * Fast path of Cargo's credential provider, one request per line: the agent parses the request and answers in Cargo's
 * format. tools/cargo/credential-provider.ts implements the whole protocol.
 */
import type { CargoReply } from "../../agent/protocol.ts";
import type { Attempt } from "../attempt.ts";
import { ask, cargoRoute, isTime, openSystem, print, type System } from "./agent.ts";

/** `{"v":[1]}` and a line end. */
const greeting = new Uint8Array([0x7b, 0x22, 0x76, 0x22, 0x3a, 0x5b, 0x31, 0x5d, 0x7d, 0x0a]);

/** Cargo commands that read the configuration of the current folder and its parents only. */
const plainCommands =
  " build b check c test t run r bench doc d rustc rustdoc clippy fix fetch update metadata tree vendor generate-lockfile add remove rm search info package publish owner yank login logout ";

/**
 * Sends the greeting and answers requests. Ends the process at the end of stdin; returns the state for the fallback if
 * something is not plain.
 */
export function answerCargo(): Attempt {
  const system = openSystem();
  if (system === undefined) return { spentMs: 0 };
  const { syscall, chunk, attempt } = system;
  if (!print(system, greeting)) return attempt;
  attempt.greeted = true;
  attempt.readStdin = () => {
    const count = syscall(system.read, 0, chunk, chunk.length, 0, 0, 0);
    return count < 0 ? undefined : chunk.slice(0, count);
  };
  for (;;) {
    const count = syscall(system.read, 0, chunk, chunk.length, 0, 0, 0);
    if (count === 0) process.exit(0);
    if (count < 0) return attempt;
    // One character per byte: a request that is not ASCII is left to the fallback.
    const line = String.fromCharCode.apply(null, chunk.subarray(0, count) as unknown as number[]);
    attempt.stdin = line;
    const end = line.indexOf("\n");
    if (end !== count - 1 || !readsNoProject(system)) return attempt;
    const { Ok: ok } = (ask(system, cargoRoute, line.slice(0, end)) ?? {}) as Partial<CargoReply>;
    if (ok?.kind !== "get" || ok.cache !== "expires" || !ok.operation_independent) return attempt;
    if (typeof ok.token !== "string" || ok.token === "" || ok.token.includes(" ")) return attempt;
    if (!isTime(ok.expiration)) return attempt;
    // Cargo accepts no other field beside Ok, and Ok contains no object.
    if (system.body.indexOf('{"Ok":') !== 0 || system.body.indexOf("}") !== system.body.length - 2) return attempt;
    const bodyEnd = system.bodyStart + system.body.length;
    chunk[bodyEnd] = 0x0a;
    if (!print(system, chunk.subarray(system.bodyStart, bodyEnd + 1))) return attempt;
    attempt.stdin = "";
  }
}

/**
 * Whether Cargo's merged configuration is certainly the user's own: the parent process is a Cargo with a plain command
 * (or not Cargo), and no folder from the current one up to the root has a `.cargo`, apart from the home folder. All
 * other cases are decided by tools/cargo/project/project-network.ts.
 */
function readsNoProject({ syscall, chunk, openat, read, statx }: System): boolean {
  const { env } = process;
  const commandLine = `/proc/${process.ppid}/cmdline\0`;
  let cwd: string;
  try {
    cwd = process.cwd();
  } catch {
    return false;
  }
  const text = `${commandLine}${cwd}/.cargo\0/.cargo\0`;
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return false;
    bytes[index] = code;
  }
  // The path is absolute, so the folder's descriptor is ignored. O_CLOEXEC; the descriptor closes with the process.
  const file = syscall(openat, 0, bytes, 0x80000, 0, 0, 0);
  const count = syscall(read, file, chunk, chunk.length, 0, 0, 0);
  if (file < 0 || count <= 0) return false;
  const said = String.fromCharCode.apply(null, chunk.subarray(0, count) as unknown as number[]);
  const words = said.split("\0");
  const program = words[0]!;
  const name = program.slice(program.lastIndexOf("/") + 1);
  // A wrapper that Cargo starts in our place has the flag too; a tool with Cargo built in is named after it.
  if (
    name === "cargo"
      ? !plainCommands.includes(` ${words[1]} `)
      : name.startsWith("cargo") || said.includes("--cargo-plugin")
  )
    return false;
  const start = commandLine.length;
  const path = bytes.subarray(start);
  for (let end = start + cwd.length; ; end = text.lastIndexOf("/", end - 1)) {
    // "/.cargo" and its zero are written after the folder; each parent's name is shorter.
    bytes.copyWithin(end, text.length - 8);
    if (syscall(statx, 0, path, 0, 0, chunk, 0) === 0 && text.slice(start, end) !== env["HOME"]) return false;
    if (end === start) return true;
  }
}
