/** Searches the environments and arguments of the user's own processes for tokens. */
import { readdirSync, statSync } from "node:fs";
import { processInfo } from "../../../../base/process/process-info.ts";
import { readRegularFile } from "../../../../base/system/regular-file.ts";
import type { Leak, ProcessLeak, Searched } from "./leak.ts";
import { candidatesIn } from "./token-form.ts";

const maxBytes = 4 << 20;
const psTimeoutMs = 10_000;

type Found = ProcessLeak & { token: string; hasForm: boolean };
type Held = Pick<Found, "variable" | "token" | "hasForm">;

/**
 * The leaks of all processes that the system shows. What only this command's environment has, its shell has exported: the
 * leak is the shell's.
 */
export function searchProcesses(searched: Searched): Leak[] {
  const all = process.platform === "linux" ? inProc(searched) : fromPs(searched);
  const key = ({ variable, token }: Found): string => JSON.stringify([variable, token]);
  const others = all.filter(({ pid }) => pid !== process.pid);
  const known = new Set(others.map(key));
  const shell = processInfo(process.ppid);
  const own = ownLeaks()
    .filter((leak) => !known.has(key(leak)))
    .map((leak) => leakOf(process.ppid, shell?.name ?? "the shell", leak));
  return [...others, ...own];
}

function ownLeaks(): Found[] {
  return Object.entries(process.env).flatMap(([variable, value = ""]) =>
    candidatesIn(value).map(({ token, hasForm }) => leakOf(process.pid, "vouch", { variable, token, hasForm })),
  );
}

function leakOf(pid: number, name: string, { variable, token, hasForm }: Held): Found {
  return { place: "process", pid, name, variable, token, hasForm };
}

/** proc_pid_environ(5): as it was when the program began. */
function inProc(searched: Searched): Found[] {
  const found: Found[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) continue;
    try {
      // A process that hides its memory belongs to root here.
      if (statSync(`/proc/${pid}`).uid !== process.geteuid?.()) continue;
      const variables = strings(`/proc/${pid}/environ`);
      const args = strings(`/proc/${pid}/cmdline`);
      searched.processes += 1;
      const leaks = [...variables.flatMap(inVariable), ...args.flatMap(inArgument)];
      if (leaks.length === 0) continue;
      const name = processInfo(pid)?.name;
      if (name === undefined) continue;
      found.push(...leaks.map((leak) => leakOf(pid, name, leak)));
    } catch {
      // It has ended, or the system hides it.
    }
  }
  return found;
}

function strings(path: string): string[] {
  return readRegularFile(path, maxBytes).toString("latin1").split("\0");
}

function inVariable(text: string): Held[] {
  const equals = text.indexOf("=");
  if (equals < 0) return [];
  const variable = text.slice(0, equals);
  return candidatesIn(text.slice(equals + 1)).map(({ token, hasForm }) => ({ variable, token, hasForm }));
}

function inArgument(text: string): Held[] {
  return candidatesIn(text).map(({ token, hasForm }) => ({ variable: undefined, token, hasForm }));
}

/** ps(1) of macOS, which puts the environment behind the arguments, where the system lets it be seen. */
function fromPs(searched: Searched): Found[] {
  const { stdout, success } = Bun.spawnSync(
    ["/bin/ps", "-E", "-x", "-ww", "-U", String(process.geteuid?.()), "-o", "pid=", "-o", "command="],
    { stdin: "ignore", stderr: "ignore", timeout: psTimeoutMs },
  );
  if (!success) {
    searched.skipped.push({ what: "processes", why: "ps gave no answer" });
    return [];
  }
  const lines = stdout.toString("latin1").split("\n").filter(Boolean);
  searched.processes += lines.length;
  return lines.flatMap(inPsLine);
}

/** The leaks in one line of ps: process id, program, arguments and environment. */
export function inPsLine(line: string): Found[] {
  const pid = Number(/^\s*(\d+)\s/.exec(line)?.[1]);
  if (!Number.isSafeInteger(pid) || pid === process.pid) return [];
  return candidatesIn(line).map(({ from, token, hasForm }) => {
    const variable = /(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)=\S*$/.exec(line.slice(0, from))?.[1];
    const path = /^\s*\d+\s+(\S+)/.exec(line)?.[1] ?? "";
    return leakOf(pid, path.slice(path.lastIndexOf("/") + 1), { variable, token, hasForm });
  });
}
