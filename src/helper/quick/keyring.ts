/**
 * `keyring get SERVICE [aws]` and pip's `--mode=creds --output=json` before it. keyring.ts knows all dialects, and what
 * pip, uv and PDM read beside the URL.
 */
import type { Attempt } from "../attempt.ts";
import { ask, openSystem, type System, tokenRoute } from "./agent.ts";

/** Prints the password and ends the process; returns when something is not plain. */
export function answerKeyring(args: readonly string[]): Attempt | undefined {
  const json = args[0] === "--mode=creds" && args[1] === "--output=json";
  const [operation, url, user, more] = json ? args.slice(2) : args;
  if (operation !== "get" || url === undefined || url.startsWith("-") || more !== undefined) return undefined;
  if (user !== undefined && user !== "" && user !== "aws") return undefined;
  const system = openSystem();
  if (system === undefined) return undefined;
  // The shim `pip` has looked at its project; of anybody else the name says whether there is one to look at.
  if (!process.env["VOUCH_PIP"]?.startsWith(`${process.ppid}:`) && (json || mayHaveProject(system))) return undefined;
  const reply = ask(system, tokenRoute, JSON.stringify({ url, format: "pypi" }));
  if (reply === undefined) return system.attempt;
  const { token } = JSON.parse(reply) as { token: string };
  console.log(json ? JSON.stringify({ username: "aws", password: token }) : token);
  process.exit(0);
}

/** Whether the parent's command line has `pip`, `uv` or `pdm` in it, or cannot be read. */
function mayHaveProject({ syscall, read, chunk }: System): boolean {
  const path = `/proc/${process.ppid}/cmdline\0`;
  const name = new Uint8Array(path.length);
  for (let index = 0; index < path.length; index++) name[index] = path.charCodeAt(index);
  // openat(2), whose folder does not matter for an absolute path; O_RDONLY with O_CLOEXEC. The descriptor ends with the process.
  const file = syscall(process.arch === "x64" ? 257 : 56, 0, name, 0x80000, 0, 0, 0);
  const length = file < 0 ? 0 : syscall(read, file, chunk, chunk.length, 0, 0, 0);
  if (length <= 0) return true;
  const words = String.fromCharCode.apply(null, chunk.subarray(0, length) as unknown as number[]);
  return words.includes("pip") || words.includes("uv") || words.includes("pdm");
}
